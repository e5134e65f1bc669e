"""Images that decode but show nothing: the tile by which a service says "no imagery"."""

from streetview_assets.images.quality_metrics import Pixels

GREY_TILE = (228, 227, 223)
"""The colour of the Street View service's tile; a line of darker grey text stands on it."""

_COLOUR_REACH = 4
_TILE_SHARE = 0.8


def is_grey_tile(pixels: Pixels) -> bool:
    """Say whether an image is the grey tile that stands for "no imagery".

    It is where at least 80 % of it is of the tile's grey (within 4 of 255 in each channel, as JPEG
    may shift it) and as much of it is painted flat: of fog, snow or a pale wall of the same grey
    no camera makes one and the same value.
    """
    return (
        pixels.plain_share >= _TILE_SHARE
        and pixels.flat_share >= _TILE_SHARE
        and all(
            abs(found - grey) <= _COLOUR_REACH
            for found, grey in zip(pixels.plain_colour, GREY_TILE, strict=True)
        )
    )
