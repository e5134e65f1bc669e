"""Charts of predictions: against what people say, and how well each model does, by quality."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.charts import LOWEST_SCORE, ZERO_LINE, bare, intervals, panels
from streetview_assets.figures import COLOURS
from streetview_assets.metrics import measure
from streetview_assets.text.counted import counted
from streetview_assets.text.visible_text import in_one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_QUALITIES = 12
ACROSS = 4
LONGEST_NAME = 40
_MODELS = (
    ("chosen", "chosen"),
    ("ridge", "ridge"),
    ("mean_colour", "mean colour"),
    ("place", "place"),
    ("mean", "mean"),
)
_VALIDATIONS = (
    ("raters", "chosen, raters held out"),
    ("blocks", "chosen, blocks held out"),
    ("authorities", "chosen, authorities held out"),
)


def draw_predicted_rated(predictions: pl.DataFrame, *, title: str, credit: str = "") -> "Figure":
    """Draw predictions of rated images against what people say, with intervals.

    Parameters
    ----------
    predictions
        Rows of `perception_predictions` of one validation, at least one.
    title
        Names the study.
    credit
        Whom to name at the foot.
    """
    qualities = _shown(predictions["quality"])
    size_in = (3.4 * min(len(qualities), ACROSS) + 0.4, 3.6 * -(-len(qualities) // ACROSS) + 0.6)
    figure, frames = panels(len(qualities), size_in, across=ACROSS, title=title, credit=credit)
    for axes, quality in zip(frames, qualities, strict=True):
        _add_dots(axes, predictions.filter(quality=quality).drop_nulls("predicted"), quality)
    frames[0].set_ylabel("predicted by models that did not know the image")
    return figure


def draw_scores(
    scores: pl.DataFrame, ceilings: pl.DataFrame, *, title: str, credit: str = ""
) -> "Figure":
    """Draw R² of every model, with its interval, beside the ceiling that disagreement sets.

    Parameters
    ----------
    scores
        The table `perception_scores`, with at least one score.
    ceilings
        Rows of `rating_agreement` whose measure is `ceiling_r2`.
    title
        Names the study.
    credit
        Whom to name at the foot.
    """
    r2 = scores.filter(metric="r2", group_name="all", features="images").drop_nulls("value")
    qualities = _shown(r2["quality"])
    size_in = (4.4 * min(len(qualities), ACROSS) + 1.6, 3.2 * -(-len(qualities) // ACROSS) + 0.6)
    figure, frames = panels(len(qualities), size_in, across=ACROSS, title=title, credit=credit)
    for axes, quality in zip(frames, qualities, strict=True):
        told = ceilings.filter(quality=quality, group_name="all").drop_nulls("value").head(1)
        _add_scores(axes, r2.filter(quality=quality), told, quality)
    frames[0].set_xlabel("R², images held out at random unless it says so; dashed: the ceiling")
    return figure


def _add_dots(axes: "Axes", rows: pl.DataFrame, quality: str) -> None:
    said, predicted = rows["score"].to_numpy(), rows["predicted"].to_numpy()
    reach = [
        (rows[high] - rows[low]).fill_null(float("nan")).to_numpy()
        for low, high in (("lower", "predicted"), ("predicted", "upper"))
    ]
    dots = float(np.clip(60 / np.sqrt(max(len(rows), 1)), 1, 6))
    axes.errorbar(
        said, predicted, yerr=reach, fmt="o", markersize=dots, color=COLOURS[0],
        ecolor="#c9d8e6", elinewidth=dots / 4, alpha=0.8,
    )  # fmt: skip
    if len(rows):
        ends = [min(said.min(), predicted.min()), max(said.max(), predicted.max())]
        axes.plot(ends, ends, color="#444444", linewidth=1, linestyle="--")
    r2 = measure(said, predicted)["r2"]
    score = "R² not defined" if r2 is None else f"R² = {r2:.2f}"
    axes.set_title(f"{_named(quality)}: {score}, {counted(len(rows), 'image')}", fontsize=9)
    axes.set_xlabel("what people say")


def _add_scores(axes: "Axes", r2: pl.DataFrame, ceiling: pl.DataFrame, quality: str) -> None:
    """Draw a dot with its interval for each model, the best at the top of its kind."""
    rows = _rows_of(r2)
    places = np.arange(len(rows))[::-1]
    values, lower, upper = (
        np.array([row[end] for _, row in rows], dtype=float) for end in ("value", "lower", "upper")
    )
    intervals(axes, places, lower, upper, lowest=LOWEST_SCORE, color=COLOURS[0], linewidth=1.5)
    axes.plot(np.maximum(values, LOWEST_SCORE), places, "o", color=COLOURS[0], markersize=5)
    axes.axvline(0, color=ZERO_LINE, linewidth=0.8)
    for value, low, high in ceiling.select("value", "lower", "upper").iter_rows():
        axes.axvline(value, color=COLOURS[1], linestyle="--", linewidth=1.2)
        if low is not None:
            axes.axvspan(low, high, color=COLOURS[1], alpha=0.12, linewidth=0)
    axes.set_yticks(places, [name for name, _ in rows], fontsize=8)
    axes.set_title(_named(quality), fontsize=9)
    bare(axes)


def _rows_of(r2: pl.DataFrame) -> list[tuple[str, dict[str, float]]]:
    rows = []
    random = r2.filter(validation="random")
    for model, name in _MODELS:
        rows += [(name, row) for row in random.filter(model=model).to_dicts()]
    for validation, name in _VALIDATIONS:
        rows += [(name, row) for row in r2.filter(validation=validation, model="chosen").to_dicts()]
    return rows


def _shown(qualities: pl.Series) -> Sequence[str]:
    return qualities.unique().sort().head(MOST_QUALITIES).to_list()


def _named(quality: str) -> str:
    """Keep a name from a file from being read as a formula, or from running over the chart."""
    text = in_one_line(quality).replace("$", r"\$")
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
