"""The views of a panorama side by side, as one image."""

from collections.abc import Sequence

from PIL import Image


def stitched(views: Sequence[Image.Image]) -> Image.Image:
    """Put views side by side, from left to right, with nothing between them.

    They are joined as they are: what two views both show, where the angle of view is wider than the
    step from heading to heading, stands there twice.

    Parameters
    ----------
    views
        RGB, one at least. Where they are not equally high, all are brought to the lowest height,
        so that no pixel is made up.

    Returns
    -------
    Image.Image
        RGB; a single view is the strip.
    """
    if len(views) == 1:
        return views[0]
    height = min(view.height for view in views)
    level = [_as_high(view, height) for view in views]
    strip = Image.new("RGB", (sum(view.width for view in level), height))
    left = 0
    for view in level:
        strip.paste(view, (left, 0))
        left += view.width
    return strip


def _as_high(view: Image.Image, height: int) -> Image.Image:
    if view.height == height:
        return view
    width = max(round(view.width * height / view.height), 1)
    return view.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
