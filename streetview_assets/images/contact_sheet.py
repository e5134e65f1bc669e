"""A sheet of some pictures at a glance, drawn by a seed."""

import io
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw, ImageFont, ImageOps

from streetview_assets.figures import SYNTHETIC_NOTE

_ROWS = 4
_GAP_PX = 4
_PAPER = "#ffffff"
_EMPTY = "#d9d9d9"
_INK = "#222222"
_SYNTHETIC_INK = "#8a1c1c"


def contact_sheet(
    images: pl.DataFrame,
    folder: Path,
    *,
    columns: int = 8,
    size_px: int = 96,
    seed: int,
    title: str,
    synthetic: bool,
) -> bytes:
    """Lay out a sample of pictures, at most four rows of them.

    Parameters
    ----------
    images
        Table ``images``, in any order; only pictures that are there are drawn from.
    folder
        The study's folder of data.
    columns
        Most pictures in a row.
    size_px
        Side of the square that each picture is fitted into, its aspect kept.
    seed
        Of the sample.
    title
        Line above the pictures.
    synthetic
        Whether the pictures are drawn by a program; the sheet then says so.

    Returns
    -------
    bytes
        A PNG. A picture that was deleted from disk since is an empty tile.
    """
    there = images.filter(pl.col("status") == "ok")
    sample = _sample(there, columns * _ROWS, seed)
    across = max(1, min(columns, sample.height))
    down = max(1, -(-sample.height // across))
    text_height_px = max(11, size_px // 8)
    font = ImageFont.load_default(text_height_px)
    line_px = text_height_px * 9 // 5
    title = f"{title}: {sample.height:,} of {there.height:,} pictures"
    footer = SYNTHETIC_NOTE if synthetic else _source(there)
    step = size_px + _GAP_PX
    text_px = max(int(font.getlength(text)) for text in (title, footer))
    width = max(across * step + _GAP_PX, text_px + 2 * _GAP_PX)
    sheet = Image.new("RGB", (width, down * step + _GAP_PX + 2 * line_px), _PAPER)
    for index, path in enumerate(sample["path"]):
        row, column = divmod(index, across)
        tile = _tile(folder / path, size_px)
        sheet.paste(tile, (_GAP_PX + column * step, line_px + _GAP_PX + row * step))
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP_PX, line_px / 2), title, _INK, font, anchor="lm")
    ink = _SYNTHETIC_INK if synthetic else _INK
    draw.text((_GAP_PX, sheet.height - line_px / 2), footer, ink, font, anchor="lm")
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


def _sample(there: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    ordered = there.sort("image_id")
    if ordered.height <= count:
        return ordered
    drawn = np.zeros(ordered.height, dtype=bool)
    drawn[np.random.default_rng(seed).choice(ordered.height, count, replace=False)] = True
    return ordered.filter(pl.Series(drawn))


def _tile(path: Path, size_px: int) -> Image.Image:
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (2 * size_px, 2 * size_px))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except FileNotFoundError:
        return Image.new("RGB", (size_px, size_px), _EMPTY)
    return ImageOps.pad(upright, (size_px, size_px), Image.Resampling.LANCZOS, color=_PAPER)


def _source(there: pl.DataFrame) -> str:
    if there.is_empty():
        return "no pictures"
    providers = ", ".join(there["provider"].unique().sort())
    return f"provider {providers}; © of the pictures: their authors"
