"""Images that are not square, for a network whose input is: by a named rule, never in silence.

| rule | what the network sees |
|---|---|
| `crop` | what its library shows it, most often the square in the middle; vectors are the library's |
| `pad` | the whole image, in the middle of a square of plain ground |
| `tiles` | squares as high as the image (as wide, if it stands upright), evenly spaced from edge to edge; they overlap rather than leave anything out, and the vector is their mean |

Some libraries show a network only the middle of a square image too (timm's `crop_pct`, most often
7/8). `crop` and `tiles` then lose at every edge what a square image loses; `pad` loses nothing.
"""  # noqa: E501

import math
from typing import Literal

from PIL import Image

Fit = Literal["crop", "pad", "tiles"]

MOST_TILES = 32
"""An image longer than this is no street scene, and would fill the memory with its tiles."""

_ROUNDING = 1e-9


def inputs_of(
    image: Image.Image, fit: Fit, *, ground: tuple[int, int, int], seen: float
) -> list[Image.Image]:
    """Give what stands for an image before the network.

    Parameters
    ----------
    image
        RGB.
    fit
        `crop`: the library's own crop, so that the image stays as it is. `pad`: the whole on a
        square. `tiles`: squares side by side along the longer side.
    ground
        Colour around an image under `pad`.
    seen
        Share of a square's side that the library shows the network, 1 or a little less.

    Returns
    -------
    list[Image.Image]
        One image under `crop` and `pad`, the tiles in reading order under `tiles`. Those that
        are made are square; a square image is its own and only tile.

    Raises
    ------
    ValueError
        Where an image would be cut into more than 32 tiles.
    """
    if fit == "crop":
        return [image]
    return [padded(image, ground, seen)] if fit == "pad" else tiles(image, seen)


def padded(image: Image.Image, ground: tuple[int, int, int], seen: float) -> Image.Image:
    """Put the whole image where the network sees it: on a square, in the middle.

    Parameters
    ----------
    image
        RGB, of any shape.
    ground
        Red, green, blue of what surrounds it, 0 to 255.
    seen
        Share of a square's side that the library shows the network, 1 or a little less.
    """
    side = max(image.width, image.height, _whole(max(image.size) / seen))
    if image.size == (side, side):
        return image
    square = Image.new("RGB", (side, side), ground)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def tiles(image: Image.Image, seen: float) -> list[Image.Image]:
    """Cut the image into squares along its longer side.

    Parameters
    ----------
    image
        RGB, of any shape.
    seen
        Share of a square's side that the library shows the network, 1 or a little less.
    """
    width, height = image.size
    side = min(width, height)
    starts = tile_starts(max(width, height), side, seen)
    if len(starts) == 1:
        return [image]
    corners = [(start, 0) if width > height else (0, start) for start in starts]
    return [image.crop((x, y, x + side, y + side)) for x, y in corners]


def tile_starts(length: int, side: int, seen: float = 1.0) -> list[int]:
    """Say where tiles begin, evenly spaced from one end to the other.

    Parameters
    ----------
    length, side
        Of the image along its longer side, and of a tile, in pixels.
    seen
        Share of a tile's side that counts: what two tiles show side by side leaves no gap.

    Raises
    ------
    ValueError
        Where that takes more than 32 tiles.
    """
    margins_px = (1 - seen) * side
    count = max(_whole((length - margins_px) / (seen * side)), 1)
    if count > MOST_TILES:
        raise ValueError(f"an image of {length} by {side} pixels would be {count} square tiles")
    return [round(number * (length - side) / max(count - 1, 1)) for number in range(count)]


def _whole(number: float) -> int:
    """Round up, a computed 3.0000000001 to 3."""
    return math.ceil(number - _ROUNDING)


def describe_preprocessing(fit: Fit, ground: tuple[int, int, int]) -> str:
    """Say the rule in an encoder's identity.

    Parameters
    ----------
    fit
        How images that are not square are fitted; see `inputs_of`.
    ground
        Red, green, blue of what surrounds an image, 0 to 255.
    """
    if fit == "pad":
        return f"fit pad (whole image on a square of RGB {ground})"
    return "fit tiles (mean of unit vectors of square tiles)" if fit == "tiles" else "fit crop"
