"""Layouts with the images themselves: each at its place, snapped to a grid, none on another."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.clusters.layout.scatter import CAUTION
from streetview_assets.figures import lead
from streetview_assets.images.contact_sheet import Tile, lay_out
from streetview_assets.text.counted import counted

MOST_CELLS_AWAY = 2
"""Where its cell is taken, an image goes to a free one so near, or is not shown."""


def image_plane(
    layout: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    image_px: int,
    figure_px: int,
    title: str,
    most: int | None = None,
    seed: int = 0,
) -> bytes:
    """Show the images of one layout at their places.

    Parameters
    ----------
    layout
        Rows of the table `image_layouts`, of one method and setting; not empty.
    images
        The table `images`.
    folder
        The study's folder of data, to which the paths of images are relative.
    image_px, figure_px
        Side of an image, and of the whole.
    title
        Whose images they are, and which layout.
    most
        The most images to show, drawn by `seed`; None: as many as there is room for.
    seed
        Of the draw of images where there are more than `most`.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are; the heading says how
        many of all are shown. An image that was deleted is shown by its thumbnail, else in grey.
    """
    cells = figure_px // image_px
    shown = _drawn(layout.sort("image_id"), most, seed)
    spots = snapped(shown.select("x", "y").to_numpy(), cells)
    there = shown.with_columns(
        pl.Series("column", spots[:, 0]), pl.Series("row", spots[:, 1])
    ).filter(pl.col("column") >= 0)
    count = f"{there.height:,} of {counted(layout.height, 'image')}"
    room = "" if there.height == shown.height else "; where many lie there is no room for all"
    # No paper above the first image and below the last.
    first, last = there.select(pl.min("row"), pl.max("row").alias("last")).row(0)
    tiles = [
        Tile(image_id, column * image_px, (row - first) * image_px)
        for image_id, column, row in there.select("image_id", "column", "row").iter_rows()
    ]
    return lay_out(
        images,
        folder,
        tiles,
        size_px=(cells * image_px, (last - first + 1) * image_px),
        tile_px=image_px - 1,
        headings=[f"{lead(title)}{count}{room}", CAUTION],
        line_px=24,
        text_px=13,
    )


def snapped(places: np.ndarray, cells: int) -> np.ndarray:
    """Give places on a plane (n, 2) a cell each of a square grid, none two the same.

    The aspect of the plane is kept. A place takes the cell that it lies in, those nearest to the
    middle of their cells first; where that is taken the nearest free one, at most two away.

    Parameters
    ----------
    places
        (n, 2), in any unit.
    cells
        Cells along a side.

    Returns
    -------
    np.ndarray
        (n, 2), int64: column from the left, row from the top; -1 where there is no free cell.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    extent = float((high - low).max()) or 1.0
    # The places span the grid, in the middle of it in the direction in which they span less.
    scaled = (places - (low + high) / 2) / extent * (cells - 1) + (cells - 1) / 2
    scaled[:, 1] = cells - 1 - scaled[:, 1]
    own = np.rint(scaled).astype(np.int64)
    taken = np.zeros((cells, cells), dtype=bool)
    found = np.full((len(places), 2), -1, dtype=np.int64)
    off_middle = np.abs(scaled - own).max(axis=1)
    for index in np.argsort(off_middle, kind="stable").tolist():
        for column, row in _cells_around(scaled[index], own[index], cells):
            if not taken[column, row]:
                taken[column, row] = True
                found[index] = column, row
                break
    return found


_STEPS = np.array(
    [
        (across, down)
        for across in range(-MOST_CELLS_AWAY, MOST_CELLS_AWAY + 1)
        for down in range(-MOST_CELLS_AWAY, MOST_CELLS_AWAY + 1)
    ]
)


def _cells_around(place: np.ndarray, own: np.ndarray, cells: int) -> Iterator[tuple[int, int]]:
    """List the cells of the grid around a place, the nearest first, its own before all."""
    column, row = own.tolist()
    yield column, row
    around = own + _STEPS
    inside = ((around >= 0) & (around < cells)).all(axis=1)
    near = around[inside]
    away = ((near - place) ** 2).sum(axis=1)
    for column, row in near[np.argsort(away, kind="stable")].tolist():
        yield column, row


def _drawn(layout: pl.DataFrame, most: int | None, seed: int) -> pl.DataFrame:
    if most is None or layout.height <= most:
        return layout
    rows = np.random.default_rng(seed).choice(layout.height, most, replace=False)
    return layout[np.sort(rows)]
