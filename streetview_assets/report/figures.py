"""Figures in the page: what assets kept, no larger than it is shown, and what a chapter draws."""

import base64
import io
import logging
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from streetview_assets.figures import Figure, image_png, shrink_to_webp, to_png
from streetview_assets.image_decoding import BrokenImageError, read_rgb

_log = logging.getLogger(__name__)

SHOWN_PX = 928
"""Width of the page, less its margins."""
MOST_PX = 1300
"""Pixels kept across that width: enough for small letters on a dense screen."""
DRAWN_DPI, SHOWN_DPI, SHEET_DPI, PHONE_DPI = 130, 96, 110, 192
SHEET_BYTES = 300_000
MOST_BYTES = 240_000
"""A figure above this keeps 256 colours, which is a third of the size."""


@dataclass(frozen=True)
class Embedded:
    """An image in the page: its content as a link, width and height in CSS pixels."""

    src: str
    width: int
    height: int


def embedded(figure: Figure, dpi: int = DRAWN_DPI) -> Embedded:
    """Draw a figure into the page, at so many dots an inch."""
    drawn = Image.open(io.BytesIO(to_png(figure, dpi))).convert("RGB")
    width, height = (round(side * SHOWN_DPI / dpi) for side in drawn.size)
    return Embedded(_link(_flat_png(drawn), "image/png"), width, height)


def embedded_file(path: Path, dpi: int, *, shows_images: bool = False) -> Embedded | None:
    """Put a kept figure into the page; None where it is not there, or damaged.

    Parameters
    ----------
    path
        Its file.
    dpi
        Dots an inch that the study keeps charts at; sheets of images have a size of their own.
    shows_images
        Whether images of places are on it, which a WebP keeps small.
    """
    if not path.is_file():
        return None
    try:
        drawn = read_rgb(path)
    except BrokenImageError:
        _log.warning("%s is damaged and counts as not there", path)
        return None
    width = min(SHOWN_PX, round(drawn.width * SHOWN_DPI / (SHEET_DPI if shows_images else dpi)))
    height = max(1, round(width * drawn.height / drawn.width))
    if drawn.width > MOST_PX:
        most = (MOST_PX, max(1, round(MOST_PX * drawn.height / drawn.width)))
        drawn = drawn.resize(most, Image.Resampling.LANCZOS)
    if not shows_images:
        return Embedded(_link(_flat_png(drawn), "image/png"), width, height)
    small = shrink_to_webp(image_png(drawn), SHEET_BYTES)
    return Embedded(_link(small, "image/webp"), width, height)


def _flat_png(drawn: Image.Image) -> bytes:
    """Write an image of few colours as a PNG; a large one keeps 256 of them."""
    whole = image_png(drawn, is_flat=True)
    if len(whole) <= MOST_BYTES:
        return whole
    few = drawn.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return image_png(few, is_flat=True)


def _link(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
