"""The parts `pooling`, `clusters` and `layout` of the study file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streetview_assets.study.fields import Code, ExistingFile, Month, Part, Statistic


class Pooling(Part):
    """How an area's vectors become one, for the models."""

    statistic: Statistic = Field("median", description="of each dimension over the images")
    as_of: Month | None = Field(
        None, description="use what was captured up to this month; default: the newest there is"
    )
    area: Literal["stands_in", "looks_at"] = Field(
        "stands_in", description="which area an image counts for, wherever areas have images"
    )
    look_ahead_m: float = Field(
        20, gt=0, le=200, description="an image looks at the place so far ahead of its camera"
    )


class Clusters(Part):
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
    keep: Literal["sweep"] | tuple[Annotated[int, Field(ge=2, le=500)], ...] = Field(
        (),
        description="more numbers of clusters of which each image gets its own, with shares and a "
        "map of each: `[5, 18]`, or `sweep` for all of the sweep",
    )
    keep_in: tuple[Annotated[str, Field(pattern=r"^(raw|pca[1-9]\d*)$")], ...] = Field(
        (), description="spaces in which they are found: `[raw, pca50]`; default: the study's own"
    )
    fit_on: int = Field(200_000, gt=0, description="a seeded sample, equal per area")
    names: ExistingFile | None = Field(
        None,
        description="CSV of what clusters are called, columns `name` and `image_id`: a row for "
        "each of a few central images of the cluster, which the name follows; default: "
        "`cluster_names.csv` beside the study file, where it is there",
    )
    min_cluster_size: int | None = Field(
        None,
        ge=2,
        description="fewest images that are a cluster by density (HDBSCAN), of the 15,000 at "
        "most that are looked at; default: a hundredth of them, 5 at least",
    )

    figures: tuple[Literal["members", "histograms", "silhouette"], ...] = Field(
        (),
        description="more of them: `members`, 70 images drawn at random of each cluster; "
        "`histograms`, the target that models predict by cluster; `silhouette` and inertia on two "
        "axes",
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

    @property
    def kept(self) -> tuple[tuple[int, str], ...]:
        """Number and space of all clusters that images get, the study's own first."""
        more = self.numbers if self.keep == "sweep" else self.keep
        spaces = self.keep_in or (self.space,)
        every = ((k, space) for space in spaces for k in sorted({self.k, *map(int, more)}))
        return tuple(dict.fromkeys(((self.k, self.space), *every)))


def components_of(space: str) -> int | None:
    """Read the number of principal components from the name of a space; None of raw vectors."""
    return None if space == "raw" else int(space.removeprefix("pca"))


class Layout(Part):
    """Images laid out on a plane by their likeness; without this part, none."""

    methods: tuple[Literal["umap", "tsne", "umap_3d"], ...] = Field(
        ("umap", "tsne"),
        min_length=1,
        description="how; UMAP goes by the cosine of the vectors, `umap_3d` lays images out in "
        "space, to be turned in `streetview explore`",
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
        1000, ge=250, description="most of t-SNE, which stops where 100 bring less than 0.5 %"
    )
    recipes: tuple[Literal["today", "classic"], ...] = Field(
        ("today",),
        min_length=1,
        description="of t-SNE, a layout each: `today`, which starts at principal components; "
        "`classic`, the defaults until about 2020: it starts by chance, at a learning rate of 200",
    )
    starts: int = Field(
        1,
        ge=1,
        le=20,
        description="of t-SNE, a layout each, with how well it keeps who is near "
        "(`image_layouts.kl_divergence`); all but the first of `today` are by chance",
    )
    categories: tuple[Code, ...] = Field(
        (), description="lay out images of these categories alone; default: all images"
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
        for key in ("methods", "perplexities", "recipes", "categories"):
            given = getattr(self, key)
            if len(set(given)) < len(given):
                raise ValueError(f"{key} names one twice")
        if self.image_px > self.figure_px // 4:
            raise ValueError("image_px: at most a quarter of figure_px")
        return self
