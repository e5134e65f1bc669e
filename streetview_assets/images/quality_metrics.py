"""What a file of an image holds once it is decoded in full, or why it cannot be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from streetview_assets.image_decoding import (
    BrokenImageError,
    DecodedImage,
    WrongSizeError,
    decode_image,
)

__all__ = ["BrokenImageError", "Pixels", "WrongSizeError", "read_pixels"]

THUMBNAIL_PX = 64
SHARPNESS_PX = 224
HASHED_PX = 128
PLAIN_REACH = 6
"""How far a pixel may lie from the commonest colour, in each channel, to be of that colour."""

CHANNELS = ("red", "green", "blue")

_LUMA = np.array((0.299, 0.587, 0.114))
_LEVELS = np.arange(256, dtype=np.int64)
_STEP_BITS = 3
_HASH_SIDE = 32
_LOWEST_WAVES = np.cos(
    np.pi * np.arange(8)[:, None] * (2 * np.arange(_HASH_SIDE) + 1) / (2 * _HASH_SIDE)
)
"""The eight lowest of the discrete cosine transform (type II) of so many pixels."""


@dataclass(frozen=True)
class Pixels:
    """An image that decodes in full.

    Attributes
    ----------
    suffix
        ``jpg``, ``png``, ``webp``, ``avif`` or ``heic``, by the content and not by any file name.
    width_px, height_px
        Size as stored, before any turn that its EXIF asks for.
    measures
        Columns of table ``images``. ``red_mean`` … ``blue_sd``: mean and standard deviation of
        each channel, 0 to 1, and ``brightness``, the mean luma (ITU-R BT.601), all over a
        thumbnail of at most 64 px, whose pixels are means of whole squares: the means are within
        0.005 of the whole image's. ``sharpness``: see `sharpness`. ``perceptual_hash``: see
        `perceptual_hash`.
    plain_colour
        The commonest colour, 0 to 255 each: the mean of the pixels of the thumbnail in the fullest
        of steps of 8.
    plain_share
        Share of the thumbnail's pixels that lie within `PLAIN_REACH` of it, 0 to 1.
    flat_share
        Share of all pixels whose luma is the commonest or next to it, 0 to 1: high where a colour
        was painted, low where it was photographed, for a camera gives grain and shade.
    """

    suffix: str
    width_px: int
    height_px: int
    measures: dict[str, float | str]
    plain_colour: tuple[int, int, int]
    plain_share: float
    flat_share: float


def read_pixels(content: bytes, size_px: Sequence[int] | None = None) -> Pixels:
    """Decode an image in full and measure it.

    Parameters
    ----------
    content
        The bytes of an image file.
    size_px
        Width and height that it has to have; None where any will do.

    Raises
    ------
    WrongSizeError
        Where it has another size, or more than 100 megapixels; its header says so, and it is not
        decoded.
    BrokenImageError
        Where the content is empty, of another kind, truncated or corrupt.
    """
    return _measured(decode_image(content, size_px=size_px))


def sharpness(luma: Image.Image) -> float:
    """Measure how sharp an image is: variance of the Laplacian of its luma.

    The image is first reduced by whole squares to a longer side of at most 224 px, so that
    images of different sizes can be compared; what is finer than that no encoder sees either. The
    Laplacian has four neighbours and no border.

    Parameters
    ----------
    luma
        An image of mode ``L``.

    Notes
    -----
    Pech-Pacheco et al. (2000), "Diatom autofocusing in brightfield microscopy: a comparative
    study", ICPR.
    """
    reduced = luma.reduce(math.ceil(max(luma.size) / SHARPNESS_PX))
    if min(reduced.size) < 3:
        return 0.0
    values = np.asarray(reduced).astype(np.int16)
    laplacian = values[:-2, 1:-1] + values[2:, 1:-1]
    laplacian += values[1:-1, :-2]
    laplacian += values[1:-1, 2:]
    laplacian -= 4 * values[1:-1, 1:-1]
    flat = laplacian.ravel().astype(np.float32)
    return float(flat @ flat / flat.size - flat.mean() ** 2)


def perceptual_hash(luma: Image.Image) -> str:
    """Hash what an image looks like: its pHash, 64 bits as 16 hexadecimal digits.

    It says of each of the 64 lowest frequencies of the image at 32 × 32 px whether it is stronger
    than their median, as the library imagehash does, of the image reduced by whole squares to a
    longer side of at most 128 px. To get there from the whole image takes three times as long at
    320 px, five times at 640, and changed none of the bits of three photos in four, two of nearly
    all others.

    Parameters
    ----------
    luma
        An image of mode ``L``.

    Notes
    -----
    Zauner (2010), "Implementation and benchmarking of perceptual image hash functions".
    """
    reduced = luma.reduce(math.ceil(max(luma.size) / HASHED_PX))
    small = reduced.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.LANCZOS)
    # What is 0 but for rounding is 0: it would make hashes of plain images noise.
    lowest = np.round(_LOWEST_WAVES @ np.asarray(small, dtype=np.float64) @ _LOWEST_WAVES.T, 6)
    return np.packbits(lowest > np.median(lowest)).tobytes().hex()


def _measured(image: DecodedImage) -> Pixels:
    luma = image.rgb.convert("L")
    thumbnail = image.rgb.reduce(math.ceil(max(image.rgb.size) / THUMBNAIL_PX))
    return Pixels(
        image.suffix,
        image.width_px,
        image.height_px,
        _colours(thumbnail)
        | {"sharpness": sharpness(luma), "perceptual_hash": perceptual_hash(luma)},
        *_plain(np.asarray(thumbnail).reshape(-1, 3)),
        flat_share=_flat_share(luma),
    )


def _colours(thumbnail: Image.Image) -> dict[str, float | str]:
    # Whole numbers, so that an image of one colour has a spread of exactly 0.
    counts = np.array(thumbnail.histogram(), dtype=np.int64).reshape(3, 256)
    pixels = counts[0].sum()
    sums, squares = counts @ _LEVELS, counts @ _LEVELS**2
    means = sums / pixels / 255
    spreads = np.sqrt(pixels * squares - sums**2) / pixels / 255
    colours: dict[str, float | str] = {"brightness": float(means @ _LUMA)}
    colours |= {f"{channel}_mean": float(means[i]) for i, channel in enumerate(CHANNELS)}
    return colours | {f"{channel}_sd": float(spreads[i]) for i, channel in enumerate(CHANNELS)}


def _plain(values: npt.NDArray[np.uint8]) -> tuple[tuple[int, int, int], float]:
    """Find the commonest colour and the share of pixels that have it."""
    channels = np.ascontiguousarray(values.T).astype(np.int16)
    steps = channels >> _STEP_BITS
    step = (steps[0] << 10) | (steps[1] << 5) | steps[2]
    fullest = channels[:, step == np.bincount(step).argmax()]
    colour = np.rint(fullest.mean(axis=1)).astype(np.int16)
    alike = (np.abs(channels - colour[:, None]) <= PLAIN_REACH).all(axis=0)
    red, green, blue = colour.tolist()
    return (red, green, blue), float(alike.mean())


def _flat_share(luma: Image.Image) -> float:
    counts = np.array(luma.histogram())
    commonest = int(counts.argmax())
    return float(counts[max(0, commonest - 1) : commonest + 2].sum() / counts.sum())
