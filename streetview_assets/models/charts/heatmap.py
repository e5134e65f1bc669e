"""Cells of a table coloured by R², as charts of many scores show them."""

from collections.abc import Sequence

import numpy as np

from streetview_assets.charts import heat_map
from streetview_assets.figures import Axes


def r2_heat_map(
    axes: Axes,
    grid: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    texts: Sequence[Sequence[str]] | None = None,
    slanted_deg: float = 0,
    with_bar: bool = True,
) -> None:
    """Colour the cells of a table by R², red below nought and blue above.

    Parameters
    ----------
    axes
        Where to draw.
    grid
        R² by row and column; NaN where there is none.
    rows, columns
        Their names.
    texts
        What stands in each cell; None: its R².
    slanted_deg
        By how much the names of the columns are turned.
    with_bar
        Whether the scale of the colours is drawn beside it.
    """
    heat_map(
        axes,
        grid,
        texts or [[r2_text(value) for value in row] for row in grid],
        rows=rows,
        columns=columns,
        colours="RdBu",
        limits=(-1, 1),
        slanted_deg=slanted_deg,
        bar="R² (below 0: worse than the mean)" if with_bar else "",
        extend="min",
        shrink=0.8,
    )


def r2_text(value: float) -> str:
    """Write a score with two decimals; nothing that rounds to nought has a minus."""
    if np.isnan(value):
        return "none"
    text = f"{value:.2f}" if value > -10 else "< -10"
    return "0.00" if text == "-0.00" else text
