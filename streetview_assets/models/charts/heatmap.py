"""Cells of a table coloured by R², as charts of many scores show them."""

from typing import TYPE_CHECKING

import numpy as np

from streetview_assets.figures import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOUR_MAP = "RdBu"
"""Red below nought, blue above: the colour-blind tell them apart."""
NOTHING = "#e6e6e6"


def add_r2_cells(
    axes: "Axes",
    grid: np.ndarray,
    texts: list[list[str]],
    size: float,
    *,
    with_bar: bool = True,
) -> None:
    """Colour the cells of a table by R², from -1 to 1, and write a text into each.

    Parameters
    ----------
    axes
        Where to draw; its ticks stay with the caller.
    grid
        R² by row and column; NaN where there is none, which is grey.
    texts
        What stands in each cell.
    size
        Of the letters, in points.
    with_bar
        Whether the scale of the colours is drawn beside it.
    """
    from matplotlib import colormaps

    colours = colormaps[COLOUR_MAP].with_extremes(bad=NOTHING)
    image = axes.imshow(np.ma.masked_invalid(grid), cmap=colours, vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        ink = "white" if abs(value) > 0.65 else INK
        axes.text(
            column, row, texts[row][column], ha="center", va="center", fontsize=size, color=ink
        )
    if not with_bar:
        return
    bar = axes.figure.colorbar(image, ax=axes, extend="min", shrink=0.8)
    bar.set_label("R² (below 0: worse than the mean)", fontsize=8)


def r2_text(value: float) -> str:
    """Write a score with two decimals; nothing that rounds to nought has a minus."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text
