"""What a file of a picture holds once it is decoded in full, or why it cannot be."""

import io
import re
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 100_000_000
"""More are refused before decoding: a file of some kilobytes can unpack to fill the memory."""

THUMBNAIL_PX = 64
CHANNELS = ("red", "green", "blue")

_SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
# MPO is a JPEG with further frames behind it, as some cameras write; Pillow opens it as a JPEG.
_FORMATS = ("JPEG", "PNG", "WEBP")
_DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)


class BrokenPictureError(ValueError):
    """A picture that cannot be used; its text is the reason, alike for alike faults."""


@dataclass(frozen=True)
class Pixels:
    """A picture that decodes in full.

    Attributes
    ----------
    suffix
        ``jpg``, ``png`` or ``webp``, by the content and not by any file name.
    width_px, height_px
        Size as stored, before any turn that its EXIF asks for.
    colours
        ``red_mean`` … ``blue_sd``: mean and standard deviation of each channel, 0 to 1, over a
        thumbnail of at most 64 px.
    """

    suffix: str
    width_px: int
    height_px: int
    colours: dict[str, float]


def read_pixels(content: bytes) -> Pixels:
    """Decode a JPEG, PNG or WebP in full and measure it.

    Raises
    ------
    BrokenPictureError
        Where the content is empty, of another kind, truncated or corrupt, or has more than 100
        megapixels.
    """
    if not content:
        raise BrokenPictureError("the file is empty")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            return _measured(picture)
    except Image.DecompressionBombError:
        raise BrokenPictureError(_too_large()) from None
    except UnidentifiedImageError:
        raise BrokenPictureError("not a JPEG, PNG or WebP picture") from None
    except BrokenPictureError:
        raise
    except _DECODING_ERRORS as error:
        reason = re.sub(r"\s*\(.*\)", "", str(error)) or type(error).__name__
        raise BrokenPictureError(f"does not decode: {reason}") from error


def _measured(picture: Image.Image) -> Pixels:
    width_px, height_px = picture.size
    if width_px * height_px > MOST_PIXELS:
        raise BrokenPictureError(_too_large())
    suffix = _SUFFIXES[str(picture.format)]
    thumbnail = picture.convert("RGB")
    thumbnail.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX, reducing_gap=None)
    values = np.asarray(thumbnail, dtype=np.float64).reshape(-1, 3) / 255
    means, spreads = values.mean(axis=0), values.std(axis=0)
    colours = {f"{channel}_mean": float(means[i]) for i, channel in enumerate(CHANNELS)}
    colours |= {f"{channel}_sd": float(spreads[i]) for i, channel in enumerate(CHANNELS)}
    return Pixels(suffix, width_px, height_px, colours)


def _too_large() -> str:
    return f"more than {MOST_PIXELS // 1_000_000} megapixels"
