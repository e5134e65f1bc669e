"""The study file: one YAML document that says what is studied, validated before anything runs.

Secrets never stand here; they come from the environment (see `Secrets`).
"""

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FilePath,
    PrivateAttr,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.metrics import REGRESSION
from streetview_assets.study.errors_explained import (
    SECRET_IN_ADDRESS,
    UNNAMED,
    explain,
    places_of_secrets,
)
from streetview_assets.study.yaml import read_yaml

WITHOUT_AREAS = "all"
"""The one partition of a study that has no areas."""

Statistic = Literal["median", "mean", "max", "min"]
Feature = Literal[
    "pooled",
    "pooled_unit",
    "mean",
    "median",
    "max",
    "min",
    "dispersion",
    "cluster_shares",
    "label_shares",
    "by_cluster",
    "by_label",
]
DEFAULT_ENCODER = "open_clip:ViT-B-32-quickgelu/openai"


def _beside_the_study(value: Any, info: ValidationInfo) -> Any:
    if not (isinstance(value, (str, Path)) and info.context):
        return value
    try:
        path = (Path(info.context["folder"]) / Path(value).expanduser()).resolve()
        path.exists()
    except (OSError, RuntimeError) as error:  # too long, a circle of links, `~` of nobody
        raise ValueError(f"{str(value)[:100]} is no path that can be looked at: {error}") from error
    return path


def _exists(path: Path) -> Path:
    if not path.exists():
        raise ValueError(f"no such file or folder: {path}")
    return path


def _text_code(value: Any) -> Any:
    """Refuse what YAML made of a code: `08`, `1e5`, `NO` and `2019-01-01` all need quotes."""
    if isinstance(value, (int, float, date)):
        kind = {bool: "truth value", date: "date"}.get(type(value), "number")
        raise ValueError(f"YAML read this code as the {kind} {value}; put it in quotes")
    return value


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty")
    return text


def _has_one_gap(template: str) -> str:
    if template.count("{}") != 1:
        raise ValueError("a template holds one `{}`, where the text goes")
    return template


def _month(value: Any) -> Any:
    """Accept `2019-01` as the first of that month."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}", value):
        return f"{value}-01"
    return value


ExistingPath = Annotated[Path, BeforeValidator(_beside_the_study), AfterValidator(_exists)]
ExistingFile = Annotated[FilePath, BeforeValidator(_beside_the_study)]
Code = Annotated[str, BeforeValidator(_text_code), Field(min_length=1)]
Month = Annotated[date, BeforeValidator(_month)]
Prompt = Annotated[str, AfterValidator(_says_something)]
Prompts = Annotated[tuple[Prompt, ...], Field(min_length=1)]
# By tags, a fault is told of the kind of value that was given alone.
Labels = Annotated[
    Annotated[Literal["scene_classes"], Tag(UNNAMED[0])]
    | Annotated[dict[Code, Prompts], Tag(UNNAMED[1])],
    Discriminator(lambda value: UNNAMED[0] if isinstance(value, str) else UNNAMED[1]),
]
Template = Annotated[str, AfterValidator(_has_one_gap)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Lookup(_Part):
    """A table that says which authority an area belongs to, where the areas file does not."""

    path: ExistingFile = Field(description="CSV, Excel or Parquet; it may repeat an area")
    code: str = Field(description="column of the area codes")
    authority_code: str = Field(description="column of the authority codes")
    authority_name: str | None = Field(None, description="column of the authority names")


class Areas(_Part):
    """The small areas (LSOAs or any polygons) and the columns that name them."""

    path: ExistingFile = Field(
        description="GeoPackage, GeoJSON, Shapefile, FlatGeobuf (zipped or not) or GeoParquet"
    )
    code: str = Field(description="column of the area codes")
    name: str | None = Field(None, description="column of the area names; default: the code")
    authority_code: str | None = Field(None, description="column of the authority codes")
    authority_name: str | None = Field(None, description="column of the authority names")
    lookup: Lookup | None = None

    @model_validator(mode="after")
    def _one_source_of_authorities(self) -> Self:
        if self.lookup and self.authority_code:
            raise ValueError("give either authority_code or lookup, not both")
        return self


RoadClass = Literal[
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "motorway_link",
    "trunk_link",
    "primary_link",
    "secondary_link",
    "tertiary_link",
    "residential",
    "unclassified",
    "living_street",
    "road",
    "service",
    "track",
    "pedestrian",
    "footway",
    "cycleway",
    "bridleway",
    "path",
    "steps",
]
"""Ways of OpenStreetMap's `highway` that are there and can be used."""


class Roads(_Part):
    """Where the road network comes from."""

    path: ExistingFile | None = Field(
        None, description="lines (.gpkg .geojson .parquet .shp), .osm, .osm.pbf or .graphml"
    )
    source: Literal["overpass"] | None = Field(None, description="fetch from OpenStreetMap")
    drivable_only: bool = Field(True, description="leave out paths, steps and cycleways")
    classes: dict[Code, RoadClass | None] = Field(
        default_factory=dict,
        description="classes of the file that are neither OpenStreetMap's nor those of OS Open "
        "Roads: which of OpenStreetMap's each is; null leaves it out",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.source is None):
            raise ValueError("give either a path or `source: overpass`")
        return self


class Points(_Part):
    """How sample points are placed, or where they come from."""

    spacing_m: float = Field(200, gt=0, description="one point so often along a street")
    min_per_area: int = Field(1, ge=0, description="where the area has road and room for it")
    count: int | None = Field(None, gt=0, description="or so many points, drawn by the seed")
    path: ExistingFile | None = Field(
        None, description="points of one's own: map-generator JSON, CSV or GeoJSON"
    )
    origin: Literal["images"] | None = Field(
        None, alias="from", description="`images`: the images say where the points are"
    )
    model_config = ConfigDict(populate_by_name=True)


ProviderName = Literal["google", "mapillary", "panoramax", "folder", "hdf5", "synthetic"]


class ImageColumns(_Part):
    """Columns of the file that describes a folder of images."""

    file: str = Field("file", description="path of the image, relative to `images.path`")
    longitude: str = Field("lon", description="degrees east, WGS 84")
    latitude: str = Field("lat", description="degrees north, WGS 84")
    captured_at: str | None = Field(None, description="when it was taken")
    heading_deg: str | None = Field(None, description="direction of view, from north")
    category: str | None = Field(None, description="kind of scene: house, flat, office, …")
    copyright: str | None = Field(None, description="whom to name beside the image")


class Images(_Part):
    """Who provides the images, and which views of a place are wanted."""

    provider: ProviderName = Field(
        description="who has the images; `folder`, `hdf5`: your own, `synthetic`: drawn"
    )
    headings_deg: tuple[Annotated[float, Field(ge=0, lt=360)], ...] = Field(
        (0, 90, 180, 270), description="directions of view at a point, from north"
    )
    size_px: tuple[Annotated[int, Field(ge=32)], Annotated[int, Field(ge=32)]] = Field(
        (640, 640), description="width and height"
    )
    fov_deg: float = Field(90, gt=0, le=120, description="angle of view, from left to right")
    pitch_deg: float = Field(0, ge=-90, le=90, description="up is positive")
    radius_m: float = Field(50, gt=0, description="how far from a point a panorama may be")
    source: Literal["outdoor", "default"] = Field(
        "outdoor", description="`default`: also inside of buildings"
    )
    captured_between: tuple[Month | None, Month | None] = Field(
        (None, None), description="first and last month of capture"
    )
    third_party: bool = Field(
        True, description="provider google: whether uploads that are not Google's own are wanted"
    )
    requests_per_second: float | None = Field(
        50, gt=0, le=500, description="the most that are sent to one host; null: no limit"
    )
    max_concurrent: int = Field(32, gt=0, le=256, description="requests under way at once")
    timeout_s: float = Field(30, gt=0, description="the longest that one request may take")
    budget_usd: float | None = Field(
        None, ge=0, description="the most this study may ever spend; a paid provider needs it"
    )
    free_per_month: int = Field(
        0, ge=0, description="paid requests a month that your account has free of charge"
    )
    keep_images: bool | None = Field(
        None, description="`false`: pixels are deleted after encoding; provider google: no default"
    )
    base_url: str | None = Field(
        None, pattern=r"^https?://[^\s/?#@]+$", description="another host of the same protocol"
    )
    path: ExistingPath | None = Field(
        None,
        description="provider folder: the tree of images, with links; provider hdf5: the store",
    )
    positions: ExistingFile | None = Field(None, description="CSV or GeoJSON; default: EXIF")
    columns: ImageColumns = Field(
        ImageColumns(), description="provider folder: columns of the file of positions"
    )
    max_failed_share: float = Field(
        0.2, ge=0, le=1, description="above this share of failed images the run stops"
    )

    @property
    def keeps_images(self) -> bool:
        """Whether pixels stay on disk after they were encoded."""
        return self.keep_images is not False

    @model_validator(mode="after")
    def _provider_has_what_it_needs(self) -> Self:
        if self.provider == "folder" and self.path is None:
            raise ValueError("provider folder needs `path`, the folder of the images")
        if self.provider == "hdf5" and (self.path is None or not self.path.is_file()):
            raise ValueError("provider hdf5 needs `path`, the store (street_data.h5)")
        if self.provider == "google" and max(self.size_px) > 640:
            raise ValueError("provider google gives images of at most 640 × 640 px: size_px")
        if self.provider == "google" and self.keep_images is None:
            raise ValueError(
                "provider google needs `keep_images: true` or `false`: its terms forbid the bulk "
                "download of Street View images, and their storage except as they allow, so the "
                "choice is yours to state"
            )
        if not self.headings_deg:
            raise ValueError("headings_deg needs at least one heading")
        if len(set(self.headings_deg)) < len(self.headings_deg):
            raise ValueError("headings_deg names a heading twice")
        first, last = self.captured_between
        if first and last and first > last:
            raise ValueError("captured_between: the first month is after the last")
        return self


class Encoder(_Part):
    """What turns pixels into vectors."""

    name: str = Field(
        DEFAULT_ENCODER,
        pattern=r"^(colour-texture|import|(open_clip|timm|transformers):.+)$",
        description="`colour-texture`, which needs no weights, `library:model`, or `import`",
    )
    path: ExistingPath | None = Field(
        None, description="encoder import: the file or folder of vectors made elsewhere"
    )
    checkpoint: ExistingPath | None = Field(
        None, description="a local weights file; for transformers: a folder of model and weights"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="given to create_model")
    fit: Literal["crop", "pad", "tiles"] = Field(
        "crop",
        description="images that are not square: their middle, all of them on a plain ground, "
        "or the mean of square tiles",
    )
    views: Literal["separate", "mean", "panorama"] = Field(
        "separate",
        description="what is looked at, by pooling, clusters, words, neighbours and models: each "
        "view, each panorama by the mean of its views' vectors, or by the vector of its views side "
        "by side",
    )
    batch_size: int | None = Field(None, gt=0, description="default: chosen by device")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="number format of the computation; `auto`: by device"
    )

    @model_validator(mode="after")
    def _views_can_stand_side_by_side(self) -> Self:
        if self.views != "panorama":
            return self
        if self.name == "import":
            raise ValueError(
                "views panorama puts images side by side, and import looks at none: "
                "`views: mean` takes the mean of their vectors"
            )
        # colour-texture sees the whole of every image, whatever its shape.
        if self.fit == "crop" and self.name != "colour-texture":
            raise ValueError(
                "views panorama needs `fit: tiles` or `fit: pad`: fit crop, the default, shows the "
                "network the middle of the views side by side, and loses the rest"
            )
        return self

    @property
    def slug(self) -> str:
        """Name of the encoder in folders, and in the column `encoder` of tables."""
        parts = [self.name]
        parts += [source.stem for source in (self.path, self.checkpoint) if source]
        parts += [f"{key}-{self.options[key]}" for key in sorted(self.options)]
        parts += [] if self.fit == "crop" else [self.fit]
        return re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")


class Exclusions(_Part):
    """Images that do not show the street: indoors, in a car; without this part, none."""

    words: dict[Code, Prompts] | None = Field(
        None,
        description="reasons with the texts for each, compared with nine kinds of street; default: "
        "`indoor` and `in a car`, ready-made; `{}`: by `categories` alone",
    )
    above: float = Field(
        0.9,
        gt=0,
        le=1,
        description="probability, of all reasons together, from which an image counts; it is "
        "high, since a street that is lost is gone, and an indoor image that stays one of many",
    )
    categories: tuple[Code, ...] = Field(
        (), description="`category` of the images themselves that counts; needs no words"
    )
    drop: bool = Field(
        False,
        description="`false`: they are listed and shown; `true`: they take no part in pooling, "
        "clusters and models",
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.words == {} and not self.categories:
            raise ValueError("nothing says what is set aside: give `words` or `categories`")
        return self


class Direction(_Part):
    """What the direction of deprivation is compared with, where the encoder has words."""

    prompts: bool = Field(True, description="compare it with some hundred texts, beside the labels")
    path: ExistingFile | None = Field(
        None,
        description="texts of one's own instead of the ready-made: CSV, columns `group` and "
        "`prompt`; the group `control` holds what should say nothing",
    )


class Neighbours(_Part):
    """Which images look alike."""

    count: int = Field(8, ge=1, le=100, description="neighbours of each image")


class Pooling(_Part):
    """How an area's vectors become one, for the models."""

    statistic: Statistic = Field("median", description="of each dimension over the images")
    as_of: Month | None = Field(
        None, description="use what was captured up to this month; default: the newest there is"
    )


class Clusters(_Part):
    """How scenes are grouped."""

    k: int = Field(7, ge=2, le=500, description="number of clusters")
    sweep: tuple[Annotated[int, Field(ge=1, le=500)], ...] = Field(
        (2, 20),
        json_schema_extra={"minItems": 2, "maxItems": 3},
        description="smallest and largest k whose scores are compared; a third number is the step "
        "between them, 1 unless given: `[2, 500, 50]` is 2, 52, … 452 and 500",
    )
    seeds: int = Field(3, ge=1, le=50, description="fits of each k of the sweep, each by chance")
    pca: int | None = Field(None, gt=0, description="cluster in so many principal components")
    fit_on: int = Field(200_000, gt=0, description="a seeded sample, equal per area")
    min_cluster_size: int | None = Field(
        None,
        ge=2,
        description="fewest images that are a cluster by density (HDBSCAN), of the 15,000 at "
        "most that are looked at; default: a hundredth of them, 5 at least",
    )

    @model_validator(mode="after")
    def _sweep_upwards(self) -> Self:
        if len(self.sweep) not in (2, 3):
            raise ValueError("sweep: give the smallest k, the largest, and a step if you like")
        if self.sweep[0] < 2:
            raise ValueError("sweep: the smallest k is 2 or more")
        if self.sweep[0] > self.sweep[1]:
            raise ValueError("sweep: the smallest k comes first")
        return self

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of clusters of the sweep, in rising order, both ends among them."""
        smallest, largest, step = (*self.sweep, 1)[:3]
        return (*range(smallest, largest, step), largest)

    @property
    def space(self) -> str:
        """Name of the space in which clusters are found, as in the column `space`."""
        return f"pca{self.pca}" if self.pca else "raw"


class Layout(_Part):
    """Images laid out on a plane by their likeness; without this part, none."""

    methods: tuple[Literal["umap", "tsne"], ...] = Field(
        ("umap", "tsne"), min_length=1, description="how; UMAP goes by the cosine of the vectors"
    )
    umap_neighbours: int = Field(30, ge=2, le=500, description="images that a place is found by")
    umap_min_dist: float = Field(
        0.1, ge=0, le=1, description="how near to each other UMAP may put images"
    )
    perplexities: tuple[Annotated[float, Field(ge=5, le=50)], ...] = Field(
        (30,), min_length=1, description="of t-SNE, a layout each: about how many are near"
    )
    learning_rate: Literal["auto"] | Annotated[float, Field(ge=10, le=1000)] = Field(
        "auto", description="of t-SNE; `auto`: by the number of images"
    )
    iterations: int = Field(
        1000, ge=250, description="most of t-SNE, which stops after 300 without progress"
    )
    reduce: Literal["pca", "svd"] = Field(
        "pca", description="what takes vectors to 50 numbers before t-SNE; `svd`: truncated"
    )
    fit_on: int = Field(60_000, gt=0, description="a seeded sample, equal per area")
    show: Literal["dots", "images", "both"] = Field(
        "both", description="what figures show, where the provider's terms let images be shown"
    )
    image_px: int = Field(40, ge=8, le=256, description="side of an image in such a figure")
    figure_px: int = Field(1600, ge=400, le=8000, description="side of such a figure")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key, given in (("methods", self.methods), ("perplexities", self.perplexities)):
            if len(set(given)) < len(given):
                raise ValueError(f"{key} names one twice")
        if self.image_px > self.figure_px // 4:
            raise ValueError("image_px: at most a quarter of figure_px")
        return self


class TargetLookup(_Part):
    """Which area a postcode or a smaller area of a target's table belongs to."""

    path: ExistingFile = Field(description="CSV, Excel or Parquet")
    code: Code = Field(description="column of the postcodes or smaller areas, as in the table")
    area_code: Code = Field(description="column of the codes of the study's areas")
    aggregate: Literal["mean", "weighted_mean", "sum", "median"] = Field(
        description="how the values of an area's parts become its own; `sum` adds up the counts of "
        "a share before it divides them, the others take the parts' shares"
    )
    weight: Code | None = Field(
        None, description="for `weighted_mean`: column of the weights, such as the population"
    )

    @model_validator(mode="after")
    def _weights_have_a_use(self) -> Self:
        if (self.aggregate == "weighted_mean") != (self.weight is not None):
            raise ValueError("`aggregate: weighted_mean` and `weight` go together")
        return self


class Target(_Part):
    """A value of an area that the models are to predict: a column, or a share of columns."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="its name in tables")
    path: ExistingFile = Field(description="CSV, Excel or Parquet")
    area_code: Code = Field(
        description="column of the area codes, or of the codes that `lookup` joins to areas"
    )
    value: Code | None = Field(None, description="column of the values; or give `share` and `of`")
    more_is: Literal["worse", "better"] = Field(
        description="what a higher value means, of the rank and the decile too"
    )
    share: tuple[Code, ...] | None = Field(
        None, min_length=1, description="columns whose sum is divided by that of `of`"
    )
    of: tuple[Code, ...] | None = Field(
        None, min_length=1, description="columns of the whole: its parts, or the one total"
    )
    category: Code | None = Field(
        None,
        description="in a table with one row for each area and category: the column of the "
        "categories. `share` and `of` then name categories, `value` the column of the counts",
    )
    given_as: Literal["value", "rank", "decile"] = Field(
        "value",
        alias="as",
        description="`rank` and `decile` are taken among the areas of the study that have a value, "
        "1 lowest whatever `more_is`; equal values share the mean of their ranks, or one decile",
    )
    lookup: TargetLookup | None = None
    sheet: str | None = Field(None, description="sheet of an Excel file")
    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _one_kind_of_value(self) -> Self:
        if (self.share is None) != (self.of is None):
            raise ValueError("`share` and `of` go together: these columns, out of those")
        if self.category and not (self.value and self.share):
            raise ValueError(
                "`category` needs `value` (the column of the counts), `share` and `of`"
            )
        if not self.category and (self.value is None) == (self.share is None):
            raise ValueError("give either `value`, a column, or `share` and `of`, columns")
        for key, columns in (("share", self.share), ("of", self.of)):
            if columns and len(set(columns)) < len(columns):
                raise ValueError(f"`{key}` names one twice")
        return self


class Transfer(_Part):
    """How a model of one authority is carried over to another."""

    shares: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = Field(
        (0, 0.01, 0.05, 0.2),
        min_length=1,
        description="shares of the other authority's areas that are learned from too, the smallest "
        "first; at least one area each, 0 for none",
    )

    @model_validator(mode="after")
    def _shares_rise(self) -> Self:
        if list(self.shares) != sorted(set(self.shares)):
            raise ValueError("shares: give each once, the smallest first")
        return self


class Models(_Part):
    """What is predicted, by which candidates, validated how."""

    target: str | None = Field(None, description="default: the first of the targets")
    candidates: tuple[
        Literal[
            "ridge",
            "kernel_ridge",
            "pls",
            "gradient_boosting",
            "svr",
            "gaussian_process",
            "nearest_neighbours",
            "random_forest",
            "xgboost",
            "published",
            "stack",
        ],
        ...,
    ] = Field(
        ("ridge", "kernel_ridge", "pls", "gradient_boosting"),
        description="models to choose from; `stack` is a weighted mean of the others; `published` "
        "is XGBoost over a fixed grid of 36, which takes an hour on 1,400 areas",
    )
    features: tuple[Feature, ...] = Field(
        ("pooled",),
        min_length=1,
        description="what a model sees of an area, side by side: its pooled vector, as it is or "
        "made unit length, other statistics, how unlike its images are, how they spread over "
        "clusters and labels, a vector for each of these; clusters are found anew in every fold",
    )
    components: int | None = Field(
        None, gt=0, description="reduce them to so many principal components, inside the fold"
    )
    trials: int = Field(40, gt=0, description="settings that a search tries")
    timeout_s: float | None = Field(
        None, gt=0, description="end the search early; marks the scores `truncated`"
    )
    folds: int = Field(5, ge=2, description="folds of a validation")
    block_km: float = Field(2, gt=0, description="side of the spatial blocks held out together")
    buffer_km: float = Field(
        0, ge=0, description="leave areas so near to a block held out out of its training"
    )
    repeats: int = Field(1, gt=0, description="times that random folds are drawn anew")
    holdout: float | None = Field(
        0.2, gt=0, lt=1, description="share of areas held out once, at random; null: no hold-out"
    )
    interval_level: float = Field(
        0.9, gt=0, lt=1, description="share of areas that prediction intervals are to cover"
    )
    transfer: Transfer = Transfer()


AreasHeld = Literal["free", "constant"]
if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[tuple(REGRESSION)]


class SampleSize(_Part):
    """How scores grow with the images of each cluster; without this part, not reckoned."""

    k: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        tuple(range(2, 11)),
        min_length=1,
        description="numbers of clusters, each of `clusters.sweep`; default: those of the sweep "
        "up to 10",
    )
    sizes: tuple[Annotated[int, Field(ge=10)], ...] = Field(
        (500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 10000, 12500, 15000, 20000),
        min_length=1,
        description="images that are drawn of a cluster",
    )
    repeats: int = Field(10, gt=0, description="draws of each size")
    recipe: Literal["ridge", "published"] = Field(
        "ridge", description="model of every draw; `published`: XGBoost, a second or two for each"
    )
    areas: tuple[AreasHeld, ...] = Field(
        ("free", "constant"),
        min_length=1,
        description="`free`: more images come from more areas; `constant`: from the same areas",
    )
    metric: MetricName = Field("nrmse", description="what the figures show; the table has all")
    processes: int | None = Field(None, gt=0, description="default: as many as there are cores")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if list(self.k) != sorted(set(self.k)):
            raise ValueError("k: give each once, the smallest first")
        if list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError("sizes: give each once, the smallest first")
        if len(set(self.areas)) < len(self.areas):
            raise ValueError("areas names one twice")
        return self

    def k_of(self, clusters: Clusters) -> tuple[int, ...]:
        """Give the numbers of clusters that the sweep has."""
        return tuple(k for k in self.k if k in clusters.numbers)


class Ordinal(_Part):
    """A network that learns deciles from the images of each point; without this part, none."""

    target: str | None = Field(None, description="default: that of the models")
    epochs: int = Field(30, gt=0, description="the most passes over the points")
    batch_size: int = Field(200, ge=10, description="points at once, as many of each decile")
    learning_rate: float = Field(3e-4, gt=0, description="of Adam; fine-tuning takes a tenth")
    weight_decay: float = Field(1e-4, ge=0, description="of Adam")
    noise: float = Field(
        0.05,
        ge=0,
        description="standard deviation of the noise on standardised vectors, in training alone",
    )
    validation_share: float = Field(
        0.15, gt=0, le=0.5, description="share of a training part that says when to stop"
    )
    patience: int = Field(5, gt=0, description="epochs without progress after which training stops")
    folds: int = Field(5, ge=2, description="folds of a validation")
    fine_tune: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.01, 0.05),
        description="shares of a held-out authority's areas on which a network is trained further",
    )
    fine_tune_epochs: int = Field(10, gt=0, description="passes over the points of those areas")
    apply: ExistingPath | None = Field(
        None,
        description="folder of a network trained in another study, used instead of training one",
    )

    @model_validator(mode="after")
    def _shares_differ(self) -> Self:
        if list(self.fine_tune) != sorted(set(self.fine_tune)):
            raise ValueError("fine_tune: give each share once, the smallest first")
        return self


class Study(_Part):
    """A whole study file, validated, with every path made absolute."""

    name: str = Field(
        pattern=r"^[a-z0-9-]+$",
        max_length=100,
        description="name of the study, and of its folder of data",
    )
    crs: str | None = Field(None, description="a CRS in metres; default: estimated")
    authorities: tuple[Code, ...] | None = Field(
        None, min_length=1, description="default: all in the areas file"
    )
    areas: Areas | None = None
    roads: Roads | None = None
    points: Points = Points()
    images: Images
    encoder: Encoder = Encoder()
    labels: Labels | None = Field(
        None, description="names with the texts for each, or `scene_classes`, ten ready-made ones"
    )
    label_templates: tuple[Template, ...] = Field(
        ("a photo of {}",), min_length=1, description="what a label's texts are put into, at `{}`"
    )
    exclusions: Exclusions | None = None
    neighbours: Neighbours = Neighbours()
    pooling: Pooling = Pooling()
    clusters: Clusters = Clusters()
    layout: Layout | None = None
    categories: dict[Code, Code | None] = Field(
        default_factory=dict,
        description="other names for the images' own categories: one name for several puts them "
        "together, null leaves one out; what is not named stays as it is",
    )
    targets: tuple[Target, ...] = ()
    models: Models = Models()
    direction: Direction = Direction()
    sample_size: SampleSize | None = None
    ordinal: Ordinal | None = None
    seed: int = Field(42, ge=0, description="of all that is drawn or shuffled")
    _path: Path = PrivateAttr(default=Path())

    @property
    def path(self) -> Path:
        """The study file itself."""
        return self._path

    @property
    def is_synthetic(self) -> bool:
        """Whether the images are drawn, not taken: every figure has to say so."""
        return self.images.provider == "synthetic"

    @property
    def target(self) -> Target | None:
        """The target that the models predict, None in a study without targets."""
        if not self.targets:
            return None
        name = self.models.target or self.targets[0].name
        return next(target for target in self.targets if target.name == name)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        names = [target.name for target in self.targets]
        if len(set(names)) < len(names):
            raise ValueError("two targets have the same name")
        if self.targets and not self.areas:
            raise ValueError("targets need areas: add `areas:`")
        if self.models.target and self.models.target not in names:
            raise ValueError(f"models.target: {self.models.target!r} is none of {names}")
        if self.ordinal and self.ordinal.target and self.ordinal.target not in names:
            raise ValueError(f"ordinal.target: {self.ordinal.target!r} is none of {names}")
        self._sample_size_is_in_the_sweep()
        if self.authorities and not self.areas:
            raise ValueError("authorities need areas: add `areas:`")
        if self.authorities and len(set(self.authorities)) < len(self.authorities):
            raise ValueError("authorities names one twice")
        self._features_have_input()
        if self.points.path and self.points.origin:
            raise ValueError("points: give either `path` or `from: images`")
        if self.points.origin == "images" and self.images.provider != "folder":
            raise ValueError("points `from: images` needs images.provider folder")
        if isinstance(self.labels, dict) and len(self.labels) < 2:
            raise ValueError("labels: give two at least, since each image gets the best of them")
        if self.encoder.name == "import" and self.encoder.path is None:
            raise ValueError("encoder import needs `path`, the file or folder with the vectors")
        if self.images.provider == "hdf5" and self.points.path is None:
            raise ValueError("images.provider hdf5 needs points: {path: …}, the same store")
        if self.images.provider == "folder" and self.points.origin != "images":
            raise ValueError("images.provider folder needs points: {from: images}")
        if not (self.roads or self.points.path or self.points.origin):
            raise ValueError("no points: give `roads:`, or `points: {path: …}` or `{from: images}`")
        if self.roads and self.roads.source == "overpass" and not self.areas:
            raise ValueError("roads from overpass need areas, which say where to look")
        return self

    def _sample_size_is_in_the_sweep(self) -> None:
        if self.sample_size is None:
            return
        within = self.sample_size.k_of(self.clusters)
        # Of the default, what the sweep has is taken.
        asked = "k" in self.sample_size.model_fields_set
        if not within or (asked and within != self.sample_size.k):
            outside = ", ".join(str(k) for k in self.sample_size.k if k not in within)
            raise ValueError(
                f"sample_size.k: {outside}: not in clusters.sweep, {list(self.clusters.sweep)}; "
                "widen the sweep, or name numbers of clusters within it"
            )

    def _features_have_input(self) -> None:
        names = self.models.features
        if len(set(names)) < len(names):
            raise ValueError("models.features names one twice")
        if "pooled" in names and self.pooling.statistic in names:
            raise ValueError(
                f"models.features: `pooled` is the {self.pooling.statistic} (pooling.statistic), "
                "so that both are the same; name one of them"
            )
        of_labels = [name for name in names if name in ("label_shares", "by_label")]
        if of_labels and self.labels is None:
            raise ValueError(f"models.features: {of_labels[0]} needs labels: add `labels:`")


@dataclass(frozen=True, repr=False)
class Secrets:
    """Keys of paid services, from the environment alone; never shown, logged or stored."""

    google_maps_api_key: str | None
    google_maps_signing_secret: str | None
    mapillary_token: str | None


def secrets_from_environment() -> Secrets:
    """Read the providers' keys from the environment."""
    return Secrets(
        google_maps_api_key=os.environ.get("GOOGLE_MAPS_API_KEY"),
        google_maps_signing_secret=os.environ.get("GOOGLE_MAPS_SIGNING_SECRET"),
        mapillary_token=os.environ.get("MAPILLARY_TOKEN"),
    )


def load_study(path: str | Path) -> Study:
    """Read and validate a study file.

    Parameters
    ----------
    path
        The YAML file. Relative paths in it are relative to the file.

    Raises
    ------
    StudyError
        With one line a fault: the key's path, what is wrong, what was expected.
    """
    with reading(str(path)[:200], "a study file"):
        path = Path(path).expanduser().resolve()
        if not path.is_file():
            raise StudyError(
                f"{path}: no such study file. `streetview init AREAS ROADS` writes one."
            )
    with reading(str(path), "YAML", "Mend it there; `streetview init AREAS ROADS` writes one."):
        document = read_yaml(path.read_text(encoding="utf-8"))
    if not document:
        raise StudyError(f"{path}: the study file is empty; it needs at least `name` and `images`.")
    if not isinstance(document, dict):
        raise StudyError(
            f"{path}: a study file is a mapping of keys, not a {type(document).__name__}."
        )
    with reading(str(path), "a study file"):
        try:
            study = Study.model_validate(document, context={"folder": path.parent})
        except ValidationError as error:
            raise StudyError(explain(error, path, Study)) from None
    if places := places_of_secrets(document):
        raise StudyError(f"{path}: {', '.join(places)}: {SECRET_IN_ADDRESS}.")
    study._path = path
    return study
