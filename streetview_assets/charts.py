"""What charts are made of: bars, heat maps, dots and bars with intervals, curves with a band, maps.

A file that draws prepares its data and calls these. Colours are told apart by the colour-blind.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from streetview_assets.figures import COLOURS, INK, Axes, Figure, new_figure

ZERO_LINE = "#888888"
NOTHING = "#e6e6e6"
MARKERS = ("o", "^", "s")
REST = "#bbbbbb"
"""Of groups that have no look of their own."""
MOST_LOOKS = len(COLOURS) * len(MARKERS)
"""As many groups as a legend can tell apart."""
MOST_SHAPES = 5_000
"""Of more dots, an SVG or PDF shows pixels: as shapes they would be slow to open and to print."""
LONGEST_NAME = 24
"""Characters of a line of a name beside a heat map."""
LOWEST_SCORE = -1.0
"""Scores far below would squeeze all others into a corner."""


def panels(
    count: int,
    size_in: tuple[float, float],
    *,
    across: int | None = None,
    title: str = "",
    credit: str = "",
    **sharing: Any,
) -> tuple[Figure, list[Axes]]:
    """Make a figure of several frames, row by row; the last row may be shorter.

    Parameters
    ----------
    count
        Number of frames.
    size_in
        Width and height of the figure.
    across
        The most frames of a row; None: all.
    title
        Above them.
    credit
        Whom to name at the foot.
    **sharing
        `sharex` and `sharey`, as of matplotlib.
    """
    across = min(across or count, count)
    figure = new_figure(*size_in, credit=credit)
    if title:
        figure.suptitle(title, fontsize=10)
    grid = list(figure.subplots(-(-count // across), across, squeeze=False, **sharing).flat)
    for axes in grid[count:]:
        axes.remove()
    return figure, grid[:count]


def bare(axes: Axes, *sides: str) -> None:
    """Take away sides of the frame; by default those above and to the right."""
    axes.spines[list(sides or ("top", "right"))].set_visible(False)


def bars(axes: Axes, places: ArrayLike, heights: ArrayLike, colour: str, **style: Any) -> None:
    """Draw upright bars without a frame above and beside them.

    Parameters
    ----------
    axes
        Where to draw.
    places, heights
        One of each bar.
    colour
        Of the bars.
    **style
        Such as `yerr`, the whiskers.
    """
    axes.bar(np.asarray(places), np.asarray(heights), color=colour, ecolor="#333333", capsize=3,
             **style)  # fmt: skip
    bare(axes)


def heat_map(
    axes: Axes,
    grid: np.ndarray,
    texts: Sequence[Sequence[str]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    colours: str,
    limits: tuple[float, float | None],
    slanted_deg: float = 0,
    bar: str = "",
    bold: np.ndarray | None = None,
    **bar_style: Any,
) -> None:
    """Colour the cells of a table by their values, and write a text into each.

    Parameters
    ----------
    axes
        Where to draw.
    grid
        Values by row and column; NaN where there is none, which is grey.
    texts
        What stands in each cell.
    rows, columns
        Their names.
    colours
        One of matplotlib's scales.
    limits
        The values at its ends; None: the largest of the grid.
    slanted_deg
        By how much the names of the columns are turned.
    bar
        What the colours mean, written beside their scale; without, there is no scale.
    bold
        Cells that are written in bold.
    **bar_style
        Of the scale.
    """
    from matplotlib import colormaps

    low, high = limits
    scale = colormaps[colours].with_extremes(bad=NOTHING)
    drawn = axes.imshow(np.ma.masked_invalid(grid), cmap=scale, vmin=low, vmax=high, aspect="auto")
    # Both ends of a scale around zero are dark.
    dark = (0.65 if low < 0 else 0.55) * (np.nanmax(grid) if high is None else high)
    for (row, column), value in np.ndenumerate(grid):
        if not texts[row][column]:
            continue
        axes.text(
            column, row, texts[row][column], ha="center", va="center", fontsize=8,
            color="white" if abs(value) > dark else INK,
            fontweight="bold" if bold is not None and bold[row, column] else "normal",
        )  # fmt: skip
    slanted: dict[str, Any] = {"ha": "right", "rotation_mode": "anchor"} if slanted_deg else {}
    columns, rows = (
        [textwrap.fill(name, LONGEST_NAME) for name in names] for names in (columns, rows)
    )
    axes.set_xticks(range(len(columns)), columns, rotation=slanted_deg, **slanted)
    axes.set_yticks(range(len(rows)), rows)
    if bar:
        axes.figure.colorbar(drawn, ax=axes, **{"shrink": 0.9} | bar_style).set_label(
            bar, fontsize=8
        )


def grid_of(cells: pl.DataFrame, rows: Sequence[Any], columns: Sequence[Any]) -> np.ndarray:
    """Put values in their rows and columns; NaN where there is none.

    Parameters
    ----------
    cells
        Row, column and value, in this order; others than these are passed over.
    rows, columns
        In the order in which they are drawn.
    """
    down, across = ({name: at for at, name in enumerate(names)} for names in (rows, columns))
    grid = np.full((len(rows), len(columns)), np.nan)
    for row, column, value in cells.drop_nulls().iter_rows():
        if row in down and column in across:
            grid[down[row], across[column]] = value
    return grid


def frame_diagonal(axes: Axes, count: int, colour: str, **style: Any) -> None:
    """Draw a frame around each cell of a heat map's diagonal.

    Parameters
    ----------
    axes
        The heat map.
    count
        Number of its rows.
    colour
        Of the frame.
    **style
        Such as its width.
    """
    from matplotlib.patches import Rectangle

    for place in np.arange(count) - 0.5:
        axes.add_patch(Rectangle((place, place), 1, 1, fill=False, edgecolor=colour, **style))


def intervals(
    axes: Axes,
    places: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    lowest: float = -np.inf,
    **style: Any,
) -> None:
    """Draw level lines from end to end of intervals; none where an end is not known.

    Parameters
    ----------
    axes
        Where to draw.
    places
        Height of each.
    lower, upper
        Its ends; NaN or None where there is none.
    lowest
        What lies below is drawn here, with a mark that points on.
    **style
        Such as `color` and `linewidth`.
    """
    at, low, high = (np.asarray(values, dtype=float) for values in (places, lower, upper))
    axes.hlines(at, np.maximum(low, lowest), np.maximum(high, lowest), **style)
    if (cut := at[low < lowest]).size:
        axes.plot(np.full(len(cut), lowest), cut, "<", color=style.get("color"), markersize=4)


def curve(
    axes: Axes,
    x: ArrayLike,
    y: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    colour: str,
    style: str = "-",
    *,
    band_alpha: float = 0.15,
    **line: Any,
) -> None:
    """Draw a curve with a band around it.

    Parameters
    ----------
    axes
        Where to draw.
    x, y
        Points of the curve.
    lower, upper
        Ends of the band there.
    colour
        Of both.
    style
        Of the line, as of matplotlib.
    band_alpha
        How much of its colour the band has.
    **line
        Such as `marker` and `label`.
    """
    x, y, lower, upper = (np.asarray(values, dtype=float) for values in (x, y, lower, upper))
    axes.fill_between(x, lower, upper, color=colour, alpha=band_alpha, linewidth=0)
    if len(x) == 1:  # A band of one point has no width.
        axes.vlines(x, lower, upper, color=colour, alpha=0.5, linewidth=1.3)
    axes.plot(x, y, style, color=colour, **line)


def mark_where_curves_leave(axes: Axes) -> None:
    """Break the upright axis at an end beyond which curves go on, and point there from each.

    Parameters
    ----------
    axes
        With its curves and the limits of its axis.
    """
    low, high = axes.get_ylim()
    curves = [line for line in axes.lines if line.get_transform() == axes.transData]
    points = [(line.get_color(), np.column_stack(line.get_data())) for line in curves]
    for end, edge, mark in ((0.0, low, "v"), (1.0, high, "^")):
        beyond = [
            (colour, x)
            for colour, xy in points
            for x, y in xy.astype(float)
            if (y < low if end == 0 else y > high)
        ]
        for colour, x in beyond:
            axes.plot(x, edge, mark, color=colour, markersize=5, clip_on=False, zorder=5)
        if beyond:
            strokes: dict[str, Any] = {"marker": [(-1, -0.6), (1, 0.6)], "linestyle": "none"}
            axes.plot(
                [0, 0], [abs(end - 0.015), abs(end - 0.04)], color=INK, markersize=9,
                transform=axes.transAxes, clip_on=False, **strokes,
            )  # fmt: skip


def signed_text(value: float) -> str:
    """Write a correlation with its sign and two decimals; nothing that rounds to nought has one."""
    if np.isnan(value):
        return "none"
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text


def sizes_axis(axes: Axes, sizes: Sequence[int], *, apart: float, short: bool = False) -> None:
    """Scale an axis of counts by their logarithm, and name those that are far enough apart.

    Parameters
    ----------
    axes
        Whose lower axis it is.
    sizes
        The counts, rising.
    apart
        The least ratio of two that are both named.
    short
        Whether thousands are written as `2k`.
    """
    named: list[int] = []
    for size in sizes:
        if not named or size >= named[-1] * apart:
            named.append(size)
    labels = [f"{size / 1000:g}k" if short and size >= 1000 else f"{size:,}" for size in named]
    axes.set_xscale("log")
    axes.set_xticks(named, labels)
    axes.minorticks_off()


def look(place: int) -> dict[str, Any]:
    """Give colour and marker of a group by its place, from 0."""
    turn, colour = divmod(place, len(COLOURS))
    return {"color": COLOURS[colour], "marker": MARKERS[turn % len(MARKERS)]}


def dots(axes: Axes, xy: np.ndarray, size: float, **style: Any) -> Any:
    """Draw dots without an outline; give what was drawn, for a scale of colours.

    Parameters
    ----------
    axes
        Where to draw.
    xy
        Places, shape (n, 2).
    size
        Of a dot, square points.
    **style
        Such as `color`, `marker`, `label` and `zorder`.
    """
    crowd = len(xy) > MOST_SHAPES
    return axes.scatter(xy[:, 0], xy[:, 1], s=size, rasterized=crowd, **{"linewidths": 0} | style)


def map_legend(axes: Axes) -> None:
    """Say below a map, at the right, what its lines and dots are."""
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.0), ncols=2, frameon=False)
