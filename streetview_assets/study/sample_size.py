"""The part `sample_size` of the study file."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from streetview_assets.metrics import REGRESSION
from streetview_assets.study.clusters import Clusters
from streetview_assets.study.fields import Part

AreasHeld = Literal["free", "constant"]


if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[tuple(REGRESSION)]


class SampleSize(Part):
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
    recipe: Literal["ridge", "published", "chosen"] = Field(
        "ridge",
        description="model of every draw: ridge, its penalty by closed form; `published`: XGBoost "
        "with the parameters of the publication, a second or two for each; `chosen`: the study's "
        "best candidate with the parameters of its final fit, which were chosen on all areas, "
        "those held out among them, and so flatter",
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
