"""Thumbnails of 96 px: all that stays of deleted images, where the terms allow it."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from streetview_assets.image_decoding import BrokenImageError, read_rgb
from streetview_assets.images.image_files import write_whole

FOLDER = "thumbnails"
THUMBNAIL_PX = 96
QUALITY = 80


def thumbnail_on_disk(folder: Path, image_id: str) -> Path | None:
    """Find the thumbnail of an image.

    Parameters
    ----------
    folder
        The study's folder of data.
    image_id
        Id of the image.

    Returns
    -------
    pathlib.Path or None
        Relative to the study's folder.
    """
    place = _place(image_id)
    return place if (folder / place).is_file() else None


def keep_thumbnail(folder: Path, image_id: str, image: Path) -> Path | None:
    """Keep an image as a WebP of at most 96 px, its aspect kept, upright as its EXIF says.

    Parameters
    ----------
    folder
        The study's folder of data.
    image_id
        Id of the image, by which the thumbnail is named.
    image
        The file of the image.

    Returns
    -------
    pathlib.Path or None
        Relative to the study's folder; None of a file that shows nothing.
    """
    try:
        upright = read_rgb(image, least_side_px=2 * THUMBNAIL_PX)
    except (OSError, BrokenImageError):
        return None
    upright.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    upright.save(content, format="WEBP", quality=QUALITY)
    place = _place(image_id)
    write_whole(folder / place, content.getvalue())
    return place


Shown = tuple[Path | None, ...]
"""The files by which something is shown: of an image one, of a panorama its views clockwise."""


def shown_files(folder: Path, image_id: str, path: str | Sequence[str] | None) -> Shown:
    """Give the files by which something can be shown: itself, or thumbnails of what is deleted.

    Parameters
    ----------
    folder
        The study's folder of data.
    image_id
        Id of the image, or of the view by which a panorama is named.
    path
        Column ``path`` of the table ``images``, or of what `looked_at` makes of it: of a panorama
        the paths of its views.
    """
    if path is None or isinstance(path, str):
        return (_shown_file(folder, image_id, path),)
    return tuple(_shown_file(folder, Path(view).stem, view) for view in path)


def _shown_file(folder: Path, image_id: str, path: str | None) -> Path | None:
    if path is not None and (folder / path).is_file():
        return folder / path
    thumbnail = thumbnail_on_disk(folder, image_id)
    return None if thumbnail is None else folder / thumbnail


def what_is_gone(shown: Sequence[Shown]) -> str:
    """Say of how many images only the thumbnail is left, and of how many nothing.

    Parameters
    ----------
    shown
        What `shown_files` gave.
    """
    files = [file for files in shown for file in files]
    small = sum(file is not None and file.parent.parent.name == FOLDER for file in files)
    deleted = sum(file is None for file in files)
    said = [f"{small} as thumbnails"] * (small > 0) + [f"{deleted} deleted"] * (deleted > 0)
    return "".join(f", {part}" for part in said)


def _place(image_id: str) -> Path:
    return Path(FOLDER) / image_id[:2] / f"{image_id}.webp"
