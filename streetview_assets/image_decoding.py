"""The one way to open an image: every kind that is read, of any mode and depth, as 8-bit RGB."""

import io
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pi_heif
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

MOST_PIXELS = 100_000_000
"""More are refused before decoding: a file of some kilobytes can unpack to fill the memory."""

KINDS = "JPEG, PNG, WebP, AVIF or HEIC"
SUFFIX_OF_FORMAT = {
    "JPEG": "jpg",
    # A JPEG with further frames behind it, as some cameras write.
    "MPO": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "AVIF": "avif",
    "HEIF": "heic",
}

_FORMATS = tuple(name for name in SUFFIX_OF_FORMAT if name != "MPO")
_GROUND = "#ffffff"
_LIBRARY_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow, libheif and the rest raise for content that is not what it says it is."""

pi_heif.register_heif_opener()


class BrokenImageError(ValueError):
    """An image that cannot be used; its text is the reason, alike for alike faults."""


class WrongSizeError(BrokenImageError):
    """An image of another size than was asked for, or of more pixels than are decoded.

    Asking for it again gives no other.
    """


@dataclass(frozen=True)
class DecodedImage:
    """An image that decodes in full.

    Attributes
    ----------
    rgb
        Its pixels, 8 bits a channel; see `as_rgb`.
    suffix
        ``jpg``, ``png``, ``webp``, ``avif`` or ``heic``, by the content and not by any file name.
    width_px, height_px
        Size as stored, before any turn that its EXIF asks for.
    """

    rgb: Image.Image
    suffix: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Exif:
    """What a camera wrote into an image, by tag: EXIF's main, GPS and Exif IFDs.

    Attributes
    ----------
    main, gps, photo
        Number of the tag to what stands there; empty where there is no such part.
    """

    main: Mapping[int, Any]
    gps: Mapping[int, Any]
    photo: Mapping[int, Any]


def decode_image(
    content: bytes,
    *,
    size_px: Sequence[int] | None = None,
    upright: bool = False,
    least_side_px: int | None = None,
    most_pixels: int = MOST_PIXELS,
) -> DecodedImage:
    """Decode an image in full.

    Parameters
    ----------
    content
        The bytes of a file.
    size_px
        Width and height that it has to have; None where any will do.
    upright
        Whether it is turned as its EXIF says.
    least_side_px
        Where given, a JPEG is read at a half, a quarter or an eighth of its size as long as its
        shorter side stays at least so long: most of the work of decoding it is then left out.
    most_pixels
        More are refused; at most `MOST_PIXELS`.

    Raises
    ------
    WrongSizeError
        Where it has another size, or more pixels than that; its header says so, and it is not
        decoded.
    BrokenImageError
        Where the content is empty, of another kind, truncated or corrupt, or has numbers of a
        range that it does not tell.
    """
    too_large = f"more than {most_pixels // 1_000_000} megapixels"
    if not content:
        raise BrokenImageError("the file is empty")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            width_px, height_px = image.size
            if width_px * height_px > most_pixels:
                raise WrongSizeError(too_large)
            if size_px is not None and image.size != tuple(size_px):
                wanted_px = f"{size_px[0]} × {size_px[1]}"
                raise WrongSizeError(
                    f"the image has {width_px} × {height_px} px, asked for {wanted_px}"
                )
            if least_side_px:
                image.draft("RGB", (least_side_px, least_side_px))
            image.load()
            suffix = SUFFIX_OF_FORMAT[str(image.format)]
            rgb = as_rgb(_turned(image) if upright else image)
            return DecodedImage(rgb, suffix, width_px, height_px)
    except Image.DecompressionBombError:
        raise WrongSizeError(too_large) from None
    except UnidentifiedImageError:
        raise BrokenImageError(f"not a {KINDS} image") from None
    except BrokenImageError:
        raise
    except _LIBRARY_ERRORS as error:
        reason = re.sub(r"\s*\(.*\)", "", str(error)) or type(error).__name__
        raise BrokenImageError(f"does not decode: {reason}") from error


def read_rgb(path: Path, *, least_side_px: int | None = None) -> Image.Image:
    """Read an image from disk, upright as its EXIF says, 8 bits a channel.

    Parameters
    ----------
    path
        A file of any kind that is read here.
    least_side_px
        A JPEG may be read at a reduced scale, down to this shorter side; None: in full.

    Raises
    ------
    OSError
        Where the file cannot be read.
    BrokenImageError
        Where it does not decode; see `decode_image`.
    """
    return decode_image(path.read_bytes(), upright=True, least_side_px=least_side_px).rgb


def read_exif(path: Path) -> Exif:
    """Read the EXIF of an image, of any kind that is read; it is not decoded.

    Raises
    ------
    OSError
        Where the file cannot be read.
    BrokenImageError
        Where it is no image, or its EXIF is not what it says.
    """
    with path.open("rb") as file:
        try:
            with Image.open(file, formats=_FORMATS) as image:
                exif = image.getexif()
                gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        except UnidentifiedImageError:
            raise BrokenImageError(f"not a {KINDS} image") from None
        except (Image.DecompressionBombError, *_LIBRARY_ERRORS) as error:
            raise BrokenImageError("its EXIF cannot be read") from error
        try:
            photo = exif.get_ifd(ExifTags.IFD.Exif)
        except _LIBRARY_ERRORS:
            photo = {}  # a broken maker note takes the time away, not the place
        return Exif(dict(exif), gps, photo)


def as_rgb(image: Image.Image) -> Image.Image:
    """Turn an image of any mode into 8-bit RGB.

    Pillow's own conversion clips what is above 255, so that 16-bit grey becomes white. Here 16 bits
    become 8 by their upper ones (255 of 65,535 levels a step, as for 16-bit colour), and what is
    transparent shows the white of the page, not the colour that happens to be stored below it.

    Raises
    ------
    BrokenImageError
        Of whole numbers of 32 bits and of floats, since nothing tells which of them is white.
    """
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        kind = {"I": "whole numbers of 32 bits", "F": "floats"}[image.mode]
        raise BrokenImageError(f"its pixels are {kind}, and nothing tells which of them is white")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, _GROUND)
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _turned(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF says; one whose EXIF is broken stays as it is stored."""
    try:
        return ImageOps.exif_transpose(image)
    except _LIBRARY_ERRORS:
        return image
