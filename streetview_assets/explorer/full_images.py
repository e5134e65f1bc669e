"""Full images in an explorer that is passed on: as they are, named by what they hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streetview_assets.explorer.columns import write_json_file
from streetview_assets.images.image_files import write_whole
from streetview_assets.images.thumbnails import shown_files
from streetview_assets.processes import stopping
from streetview_assets.study_state.open_study import OpenStudy

FOLDER, MANIFEST = "images", "manifest"


def add_full_images(
    opened: OpenStudy, folder: Path, *, on_progress: Callable[[int, int], None] | None = None
) -> None:
    """Put full images into an explorer, or what is left of them, and say so in its manifest.

    One that is there is kept; others go.

    Parameters
    ----------
    opened
        The study.
    folder
        What `write_explorer` wrote, with thumbnails.
    on_progress
        Told images done, and of how many.
    """
    manifest = _read(folder / "data" / f"{MANIFEST}.json")
    ids = [
        image_id
        for column in (manifest["images"]["id"], manifest["others"]["id"])
        for image_id in _read(folder / column["file"])
    ]
    files = opened.read("images").select("image_id", "path", "sha256")
    by_id = {image_id: (path, sha256) for image_id, path, sha256 in files.iter_rows()}
    names: list[str | None] = []
    for image_id in ids:
        stopping.check()
        names.append(_copied(opened.root, folder, image_id, *by_id[image_id]))
        if on_progress:
            on_progress(len(names), len(ids))
    drop_full_images(folder, kept=names)
    full = write_json_file(folder, "full_image", names)
    write_json_file(folder, MANIFEST, manifest | {"full": full})


def drop_full_images(folder: Path, kept: list[str | None]) -> None:
    """Remove full images that an explorer no longer shows.

    Parameters
    ----------
    folder
        Of the explorer.
    kept
        Files that stay, relative to the folder.
    """
    known = set(kept)
    for path in (folder / FOLDER).glob("*"):
        if f"{FOLDER}/{path.name}" not in known:
            path.unlink()


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _copied(
    root: Path, folder: Path, image_id: str, path: str | None, sha256: str | None
) -> str | None:
    """Copy the file of an image, or its thumbnail; None where both are gone."""
    source = shown_files(root, image_id, path)[0]
    if source is None:
        return None
    name = f"{FOLDER}/{sha256 or image_id}{source.suffix.lower()}"
    if not (folder / name).is_file():
        write_whole(folder / name, source.read_bytes())
    return name
