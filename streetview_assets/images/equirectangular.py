"""Views cut out of a panorama that shows every direction."""

import io
from collections.abc import Sequence
from math import atan, degrees, radians, tan

import numpy as np
from PIL import Image

from streetview_assets.images.http.answers import UnusableError

JPEG_QUALITY = 92
_RATIO = 2.0
_TOLERANCE = 0.1


def cut_view(
    panorama: Image.Image,
    *,
    middle_deg: float,
    heading_deg: float,
    pitch_deg: float,
    fov_deg: float,
    size_px: Sequence[int],
) -> bytes:
    """Cut a view out of an equirectangular panorama, as a camera would have taken it there.

    Parameters
    ----------
    panorama
        RGB, twice as wide as high: all directions.
    middle_deg
        Heading of its middle, degrees from north.
    heading_deg, pitch_deg, fov_deg
        Where the view looks, and how much it shows from left to right.
    size_px
        Width and height of the view.

    Returns
    -------
    bytes
        A JPEG; the same input gives the same bytes.

    Raises
    ------
    UnusableError
        Where the panorama does not show all directions.
    """
    # It loads SciPy, which whoever reads a study file has no use for.
    import py360convert

    if abs(panorama.width / panorama.height - _RATIO) > _TOLERANCE:
        raise UnusableError(
            f"the panorama has {panorama.width} × {panorama.height} px, which is not all around"
        )
    width_px, height_px = size_px
    vertical_deg = 2 * degrees(atan(tan(radians(fov_deg / 2)) * height_px / width_px))
    right_deg = (heading_deg - middle_deg + 180) % 360 - 180
    pixels = py360convert.e2p(
        np.asarray(panorama),
        fov_deg=(fov_deg, vertical_deg),
        u_deg=right_deg,
        v_deg=pitch_deg,
        out_hw=(height_px, width_px),
        mode="bilinear",
    )
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
