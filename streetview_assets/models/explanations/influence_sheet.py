"""A sheet of the images that raise an area's prediction most, and of those that lower it most."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from streetview_assets.images.contact_sheet import GAP_PX, Note, Tile, lay_out
from streetview_assets.tables.explanations import LOWERS, RAISES
from streetview_assets.text.amounts import change

TILE_PX, LINE_PX = 120, 16
SHOWN = 5
"""Images of either side of an area."""


def influence_sheet(
    rows: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    areas: Mapping[str, str],
    title: str,
) -> bytes:
    """Lay out the images of areas: a row of those that raise the prediction, one of the others.

    Parameters
    ----------
    rows
        Table `image_influences`.
    images
        Rows of the table `images`, those of all that are shown among them.
    folder
        The study's folder of data.
    areas
        Codes of the areas that are shown, in order, with what is said of each.
    title
        Begins the line above.

    Returns
    -------
    bytes
        A PNG; below each image its influence, in units of the target.
    """
    tiles, notes, top = [], [], 0
    for code, said in areas.items():
        mine = rows.filter(area_code=code).sort("rank")
        notes.append(Note(said, GAP_PX, top + LINE_PX / 2))
        top += LINE_PX + GAP_PX
        for side in (RAISES, LOWERS):
            shown = mine.filter(side=side).head(SHOWN)
            for place, row in enumerate(shown.iter_rows(named=True)):
                left = GAP_PX + place * (TILE_PX + GAP_PX)
                tiles.append(Tile(row["image_id"], left, top))
                middle = top + TILE_PX + LINE_PX / 2
                notes.append(Note(_said(row), left, middle, most_px=TILE_PX))
            top += (TILE_PX + LINE_PX + GAP_PX) if shown.height else 0
    across = GAP_PX + SHOWN * (TILE_PX + GAP_PX)
    return lay_out(
        images,
        folder,
        tiles,
        notes,
        size_px=(across, max(top, LINE_PX)),
        tile_px=TILE_PX,
        headings=[f"{title}: images by what the prediction loses without them"],
        line_px=2 * LINE_PX - 8,
    )


def _said(row: Mapping[str, object]) -> str:
    copies, moved = row["copy_count"], row["change"]
    assert isinstance(copies, int)
    assert isinstance(moved, float)
    return change(moved) + (f" ({copies} alike)" if copies > 1 else "")
