"""Figures that the assets kept in the study's folder, in the page: no larger than they are shown.

What is on disk is shown as it was drawn; a page made from the published file alone does without.
"""

import io
import logging

from PIL import Image

from streetview_assets.figures import figures_folder, shrink_to_webp
from streetview_assets.image_decoding import BrokenImageError, read_rgb
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.report.database import Published
from streetview_assets.report.html import flat_png, image, paragraph

_log = logging.getLogger(__name__)

SHOWN_PX = 928
"""Width of the page, less its margins."""
MOST_PX = 1300
"""Pixels kept across that width: enough for small letters on a dense screen."""
DRAWN_DPI, SHOWN_DPI = 110, 96
SHEET_BYTES = 300_000


def kept_figure(
    published: Published,
    name: str,
    told: str,
    *,
    alt: str = "",
    of: str | None = None,
    shows_images: bool = False,
) -> str:
    """Put a figure of the study's folder into the page; nothing where it is not there.

    Parameters
    ----------
    published
        The published database, and the folder of figures beside it.
    name
        Its file's name, without the ending.
    told
        The caption.
    alt
        What stands for it where it is not seen; default: the caption.
    of
        Code of the authority that it is of; None: of the whole study.
    shows_images
        Whether images of places are on it, which the provider's terms may keep from being passed
        on; then a sentence says so in its stead.
    """
    path = figures_folder(published.opened.root, of) / f"{name}.png"
    if not path.is_file():
        return ""
    if shows_images and (restricted := why_no_images(published)):
        return paragraph(restricted, "quiet")
    try:
        drawn = read_rgb(path)
    except BrokenImageError:
        _log.warning("%s is damaged and counts as not there", path)
        return ""
    wide = min(SHOWN_PX, round(drawn.width * SHOWN_DPI / DRAWN_DPI))
    shown = (wide, max(1, round(wide * drawn.height / drawn.width)))
    if drawn.width > MOST_PX:
        most = (MOST_PX, max(1, round(MOST_PX * drawn.height / drawn.width)))
        drawn = drawn.resize(most, Image.Resampling.LANCZOS)
    if not shows_images:
        return image(flat_png(drawn), "image/png", shown, alt or told, told)
    buffer = io.BytesIO()
    drawn.save(buffer, format="PNG")
    return image(
        shrink_to_webp(buffer.getvalue(), SHEET_BYTES), "image/webp", shown, alt or told, told
    )


def why_no_images(published: Published) -> str:
    """Say that the provider's terms keep its images off the page; empty where they do not."""
    terms = terms_of(published.study.images.provider)
    if terms.may_store:
        return ""
    return f"No image is on this page: the terms of {terms.images} restrict passing them on."
