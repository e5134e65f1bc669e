"""Sheets of images: each at its place, with a heading above and whom to name below.

Of an image that was deleted from disk its thumbnail is shown, else an empty tile; the heading
counts both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw, ImageOps

from streetview_assets.figures import INK, credit_ink, image_png, lead, text_font
from streetview_assets.image_decoding import BrokenImageError, read_rgb
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.images.strips import stitched
from streetview_assets.images.thumbnails import Shown, shown_files, what_is_gone
from streetview_assets.text.counted import counted

GAP_PX = 4
_PAPER = "#ffffff"
_EMPTY = "#d9d9d9"


@dataclass(frozen=True)
class Tile:
    """An image on a sheet, by where its upper left corner is below the heading."""

    image_id: str
    left: int
    top: int
    is_framed: bool = False


@dataclass(frozen=True)
class Note:
    """Words on a sheet, by where they begin and the middle of their height below the heading."""

    text: str
    left: int
    middle: float
    ink: str = INK
    most_px: float = np.inf
    """Width beyond which they are cut."""


def lay_out(
    images: pl.DataFrame,
    folder: Path,
    tiles: Sequence[Tile],
    notes: Sequence[Note] = (),
    *,
    size_px: tuple[int, int],
    tile_px: int,
    headings: Sequence[str],
    line_px: int,
    text_px: int = 12,
    tile_of: Callable[[Shown, int], Image.Image] | None = None,
) -> bytes:
    """Draw a sheet of images.

    Parameters
    ----------
    images
        Rows of the table ``images``, those of all that are shown among them.
    folder
        The study's folder of data.
    tiles, notes
        Images and words.
    size_px
        Width and height that they take, without headings and foot; texts may make it wider.
    tile_px
        Side of a tile.
    headings
        Lines above; the first also says of how many images nothing, or a thumbnail, is left.
    line_px, text_px
        Height of a line and of its letters.
    tile_of
        Reads an image as a square of so many pixels; default: `tile`.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are.
    """
    ids = list(dict.fromkeys(one.image_id for one in tiles))
    there = images.filter(pl.col("image_id").is_in(ids)).unique("image_id", keep="first")
    paths = dict(there.select("image_id", "path").iter_rows())
    files = {image_id: shown_files(folder, image_id, paths.get(image_id)) for image_id in ids}
    lines = [headings[0] + what_is_gone(list(files.values())), *headings[1:]]
    foot = credit_of(there) if there.height else "no images"
    font = text_font(text_px)
    widest = max(int(font.getlength(text)) for text in (*lines, foot)) + 2 * GAP_PX
    above = len(lines) * line_px
    sheet = Image.new("RGB", (max(size_px[0], widest), size_px[1] + above + line_px), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        draw.text((GAP_PX, (number + 0.5) * line_px), line, INK, font, anchor="lm")
    for one in tiles:
        drawn = (tile_of or tile)(files[one.image_id], tile_px)
        left, top = one.left, one.top + above
        sheet.paste(drawn, (left, top))
        if one.is_framed:
            box = (left, top, left + drawn.width - 1, top + drawn.height - 1)
            draw.rectangle(box, outline=INK, width=3)
    for note in notes:
        text = note.text
        while np.isfinite(note.most_px) and font.getlength(text) > note.most_px:
            text = f"{text.removesuffix('…')[:-1]}…"
        draw.text((note.left, note.middle + above), text, note.ink, font, anchor="lm")
    draw.text((GAP_PX, sheet.height - line_px / 2), foot, credit_ink(foot), font, anchor="lm")
    return image_png(sheet)


def contact_sheet(
    images: pl.DataFrame,
    folder: Path,
    *,
    columns: int = 8,
    rows: int = 4,
    size_px: int = 96,
    seed: int | None,
    title: str,
) -> bytes:
    """Lay out a sample of images in rows.

    Parameters
    ----------
    images
        Table ``images``, in any order; only images that are there are drawn from.
    folder
        The study's folder of data.
    columns, rows
        Most images in a row, and most rows.
    size_px
        Side of the square that each image is fitted into, its aspect kept.
    seed
        Of the sample, laid out by id; None: the first images, in the order of their rows.
    title
        Line above the images.

    Returns
    -------
    bytes
        A PNG; see `lay_out`.
    """
    there = images.filter(status="ok")
    sample = _sample(there, columns * rows, seed)
    across = max(1, min(columns, sample.height))
    down = max(1, -(-sample.height // across))
    text_px = max(11, size_px // 8)
    step = size_px + GAP_PX
    tiles = [
        Tile(image_id, GAP_PX + place % across * step, GAP_PX + place // across * step)
        for place, image_id in enumerate(sample["image_id"])
    ]
    return lay_out(
        sample,
        folder,
        tiles,
        size_px=(across * step + GAP_PX, down * step + GAP_PX),
        tile_px=size_px,
        headings=[f"{lead(title)}{sample.height:,} of {counted(there.height, 'image')}"],
        line_px=text_px * 9 // 5,
        text_px=text_px,
    )


def _sample(there: pl.DataFrame, count: int, seed: int | None) -> pl.DataFrame:
    if seed is None:
        return there.head(count)
    ordered = there.sort("image_id")
    if ordered.height <= count:
        return ordered
    drawn = np.zeros(ordered.height, dtype=bool)
    drawn[np.random.default_rng(seed).choice(ordered.height, count, replace=False)] = True
    return ordered.filter(pl.Series(drawn))


def tile(files: Shown, size_px: int) -> Image.Image:
    """Fit an image, or views side by side, into a square; grey where there is none to be read.

    Parameters
    ----------
    files
        What `shown_files` gives.
    size_px
        Side of the square.
    """
    views = [view for file in files if file and (view := _small(file, size_px))]
    if not views:
        return Image.new("RGB", (size_px, size_px), _EMPTY)
    whole = stitched(views)
    return ImageOps.pad(whole, (size_px, size_px), Image.Resampling.LANCZOS, color=_PAPER)


def _small(file: Path, size_px: int) -> Image.Image | None:
    """Read an image upright, no larger than need be; None where it cannot be read."""
    try:
        return read_rgb(file, least_side_px=2 * size_px)
    except (OSError, BrokenImageError):
        return None
