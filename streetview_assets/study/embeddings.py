"""The parts `encoder`, `engine`, `exclusions`, `neighbours` and `satellite` of the study file."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from streetview_assets.study.fields import Code, ExistingPath, Part, Prompts, Statistic

DEFAULT_ENCODER = "open_clip:ViT-B-32-quickgelu/openai"
ALPHAEARTH = "alphaearth"
ALPHAEARTH_CREDIT = (
    "The AlphaEarth Foundations Satellite Embedding dataset is produced by Google and Google "
    "DeepMind."
)
"""In the words that its terms ask for."""
ALPHAEARTH_LICENCE = "CC BY 4.0"


class Encoder(Part):
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
    engine: Literal["auto", "torch", "openvino"] = Field(
        "auto",
        description="what computes a network; `auto`: openvino on a processor where that extra is "
        "installed, which is up to twice as fast there, else torch",
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


class Engine(Part):
    """What computes the vectors beside this process; without this part, nothing.

    Vectors are the same wherever they are computed, so that nothing is made again for it.
    """

    name: Literal["ray"] = Field(
        description="`ray`: tasks of Ray, which places them and tries again"
    )
    address: str | None = Field(
        None,
        pattern=r"^(auto|[A-Za-z0-9.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+)$",
        description="`host:port` of a Ray cluster, or `auto`: the one that this machine is part "
        "of; all its machines see the study's folder under one path. Default: one of this "
        "machine's cores, started and ended with the work",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="what each task asks of Ray, as its `ray.remote` takes it: `num_cpus`, "
        "`num_gpus`, `memory`, `resources`, `max_retries`; default: one core, or all of this "
        "machine where Ray is started here",
    )

    @model_validator(mode="after")
    def _asks_for_numbers(self) -> Self:
        for name in ("num_cpus", "num_gpus"):
            value = self.options.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ValueError(f"options.{name}: {value!r} is no number of them")
        return self


class Rectangle(Part):
    """A rectangle drawn on the plane of all images."""

    x: tuple[float, float] = Field(description="its left and its right end")
    y: tuple[float, float] = Field(description="its lower and its upper end")

    @model_validator(mode="after")
    def _ends_in_order(self) -> Self:
        if self.x[0] >= self.x[1] or self.y[0] >= self.y[1]:
            raise ValueError("x and y: the smaller end comes first")
        return self


class Exclusions(Part):
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
    rectangles: tuple[Rectangle, ...] | None = Field(
        None,
        description="rectangles on a plane of all images by UMAP, whose images count; needs no "
        "words. `[]` lays the plane out and draws it, to be looked at first",
    )
    drawn_on: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{8}$",
        description="name of the plane that they were drawn on, eight letters and digits as its "
        "figure has them: on another they mean nothing",
    )
    drop: bool = Field(
        False,
        description="`false`: they are listed and shown; `true`: they take no part in pooling, "
        "clusters and models",
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.words == {} and not self.categories and self.rectangles is None:
            raise ValueError("nothing says what is excluded: give `words` or `categories`")
        if self.rectangles and self.drawn_on is None:
            raise ValueError(
                "rectangles need `drawn_on`, the name of the plane on which they were drawn: run "
                "once with `rectangles: []`, and look at figures/study/exclusion_plane.png"
            )
        return self


class Neighbours(Part):
    """Which images look alike."""

    count: int = Field(8, ge=1, le=100, description="neighbours of each image")
    metric: Literal["cosine", "correlation", "euclidean", "dot", "manhattan", "hamming"] = Field(
        "cosine",
        description="what is near, of vectors of unit length: `euclidean` and `dot` order as "
        "`cosine` does; `hamming` compares on which side of its mean each number is; `manhattan` "
        "takes 20,000 images at most",
    )


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, (str, Path)) else value


class Satellite(Part):
    """What satellites see of the areas, beside their images; without this part, nothing."""

    path: Annotated[tuple[ExistingPath, ...], BeforeValidator(_as_list), Field(min_length=1)] = (
        Field(
            description="a table of areas' vectors (.csv, .parquet; columns `band1_mean`, "
            "`A00_mean` or `A00`, and so on), or a raster as GeoTIFF or zarr: one, a folder or "
            "a list of tiles"
        )
    )
    area_code: Code | None = Field(
        None, description="the table's column of area codes; default: the one that has most of them"
    )
    encoder: str = Field(
        ALPHAEARTH,
        pattern=r"^[a-z0-9-]+$",
        max_length=50,
        description="what made the vectors, in a to z, 0 to 9 and `-`; of `alphaearth`, whole "
        "numbers of eight bits v stand for sign(v) · (v / 127.5)², as it is published",
    )
    statistic: Statistic = Field(
        "mean", description="over an area's pixels: which of the four the models see"
    )
    sampled: Literal["areas", "points"] = Field(
        "areas",
        description="what of a raster makes a vector: all pixels of the area, each by its share "
        "inside, or those that its sample points lie on",
    )
    attribution: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="whom to name, as the provider's terms ask; of `alphaearth` known, of any "
        "other encoder needed",
    )

    @model_validator(mode="after")
    def _names_whom_it_is_of(self) -> Self:
        if self.attribution is None and self.encoder != ALPHAEARTH:
            raise ValueError(
                f"whom to name beside {self.encoder} is not known: give `attribution`, in the "
                "words that its terms ask for"
            )
        return self

    @property
    def credit(self) -> str:
        """Whom to name beside what rests on the vectors."""
        return self.attribution or ALPHAEARTH_CREDIT

    @property
    def licence(self) -> str | None:
        """Under which licence the vectors are, as far as that is known."""
        return f"AlphaEarth: {ALPHAEARTH_LICENCE}" if self.encoder == ALPHAEARTH else None
