"""Where the images of a study lie on disk, by their ids."""

import os
import threading
from pathlib import Path

from streetview_assets.files.storage import writing
from streetview_assets.image_decoding import SUFFIX_OF_FORMAT

SUFFIXES = tuple(dict.fromkeys(SUFFIX_OF_FORMAT.values()))


def image_on_disk(folder: Path, image_id: str) -> Path | None:
    """Find the file of an image.

    Parameters
    ----------
    folder
        The study's folder of data.
    image_id
        Id of the image; its file is named by it, with the ending of its format.
    """
    candidates = (folder / _place(image_id, suffix) for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def write_image(folder: Path, image_id: str, suffix: str, content: bytes) -> Path:
    """Write an image aside, sync it and rename it; there is never half of one under its name.

    Parameters
    ----------
    folder
        The study's folder of data.
    image_id
        Id of the image, by which the file is named.
    suffix
        Ending of the format, with its dot.
    content
        The bytes, as they came.

    Returns
    -------
    Path
        Relative to the study's folder.
    """
    place = _place(image_id, suffix)
    write_whole(folder / place, content)
    return place


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside, sync it and rename it; there is never half of one under its name."""
    # Two authorities may fetch the same image at once, in two processes.
    aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def _place(image_id: str, suffix: str) -> Path:
    return Path("images") / image_id[:2] / f"{image_id}.{suffix}"
