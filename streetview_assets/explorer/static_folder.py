"""The explorer as a run writes it: a folder in the study's data, made again with what it shows."""

import json
from collections.abc import Callable
from pathlib import Path

from streetview_assets.explorer.static_site import MANIFEST, STATIC, write_explorer
from streetview_assets.explorer.words import word_likeness
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.report.database import Published
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.warehouse.marts import publication


def write_static(opened: OpenStudy, on_progress: Callable[[int, int], None] | None = None) -> Path:
    """Write the folder for any web server, and give the page to open.

    Parameters
    ----------
    opened
        The study, published, with a part `explorer`.
    on_progress
        Told images drawn, and of how many.
    """
    part = opened.study.explorer
    words = part.words if part else ()
    return write_explorer(
        Published(opened.root, opened.study),
        opened.root / STATIC,
        shows_images=terms_of(opened.study.images.provider).may_store,
        likeness=lambda image_ids: word_likeness(opened, words, image_ids),
        on_progress=on_progress,
    )


def is_written(opened: OpenStudy) -> bool:
    """Whether the folder shows what is published now."""
    try:
        told = json.loads((opened.root / STATIC / "data" / f"{MANIFEST}.json").read_bytes())
    except (OSError, ValueError):
        return False
    return bool(told["study"]["build"] == publication(opened))
