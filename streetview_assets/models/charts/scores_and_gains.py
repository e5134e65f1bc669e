"""Charts of scores, every model and baseline side by side, and of what images add to place."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.charts import LOWEST_SCORE, ZERO_LINE, intervals, panels
from streetview_assets.figures import COLOURS, INK, Axes, Figure
from streetview_assets.models.candidates.baselines import BASELINES, PLACE, PLACE_AND_IMAGES
from streetview_assets.models.candidates.composite import (
    COMPOSITE,
    IMAGES_AROUND,
    IMAGES_CALIBRATED,
    IMAGES_KRIGED,
)
from streetview_assets.models.candidates.other_features import (
    DESCRIPTIONS,
    IMAGES_AND_SATELLITE,
    OF_DESCRIPTIONS,
    OF_SATELLITE,
    PLACE_AND_SATELLITE,
    PLACE_DESCRIBED,
    PLACE_DESCRIBED_AND_IMAGES,
    PLACE_IMAGES_AND_SATELLITE,
    SATELLITE,
)
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.evaluations.gains import IMAGES, NOTHING
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.validations import VALIDATIONS, mild_first

SHOWN = {PLACE: "place alone", IMAGES: "images alone", PLACE_AND_IMAGES: "place and images"}
SHOWN |= {
    SATELLITE: "satellite alone",
    IMAGES_AND_SATELLITE: "images and satellite",
    PLACE_AND_SATELLITE: "place and satellite",
    PLACE_IMAGES_AND_SATELLITE: "place, images and satellite",
    DESCRIPTIONS: "description alone",
    PLACE_DESCRIBED: "place described",
    PLACE_DESCRIBED_AND_IMAGES: "place described and images",
}
_DARK = (*COLOURS[:6], COLOURS[7], "#882255", "#117733", "#888888")
GAINED = {
    (PLACE_AND_IMAGES, PLACE): ("images over place", INK),
    (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_SATELLITE): (
        "images over place and satellite", COLOURS[5]
    ),
    (PLACE_IMAGES_AND_SATELLITE, PLACE_AND_IMAGES): (
        "satellite over place and images", COLOURS[3]
    ),
    (PLACE_DESCRIBED_AND_IMAGES, PLACE_DESCRIBED): ("images over place described", COLOURS[2]),
}  # fmt: skip
"""What is added to what, as a reader would ask first."""


def draw_scores(
    scores: pl.DataFrame, *, title: str, metric: str = "r2", credit: str = ""
) -> Figure:
    """Draw pooled scores with their intervals: models above, baselines below.

    Parameters
    ----------
    scores
        Table `model_scores`, `held_out_scores` or `authority_scores`; several authorities are
        not to be mixed.
    title
        Names the target.
    metric
        The score that is drawn.
    credit
        Whom to name at the foot.

    Raises
    ------
    ValueError
        Where there is no such score.
    """
    drawn = scores.filter(
        pl.col("value").is_not_null(), metric=metric, fold=0, repeat=1, group_name="all"
    )
    if drawn.is_empty():
        raise ValueError(f"there is no score {metric} to draw")
    models = sorted(drawn["model"].unique(), key=_place)
    validations = mild_first(drawn["validation"])
    figure, (axes,) = panels(1, (7.5, 1.6 + 0.42 * len(models)), credit=credit)
    for number, validation in enumerate(validations):
        shift = (number - (len(validations) - 1) / 2) * 0.22
        rows = drawn.filter(validation=validation)
        _add_validation(axes, rows, models, shift, COLOURS[number], VALIDATIONS[validation].symbol)
    axes.axvline(0, color=ZERO_LINE, linewidth=0.8)
    axes.set_yticks(range(len(models)), [model.replace("_", " ") for model in models])
    axes.invert_yaxis()
    axes.set_xlabel("R², pooled over held-out areas" if metric == "r2" else metric)
    axes.set_title(title)
    axes.legend(frameon=False, fontsize=8, loc="best")
    return figure


def _place(model: str) -> tuple[int, str]:
    others = (name for name in BASELINES if name != "mean")
    order = [
        *OF_SATELLITE[::-1],
        *OF_DESCRIPTIONS[::-1],
        PLACE_AND_IMAGES,
        COMPOSITE,
        IMAGES_KRIGED,
        IMAGES_CALIBRATED,
        TUNED,
        IMAGES_AROUND,
        *CANDIDATES,
        *others,
    ]
    if model == "mean":
        return len(order) + 1, model
    return (order.index(model), model) if model in order else (len(order), model)


def _add_validation(
    axes: Axes, rows: pl.DataFrame, models: list[str], shift: float, colour: str, label: str
) -> None:
    value = rows["value"].clip(LOWEST_SCORE).to_numpy()
    height = np.array([models.index(model) for model in rows["model"]]) + shift
    intervals(
        axes, height, rows["lower"], rows["upper"], lowest=LOWEST_SCORE, color=colour,
        linewidth=1.6, alpha=0.5,
    )  # fmt: skip
    axes.scatter(value, height, color=colour, s=26, label=label, zorder=3)
    beyond = (rows["value"] < LOWEST_SCORE).to_numpy()
    axes.scatter(value[beyond], height[beyond], color=colour, s=60, marker="<", zorder=4)


def draw_gains(
    gains: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
    called: Mapping[str, str] | None = None,
    domains: Mapping[str, str] | None = None,
) -> Figure:
    """Draw R² by place, by images and by both, and the paired gain of both over place.

    With satellite, by each sum of the three, and what images and satellite gain beside the others.

    Parameters
    ----------
    gains
        Table `gains`, of one target and encoder, or `target_gains`, of one encoder.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    called
        What people call each of several targets, which are then the rows; default: a row a
        validation.
    domains
        What each of them belongs to, "" for nothing; those of one stand together in `called`.
    """
    known = gains.drop_nulls("value")
    known = known.with_columns(row="target" if called else "validation")
    rows = list(called or mild_first(known["validation"]))
    shown = [name for name in SHOWN if known.filter(features=name, against=NOTHING).height]
    pairs = [pair for pair in GAINED if known.filter(features=pair[0], against=pair[1]).height]
    size_in = (8.5, 1.9 + 0.55 * len(rows) * max(1, len(shown) / 4))
    figure, (scores, gained) = panels(2, size_in, title=title, credit=credit, sharey=True)
    for shift, features in zip(_shifts(len(shown)), shown, strict=True):
        mine = known.filter(features=features, against=NOTHING)
        colour = _DARK[list(SHOWN).index(features)]
        _add(scores, mine, rows, shift, colour, SHOWN[features])
    for shift, pair in zip(_shifts(len(pairs)), pairs, strict=True):
        mine, (label, colour) = known.filter(features=pair[0], against=pair[1]), GAINED[pair]
        _add(gained, mine, rows, shift, colour, label)
    for axes, label in ((scores, "R², pooled over held-out areas"), (gained, "gain in R²")):
        axes.axvline(0, color=ZERO_LINE, linewidth=0.8)
        axes.set_xlabel(label)
    scores.set_yticks(range(len(rows)), _labels(rows, called or {}))
    scores.set_ylim(len(rows) - 0.5, -0.5)
    if len(pairs) > 1:  # Above the panels: within, so many names would lie over the dots.
        above: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)}
        scores.legend(frameon=False, fontsize=8, ncols=2, **above)
        gained.legend(frameon=False, fontsize=8, **above)
        _name_domains(gained, [(domains or {}).get(name, "") for name in rows])
        return figure
    scores.legend(frameon=False, fontsize=8, loc="best")
    gained.set_title("what images add to place", fontsize=9)
    return figure


def _labels(rows: Sequence[str], called: Mapping[str, str]) -> list[str]:
    named = {**{name: one.symbol for name, one in VALIDATIONS.items()}, **called}
    return [named[name] for name in rows]


def _name_domains(axes: Axes, of_rows: Sequence[str]) -> None:
    """Name what rows belong to, at the right, with a line between one and the next."""
    if not any(of_rows):
        return
    groups = [(name, [row for row, one in enumerate(of_rows) if one == name]) for name in of_rows]
    middles = {name: (rows[0] + rows[-1]) / 2 for name, rows in groups}
    beside = axes.secondary_yaxis("right")
    upright: dict[str, Any] = {"rotation": 270, "va": "center", "fontsize": 8}
    beside.set_yticks([*middles.values()], [fill(name, 18) for name in middles], **upright)
    beside.tick_params(length=0)
    for one in axes.figure.axes[:2]:
        for row in range(1, len(of_rows)):
            if of_rows[row] != of_rows[row - 1]:
                one.axhline(row - 0.5, color=ZERO_LINE, linewidth=0.5)


def _shifts(count: int) -> np.ndarray:
    """Lay so many rows evenly around a line."""
    return (np.arange(count) - (count - 1) / 2) * min(0.2, 0.7 / max(1, count))


def _add(
    axes: Axes,
    rows: pl.DataFrame,
    lines: Sequence[str],
    shift: float,
    colour: str,
    label: str,
) -> None:
    height = [lines.index(name) + shift for name in rows["row"]]
    ends = (rows["lower"], rows["upper"])
    intervals(axes, height, *ends, lowest=LOWEST_SCORE, color=colour, linewidth=1.6, alpha=0.5)
    axes.scatter(rows["value"].clip(LOWEST_SCORE), height, color=colour, s=26, label=label)
