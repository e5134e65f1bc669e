"""Charts of comparisons: authority by authority, target by validation, score by areas."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.figures import COLOURS, new_figure
from streetview_assets.models.charts.heatmap import add_r2_cells, r2_text
from streetview_assets.models.charts.predicted_observed import PANELS
from streetview_assets.models.validation.ridge_cv import MEAN, RIDGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

_LONGEST_NAME = 18
_LOWEST_SHOWN = -1.0


def draw_transfer(
    scores: pl.DataFrame,
    *,
    share: float,
    title: str,
    names: Mapping[str, str] | None = None,
    credit: str = "",
) -> "Figure":
    """Draw R² of ridge trained on one authority (rows) and tested on another (columns).

    Parameters
    ----------
    scores
        Table `transfer_scores` of one target.
    share
        The share of the tested authority's areas that was added; the diagonal, each authority on
        itself by spatial blocks, stands beside every share.
    title
        Names the study and the target.
    names
        Authority code to its name; a code without one stands for itself.
    credit
        Whom to name at the foot.
    """
    r2 = scores.filter(pl.col("model") == RIDGE, pl.col("metric") == "r2")
    own = pl.col("train_authority") == pl.col("test_authority")
    codes = r2["train_authority"].unique().sort().to_list()
    shown = r2.filter(own | (pl.col("share_added") == share))
    cells = shown.group_by("train_authority", "test_authority").agg(pl.col("value").mean())
    grid = np.full((len(codes), len(codes)), np.nan)
    for train, test, value in cells.iter_rows():
        if value is not None:
            grid[codes.index(train), codes.index(test)] = value
    counts = dict(r2.group_by("test_authority").agg(pl.col("area_count").max()).iter_rows())
    ticks = [f"{_short((names or {}).get(code, code))} ({counts[code]:,})" for code in codes]
    side = 3.2 + 0.55 * len(codes)
    figure = new_figure(side + 1.6, side, credit=credit)
    axes = figure.subplots()
    add_r2_cells(axes, grid, [[_text(value) for value in row] for row in grid], 8.0)
    for place in range(len(codes)):
        axes.add_patch(_frame(place))
    axes.set_xticks(range(len(codes)), ticks, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(codes)), ticks)
    axes.set_xlabel("tested on (number of areas)")
    axes.set_ylabel("learned from (number of areas)")
    added = f"with {share:.0%} of the tested areas added" if share else "with nothing added"
    axes.set_title(
        f"{title}\nR² of ridge {added}; framed: on itself, by spatial blocks", fontsize=10
    )
    return figure


def draw_targets(
    scores: pl.DataFrame, *, targets: list[str], title: str, credit: str = ""
) -> "Figure":
    """Draw R² of ridge for each target (rows) under each validation (columns).

    Parameters
    ----------
    scores
        Table `target_scores`.
    targets
        In the order in which they are drawn.
    title
        Names the study.
    credit
        Whom to name at the foot.
    """
    r2 = scores.filter(
        pl.col("metric") == "r2",
        pl.col("fold") == 0,
        pl.col("group_name") == "all",
        pl.col("model") == RIDGE,
    )
    validations = [name for name in PANELS if name in set(r2["validation"])]
    grid = np.full((len(targets), len(validations)), np.nan)
    texts = [["none"] * len(validations) for _ in targets]
    wanted = r2.select("target", "validation", "value", "lower", "upper")
    for target, validation, value, lower, upper in wanted.iter_rows():
        if value is None:
            continue
        row, column = targets.index(target), validations.index(validation)
        grid[row, column] = value
        within = "" if lower is None else f"\n{r2_text(lower)} to {r2_text(upper)}"
        texts[row][column] = f"{r2_text(value)}{within}"
    figure = new_figure(
        3.6 + 1.7 * len(validations), max(3.4, 2.0 + 0.55 * len(targets)), credit=credit
    )
    axes = figure.subplots()
    add_r2_cells(axes, grid, texts, 8.0)
    axes.set_xticks(range(len(validations)), [PANELS[name] for name in validations])
    axes.set_yticks(range(len(targets)), [name.replace("_", " ") for name in targets])
    level = r2["interval_level"].max()
    bars = f", with {level:.0%} bootstrap intervals" if isinstance(level, float) else ""
    count = max(r2["area_count"].to_list())
    axes.set_title(f"{title}\nR² of ridge, held out{bars}; {count:,} areas", fontsize=10)
    return figure


def draw_learning_curve(scores: pl.DataFrame, *, title: str, credit: str = "") -> "Figure":
    """Draw R² against the number of areas learned from, with the range over the repeats.

    Parameters
    ----------
    scores
        Table `learning_curve` of one target.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    """
    r2 = scores.filter(pl.col("metric") == "r2", pl.col("value").is_not_null())
    figure = new_figure(7, 4.6, credit=credit)
    axes = figure.subplots()
    validations = [name for name in PANELS if name in set(r2["validation"])]
    for colour, validation in zip(COLOURS, validations, strict=False):
        mine = r2.filter(pl.col("validation") == validation)
        label = PANELS[validation]
        _add_curve(axes, mine.filter(pl.col("model") == RIDGE), colour, f"ridge, {label}", "-")
        _add_curve(axes, mine.filter(pl.col("model") == MEAN), colour, f"mean, {label}", ":")
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.set_xscale("log")
    sizes = r2["train_count"].unique().sort().to_list()
    axes.set_xticks(_apart(sizes), [f"{size:,}" for size in _apart(sizes)])
    axes.minorticks_off()
    lowest = min(r2["value"].to_list())
    axes.set_ylim(bottom=_LOWEST_SHOWN if lowest < _LOWEST_SHOWN else None)
    axes.set_xlabel("areas learned from")
    axes.set_ylabel("R², pooled over held-out areas")
    axes.set_title(
        f"{title}\n{max(r2['area_count'].to_list()):,} areas held out in turn; "
        f"bands: range of {r2['repeat'].n_unique()} draws",
        fontsize=10,
    )
    axes.legend(frameon=False, fontsize=8)
    return figure


def _add_curve(axes: "Axes", rows: pl.DataFrame, colour: str, label: str, style: str) -> None:
    by_size = (
        rows.group_by("train_count")
        .agg(mean=pl.col("value").mean(), lower=pl.col("value").min(), upper=pl.col("value").max())
        .sort("train_count")
    )
    sizes = by_size["train_count"].to_numpy()
    axes.plot(
        sizes, by_size["mean"].to_numpy(), style, color=colour, marker="o", markersize=4,
        label=label,
    )  # fmt: skip
    axes.fill_between(
        sizes, by_size["lower"].to_numpy(), by_size["upper"].to_numpy(), color=colour, alpha=0.15
    )


def _frame(place: int) -> "Rectangle":
    from matplotlib.patches import Rectangle

    return Rectangle(
        (place - 0.47, place - 0.47), 0.94, 0.94, fill=False, lw=3, edgecolor=COLOURS[1]
    )


def _text(value: float) -> str:
    if np.isnan(value):
        return "none"
    return r2_text(value) if value > -10 else "< -10"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _apart(sizes: list[int]) -> list[int]:
    """Leave out sizes whose labels would lie on each other."""
    kept: list[int] = []
    for size in sizes:
        if not kept or size >= kept[-1] * 1.25:
            kept.append(size)
    return kept
