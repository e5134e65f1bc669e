"""Curves of the sample-size experiment: a panel for each number of clusters."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.charts import curve, mark_where_curves_leave, panels, sizes_axis
from streetview_assets.figures import COLOURS, INK, Axes, Figure, over
from streetview_assets.metrics import REGRESSION
from streetview_assets.models.evaluations.sample_size import ALL, ALL_K
from streetview_assets.models.evaluations.sample_size_summary import mean_curves
from streetview_assets.study.sample_size import AreasHeld
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    from matplotlib.patheffects import AbstractPathEffect

LINE_COLOURS = tuple(COLOURS[place] for place in (0, 1, 2, 3, 5, 4))
"""Neither the yellow, which is faint on white, nor the black, which is that of all images."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HEADINGS = {"free": "areas left free", "constant": "areas held constant"}
_ACROSS = 3
_WIDE = 7.5
"""Inches that the lines above the panels take."""
_LABEL_APART = 0.055
"""Of the height of a panel, between the numbers beside the curves' ends."""


def draw_sample_sizes(
    scores: pl.DataFrame, *, areas: AreasHeld, metric: str, title: str, credit: str = ""
) -> Figure:
    """Draw a metric against the number of images, a line a cluster and a panel a k.

    Bands are one standard deviation over the repeats; a line ends where its cluster has no more
    images; black and dashed are all images, whatever their cluster.

    Parameters
    ----------
    scores
        Table `sample_size_scores` of one target, with a score of these areas at least.
    areas
        Whether areas were left free or held constant.
    metric
        Any of the table's metrics.
    title
        Names the study and the target.
    credit
        Whom to name at the foot.
    """
    # Both figures have the same scales, so that they can be held side by side.
    every = mean_curves(scores, metric)
    curves = every.filter(areas=areas)
    numbers = [k for k in curves["k"].unique().sort() if k != ALL_K] or [ALL_K]
    across = min(_ACROSS, len(numbers))
    down = -(-len(numbers) // across)
    size_in = (max(_WIDE, 1.6 + 3.6 * across), 1.8 + 2.9 * down)
    figure, frames = panels(
        len(numbers), size_in, across=across, credit=credit, sharex=True, sharey=True
    )
    whole = curves.filter(group_name=ALL)
    lowest, highest = _limits(every, metric)
    for axes, k in zip(frames, numbers, strict=True):
        own = curves.filter(pl.col("group_name") != ALL, k=k)
        axes.set_ylim(lowest, highest)
        _set_sizes(axes, every["sample_size"].unique().sort().to_list())
        _add_curve(axes, whole, INK, "", "--")
        ends = [_add_cluster(axes, own, name) for name in _in_order(own)]
        mark_where_curves_leave(axes)
        _add_names(axes, ends)
        axes.set_title(f"k = {k}" if k != ALL_K else "no clusters", fontsize=10)
    for axes in frames[::across]:
        axes.set_ylabel(REGRESSION[metric].symbol)
    for axes in frames[-across:]:
        axes.set_xlabel("images drawn")
        axes.xaxis.set_tick_params(labelbottom=True)
    repeats = max(curves["repeat_count"].to_list(), default=0)
    figure.suptitle(
        f"{over(title)}{REGRESSION[metric].symbol} on held-out areas by the images of a cluster, "
        f"{HEADINGS[areas]}\nnumbers: clusters; black, dashed: all images; bands: one standard "
        f"deviation of {counted(repeats, 'draw')}",
        fontsize=10,
    )
    return figure


def _limits(curves: pl.DataFrame, metric: str) -> tuple[float, float]:
    lowest, highest = REGRESSION[metric].axis
    mean, sd = curves["mean"].to_numpy(), curves["sd"].to_numpy()
    lower, upper = float((mean - sd).min()), float((mean + sd).max())
    room = 0.04 * (upper - lower) or 0.05
    return max(lower - room, lowest), min(upper + room, highest)


def _set_sizes(axes: Axes, sizes: list[int]) -> None:
    sizes_axis(axes, sizes, apart=2, short=True)
    axes.tick_params(axis="x", labelsize=8)
    # Room at the right for the names of the curves.
    span = np.log(sizes[-1] / sizes[0]) or 1.0
    axes.set_xlim(sizes[0] * np.exp(-0.05 * span), sizes[-1] * np.exp(0.14 * span))


def _in_order(curves: pl.DataFrame) -> list[str]:
    return sorted(set(curves["group_name"]), key=_number)


def _number(name: str) -> int:
    return int(name.rsplit(" ", 1)[-1])


def _add_cluster(axes: Axes, curves: pl.DataFrame, name: str) -> tuple[str, str, float, float]:
    """Draw the curve of a cluster; give its number, its colour and where it ends."""
    place = _number(name) - 1
    colour = LINE_COLOURS[place % len(LINE_COLOURS)]
    second = place >= len(LINE_COLOURS)
    marker = MARKERS[(place + 2 * second) % len(MARKERS)]
    own = curves.filter(group_name=name)
    _add_curve(axes, own, colour, marker, ":" if second else "-", hollow=second)
    return str(place + 1), colour, float(own["sample_size"][-1]), float(own["mean"][-1])


def _add_curve(
    axes: Axes,
    rows: pl.DataFrame,
    colour: str,
    marker: str,
    style: str,
    *,
    hollow: bool = False,
) -> None:
    sizes, mean, sd = (rows[name] for name in ("sample_size", "mean", "sd"))
    curve(
        axes, sizes, mean, mean - sd, mean + sd, colour, style, band_alpha=0.12, marker=marker,
        markersize=3.5, linewidth=1.3, markerfacecolor="white" if hollow else colour,
    )  # fmt: skip


def _add_names(axes: Axes, ends: list[tuple[str, str, float, float]]) -> None:
    """Put the number of each cluster beside the end of its curve, none on another."""
    lowest, highest = axes.get_ylim()
    apart = _LABEL_APART * (highest - lowest)
    for size in sorted({end[2] for end in ends}):
        there = sorted((end for end in ends if end[2] == size), key=lambda end: end[3])
        values = np.clip([value for *_, value in there], lowest, highest)
        for (name, colour, *_), height in zip(there, _spread(values, apart), strict=True):
            axes.annotate(
                name, (size, height), (5, 0), textcoords="offset points", va="center",
                fontsize=8, color=colour, fontweight="bold", path_effects=[_halo()],
            )  # fmt: skip


def _spread(values: np.ndarray, apart: float) -> np.ndarray:
    """Move rising values as little as it takes for them to stand so far apart."""
    from scipy.optimize import isotonic_regression

    steps = apart * np.arange(len(values))
    return np.asarray(isotonic_regression(values - steps).x + steps)


def _halo() -> "AbstractPathEffect":
    from matplotlib.patheffects import withStroke

    return withStroke(linewidth=2.5, foreground="white")
