"""A sheet of the images that are excluded: the surest, and those that only just are."""

from pathlib import Path

import polars as pl

from streetview_assets.embeddings.zero_shot.exclusions import BY_CATEGORY
from streetview_assets.figures import lead
from streetview_assets.images.contact_sheet import Note, Tile, lay_out
from streetview_assets.text.counted import counted

ACROSS, SUREST, LEAST_SURE = 8, 24, 16
TILE_PX, GAP_PX, LINE_PX = 128, 6, 22


def exclusions_sheet(
    exclusions: pl.DataFrame, images: pl.DataFrame, folder: Path, *, title: str
) -> bytes:
    """Lay out images that are excluded, the surest first, each with its reason.

    Of more than forty, the 24 surest are shown and the 16 least sure: it is among these that a
    street may be.

    Parameters
    ----------
    exclusions, images
        The tables `image_exclusions`, not empty, and `images`, of one authority.
    folder
        The study's folder of data.
    title
        Whose images they are.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are.
    """
    surest_first = exclusions.join(
        images.select("image_id", "path"), on="image_id", how="inner"
    ).sort("probability", "image_id", descending=[True, False], nulls_last=False)
    parts = _parts(surest_first)
    step, row_px = TILE_PX + GAP_PX, TILE_PX + LINE_PX
    tiles, notes, top = [], [], 0
    for name, part in parts:
        if name:
            notes.append(Note(name, GAP_PX, top + LINE_PX / 2))
            top += LINE_PX
        for place, image in enumerate(part.iter_rows(named=True)):
            row, column = divmod(place, ACROSS)
            left, above = GAP_PX + column * step, top + row * row_px
            tiles.append(Tile(image["image_id"], left, above))
            middle = above + TILE_PX + LINE_PX / 2 - 2
            notes.append(Note(_caption(image), left, middle, most_px=TILE_PX))
        top += -(-len(part) // ACROSS) * row_px
    return lay_out(
        images,
        folder,
        tiles,
        notes,
        size_px=(min(ACROSS, len(tiles)) * step + GAP_PX, top),
        tile_px=TILE_PX,
        headings=[f"{lead(title)}{said_of(exclusions)}"],
        line_px=LINE_PX,
    )


def _parts(surest_first: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Choose what is shown, each part under its name: all of a few."""
    most = SUREST + LEAST_SURE
    if surest_first.height <= most:
        return [("", surest_first)]
    if surest_first["probability"].is_null().all():
        return [(f"the first {most}", surest_first.head(most))]
    return [
        (f"the {SUREST} surest", surest_first.head(SUREST)),
        (f"the {LEAST_SURE} least sure", surest_first.tail(LEAST_SURE)),
    ]


def said_of(exclusions: pl.DataFrame) -> str:
    """Say how many images are excluded, and what becomes of them."""
    count = exclusions.height
    if exclusions["is_dropped"].any():
        return f"{counted(count, 'image is', 'images are')} dropped"
    return f"{counted(count, 'image')} would be dropped"


def _caption(image: dict[str, object]) -> str:
    """Give the category, or the probability by words, rounded down, with the reason."""
    probability = image["probability"]
    text = str(image["reason"]).removeprefix(BY_CATEGORY)
    return f"{int(probability * 100)}% {text}" if isinstance(probability, float) else text
