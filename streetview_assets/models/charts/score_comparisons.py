"""Charts of comparisons: authority by authority, target by validation, score by areas."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import polars as pl

from streetview_assets.charts import (
    LOWEST_SCORE,
    ZERO_LINE,
    bare,
    curve,
    frame_diagonal,
    grid_of,
    heat_map,
    intervals,
    mark_where_curves_leave,
    panels,
    signed_text,
    sizes_axis,
)
from streetview_assets.figures import COLOURS, Axes, Figure, new_figure, over
from streetview_assets.metrics import REGRESSION
from streetview_assets.models.charts.heatmap import r2_heat_map, r2_text
from streetview_assets.models.validation.ridge_cv import MEAN, RIDGE
from streetview_assets.text.counted import counted
from streetview_assets.validations import VALIDATIONS, mild_first

_LONGEST_NAME = 18


def draw_transfer(
    scores: pl.DataFrame,
    *,
    share: float,
    title: str,
    names: Mapping[str, str] | None = None,
    credit: str = "",
) -> Figure:
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
    r2 = scores.filter(model=RIDGE, metric="r2")
    own = pl.col("train_authority") == pl.col("test_authority")
    codes = r2["train_authority"].unique().sort().to_list()
    shown = r2.filter(own | (pl.col("share_added") == share))
    cells = shown.group_by("train_authority", "test_authority").agg(pl.col("value").mean())
    counts = dict(r2.group_by("test_authority").agg(pl.col("area_count").max()).iter_rows())
    ticks = [f"{_short((names or {}).get(code, code))} ({counts[code]:,})" for code in codes]
    side = 3.2 + 0.55 * len(codes)
    figure, (axes,) = panels(1, (side + 1.6, side), credit=credit)
    grid = grid_of(cells, codes, codes)
    r2_heat_map(axes, grid, rows=ticks, columns=ticks, slanted_deg=45)
    frame_diagonal(axes, len(codes), COLOURS[1], linewidth=3)
    axes.set_xlabel("tested on (number of areas)")
    axes.set_ylabel("learned from (number of areas)")
    added = f"with {share:.0%} of the tested areas added" if share else "with nothing added"
    axes.set_title(
        f"{over(title)}R² of ridge {added}; framed: on itself, by spatial blocks", fontsize=10
    )
    return figure


def draw_target_correlations(
    values: Mapping[str, Mapping[str, float]], *, title: str, credit: str = ""
) -> Figure:
    """Draw Spearman's rank correlation of every target with every other, over areas with both.

    Parameters
    ----------
    values
        Target to its value by area, in the order in which they are drawn.
    title
        Names the study.
    credit
        Whom to name at the foot.
    """
    from scipy.stats import spearmanr

    names = list(values)
    grid, counts = np.full((len(names), len(names)), np.nan), []
    for (row, one), (column, other) in product(enumerate(names), repeat=2):
        both = sorted(values[one].keys() & values[other].keys())
        counts.append(len(both))
        pair = [[values[name][area] for area in both] for name in (one, other)]
        if all(len(set(column)) > 1 for column in pair):
            grid[row, column] = spearmanr(*pair).statistic
    texts = [[signed_text(cell) for cell in row] for row in grid]
    side = 2.6 + 0.75 * len(names)
    figure = new_figure(side + 1, max(3.4, side), credit=credit)
    axes = figure.subplots()
    heat_map(
        axes, grid, texts, rows=names, columns=names, colours="PuOr_r", limits=(-1, 1),
        slanted_deg=40, bar="Spearman's rank correlation",
    )  # fmt: skip
    least, most = min(counts), max(counts)
    areas = ("" if least == most else f"{least:,} to ") + counted(most, "area")
    axes.set_title(f"{over(title)}how targets go together, over {areas}", fontsize=10)
    return figure


def draw_targets(
    scores: pl.DataFrame, *, called: Mapping[str, str], title: str, credit: str = ""
) -> Figure:
    """Draw R² of ridge for each target (rows) under each validation (columns).

    Parameters
    ----------
    scores
        Table `target_scores`.
    called
        What people call each target, in the order in which they are drawn.
    title
        Names the study.
    credit
        Whom to name at the foot.
    """
    targets = list(called)
    r2 = scores.filter(metric="r2", fold=0, group_name="all", model=RIDGE)
    validations = mild_first(r2["validation"])
    of = ("target", "validation")
    value, lower, upper = (
        grid_of(r2.select(*of, end), targets, validations) for end in ("value", "lower", "upper")
    )
    texts = [
        [
            r2_text(value[at])
            + ("" if np.isnan(lower[at]) else f"\n{r2_text(lower[at])} to {r2_text(upper[at])}")
            for at in ((row, column) for column in range(len(validations)))
        ]
        for row in range(len(targets))
    ]
    figure = new_figure(
        3.6 + 1.7 * len(validations), max(3.4, 2.0 + 0.55 * len(targets)), credit=credit
    )
    axes = figure.subplots()
    r2_heat_map(
        axes,
        value,
        texts=texts,
        rows=list(called.values()),
        columns=[VALIDATIONS[name].symbol for name in validations],
    )
    level = r2["interval_level"].max()
    bars = f", with {level:.0%} bootstrap intervals" if isinstance(level, float) else ""
    count = max(r2["area_count"].to_list())
    axes.set_title(
        f"{over(title)}R² of ridge, held out{bars}; {counted(count, 'area')}", fontsize=10
    )
    return figure


def draw_learning_curve(scores: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
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
    r2 = scores.filter(pl.col("value").is_not_null(), metric="r2")
    figure, (axes,) = panels(1, (7, 4.6), credit=credit)
    validations = mild_first(r2["validation"])
    for colour, validation in zip(COLOURS, validations, strict=False):
        mine = r2.filter(validation=validation)
        label = VALIDATIONS[validation].symbol
        _add_curve(axes, mine.filter(model=RIDGE), colour, f"ridge, {label}", "-")
        _add_curve(axes, mine.filter(model=MEAN), colour, f"mean, {label}", ":")
    axes.axhline(0, color=ZERO_LINE, linewidth=0.8)
    sizes_axis(axes, r2["train_count"].unique().sort().to_list(), apart=1.25)
    lowest = min(r2["value"].to_list())
    axes.set_ylim(bottom=LOWEST_SCORE if lowest < LOWEST_SCORE else None)
    mark_where_curves_leave(axes)
    axes.set_xlabel("areas learned from")
    axes.set_ylabel("R², pooled over held-out areas")
    axes.set_title(
        f"{over(title)}{counted(max(r2['area_count'].to_list()), 'area')} held out in turn; "
        f"bands: range of {counted(r2['repeat'].n_unique(), 'draw')}",
        fontsize=10,
    )
    axes.legend(frameon=False, fontsize=8)
    return figure


def draw_age_gap(scores: pl.DataFrame, *, title: str, credit: str = "") -> Figure:
    """Draw R² and RMSE by how many years lie between images and target, with intervals.

    Parameters
    ----------
    scores
        Table `age_gap_scores` of one target and validation, with a row or more.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    """
    classes = scores.filter(pl.col("metric").is_in(["r2", "rmse"])).sort("gap_years")
    names = classes["group_name"].unique(maintain_order=True).to_list()
    counts = dict(classes.select("group_name", "area_count").iter_rows())
    figure, frames = panels(2, (8, 2.2 + 0.45 * len(names)), across=2, credit=credit, sharey=True)
    for axes, metric in zip(frames, ("r2", "rmse"), strict=True):
        mine = classes.filter(metric=metric)
        places = [names.index(name) for name in mine["group_name"]]
        lowest = LOWEST_SCORE if metric == "r2" else 0.0
        ends = (mine[end].cast(pl.Float64).fill_null(float("nan")) for end in ("lower", "upper"))
        intervals(axes, places, *ends, lowest=lowest, color=COLOURS[0], alpha=0.6)
        axes.plot(mine["value"].clip(lower_bound=lowest), places, "o", color=COLOURS[0])
        axes.set_xlabel(REGRESSION[metric].symbol)
        axes.set_yticks(range(len(names)), [f"{name} ({counts[name]:,})" for name in names])
        bare(axes)
    level = classes["interval_level"].max()
    together = f", {level:.0%} intervals that hold together" if isinstance(level, float) else ""
    how = VALIDATIONS[classes["validation"][0]].symbol
    figure.suptitle(
        f"{title}\nby years between images and target (areas), {how}{together}", fontsize=10
    )
    return figure


def _add_curve(axes: Axes, rows: pl.DataFrame, colour: str, label: str, style: str) -> None:
    by_size = (
        rows.group_by("train_count")
        .agg(mean=pl.col("value").mean(), lower=pl.col("value").min(), upper=pl.col("value").max())
        .sort("train_count")
    )
    sizes, mean, lower, upper = by_size.get_columns()
    curve(axes, sizes, mean, lower, upper, colour, style, marker="o", markersize=4, label=label)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
