"""The parts `models`, `explanations`, `group_models`, `direction`, `ordinal` of the study file."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from streetview_assets.study.errors_explained import UNNAMED
from streetview_assets.study.fields import ExistingFile, ExistingPath, Part

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


def _spaced(value: Any) -> Any:
    """Accept `new_town` as `new town`."""
    return value.replace("_", " ") if isinstance(value, str) else value


Task = Literal["fill gaps", "new town"]
GroupModel = Literal["ridge", "chosen", "published"]


class Direction(Part):
    """What the direction of deprivation is compared with, where the encoder has words."""

    prompts: bool = Field(True, description="compare it with some hundred texts, beside the labels")
    path: ExistingFile | None = Field(
        None,
        description="texts of one's own instead of the ready-made: CSV, columns `group` and "
        "`prompt`; the group `control` holds what should say nothing",
    )


class Transfer(Part):
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


AUTO_OR_NUMBER = Discriminator(lambda value: UNNAMED[0] if value == "auto" else UNNAMED[1])
"""What is neither is told as no number."""


class Models(Part):
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
    task: Annotated[Task, BeforeValidator(_spaced)] = Field(
        "new town",
        description="what the models are for, which says how areas are held out for the headline: "
        "`fill gaps` between the areas that were sampled, or a `new town` that no area was sampled "
        "in",
    )
    block_km: Annotated[
        Annotated[Literal["auto"], Tag(UNNAMED[0])]
        | Annotated[float, Field(gt=0), Tag(UNNAMED[1])],
        AUTO_OR_NUMBER,
    ] = Field(
        "auto",
        description="side of the spatial blocks held out together; `auto`: as far as the target's "
        "variogram finds areas alike, where that leaves ten blocks",
    )
    buffer_km: Annotated[
        Annotated[Literal["auto"], Tag(UNNAMED[0])]
        | Annotated[float, Field(ge=0), Tag(UNNAMED[1])],
        AUTO_OR_NUMBER,
    ] = Field(
        "auto",
        description="areas so near to one held out are not learned from, in tuning neither; "
        "`auto`: as far as residuals are alike, where that leaves half of the areas",
    )
    deals: int = Field(
        2, gt=0, description="times that blocks are dealt out, of another grid; scores are averaged"
    )
    repeats: int = Field(1, gt=0, description="times that random folds are drawn anew")
    holdout: float | None = Field(
        0.2, gt=0, lt=1, description="share of areas held out once, at random; null: no hold-out"
    )
    interval_level: float = Field(
        0.9, gt=0, lt=1, description="share of areas that prediction intervals are to cover"
    )
    transfer: Transfer = Transfer()

    @property
    def block_side_km(self) -> float:
        """Side of the blocks, once `auto` was replaced (`validation.plan.planned`)."""
        return _number("block_km", self.block_km)

    @property
    def buffer_width_km(self) -> float:
        """Width of the buffer, once `auto` was replaced (`validation.plan.planned`)."""
        return _number("buffer_km", self.buffer_km)


def _number(key: str, value: float | str) -> float:
    if isinstance(value, str):
        raise ValueError(f"{key} is {value}: the areas have to say it first")
    return value


class Explanations(Part):
    """Which images and which words make an area's prediction; without this part, not asked."""

    images: int = Field(
        5,
        gt=0,
        le=100,
        description="images that are told of each area: so many of those that raise its "
        "prediction most, and of those that lower it most; of the others the sum",
    )


class GroupModels(Part):
    """Which model is fitted to the images of each cluster and each label, target by target."""

    model: GroupModel = Field(
        "ridge",
        description="`ridge`, its penalty by closed form; `chosen`: the best of "
        "`models.candidates`, tuned in every fold on all images of the areas learned from, fitted "
        "afresh to each group; `published`: XGBoost with the parameters of the publication, on its "
        "hold-out too, a second or two for each of some hundred fits",
    )


class Ordinal(Part):
    """A network that learns deciles from the images of each point; without this part, none."""

    target: str | None = Field(None, description="default: that of the models")
    epochs: int = Field(30, gt=0, description="the most passes over the points")
    batch_size: int = Field(200, ge=10, description="points at once, as many of each decile")
    learning_rate: float = Field(3e-4, gt=0, description="of Adam; fine-tuning takes a tenth")
    weight_decay: float = Field(1e-4, ge=0, description="of Adam")
    batch_normalisation: bool = Field(
        False, description="normalise what each hidden layer gives, by batch, before its ReLU"
    )
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
        description="shares of the areas of a held-out authority, with `apply` of this study, on "
        "which a network is trained further; it predicts the others",
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
