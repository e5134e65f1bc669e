"""A sheet of some images at a glance: a sample drawn by a seed, or those that were found."""

import io
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw, ImageOps

from streetview_assets.figures import INK, credit_ink, text_font
from streetview_assets.image_decoding import BrokenImageError, read_rgb
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.images.strips import stitched
from streetview_assets.images.thumbnails import Shown, shown_files, what_is_gone

_ROWS = 4
_GAP_PX = 4
_PAPER = "#ffffff"
_EMPTY = "#d9d9d9"


def contact_sheet(
    images: pl.DataFrame,
    folder: Path,
    *,
    columns: int = 8,
    size_px: int = 96,
    seed: int | None,
    title: str,
) -> bytes:
    """Lay out a sample of images, at most four rows of them.

    Parameters
    ----------
    images
        Table ``images``, in any order; only images that are there are drawn from.
    folder
        The study's folder of data.
    columns
        Most images in a row.
    size_px
        Side of the square that each image is fitted into, its aspect kept.
    seed
        Of the sample, laid out by id; None: the first images, in the order of their rows.
    title
        Line above the images.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are. Of an image that was
        deleted from disk its thumbnail is shown, else an empty tile; the title counts both.
    """
    there = images.filter(pl.col("status") == "ok")
    sample = _sample(there, columns * _ROWS, seed)
    across = max(1, min(columns, sample.height))
    down = max(1, -(-sample.height // across))
    text_height_px = max(11, size_px // 8)
    font = text_font(text_height_px)
    line_px = text_height_px * 9 // 5
    files = [
        shown_files(folder, image_id, path)
        for image_id, path in sample.select("image_id", "path").iter_rows()
    ]
    title = f"{title}: {sample.height:,} of {there.height:,} images{what_is_gone(files)}"
    footer = credit_of(sample) if sample.height else "no images"
    step = size_px + _GAP_PX
    text_px = max(int(font.getlength(text)) for text in (title, footer))
    width = max(across * step + _GAP_PX, text_px + 2 * _GAP_PX)
    sheet = Image.new("RGB", (width, down * step + _GAP_PX + 2 * line_px), _PAPER)
    for index, file in enumerate(files):
        row, column = divmod(index, across)
        shown = tile(file, size_px)
        sheet.paste(shown, (_GAP_PX + column * step, line_px + _GAP_PX + row * step))
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP_PX, line_px / 2), title, INK, font, anchor="lm")
    ink = credit_ink(footer)
    draw.text((_GAP_PX, sheet.height - line_px / 2), footer, ink, font, anchor="lm")
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


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
