"""Publications that are kept when the next one takes their place: whole files, by their build ids.

They lie beside the published file; the time at which each was built leads its name, so that their
order is that of the names wherever they are copied to.
"""

import re
import shutil
from pathlib import Path

from streetview_assets.errors import DamagedError, StudyError
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.text.safe_name import safe_name
from streetview_assets.warehouse.published_query import DATABASE, query_published

FOLDER = "publications"
_NAME = re.compile(r"\d{8}T\d{6}Z-(?P<build>[^/]+)\.duckdb")


def kept_publications(root: Path) -> tuple[Path, ...]:
    """List what is kept, the oldest first.

    Parameters
    ----------
    root
        The study's folder of data.
    """
    files = (path for path in (root / FOLDER).glob("*.duckdb") if _NAME.fullmatch(path.name))
    return tuple(sorted(files, key=lambda path: path.name))


def keep_publication(root: Path) -> None:
    """Copy the published file among those that are kept, unless the newest of them is that build.

    A copy, not a link: who opens the published file to write into it changes none that is kept.

    Parameters
    ----------
    root
        The study's folder of data.

    Raises
    ------
    StorageError
        Where the disk does not take it.
    """
    try:
        about = query_published(root, "select build_id, built_at from about").row(0, named=True)
    except (DamagedError, StudyError):
        return  # nothing is published yet, or nothing that would be worth keeping
    build = safe_name(about["build_id"])
    newest = kept_publications(root)[-1:]
    if [build] == list(map(_build, newest)):
        return
    name = f"{about['built_at']:%Y%m%dT%H%M%SZ}-{build}.duckdb"
    with written_aside(root / FOLDER / name) as aside:
        shutil.copyfile(root / DATABASE, aside)


def remove_oldest(root: Path, keep: int) -> None:
    """Remove the oldest of those that are kept beyond so many, and what killed copies left.

    Parameters
    ----------
    root
        The study's folder of data.
    keep
        How many stay.
    """
    halves = (root / FOLDER).glob(".*.duckdb.*.tmp")
    for path in (*kept_publications(root)[:-keep], *halves):
        path.unlink(missing_ok=True)


def _build(path: Path) -> str:
    found = _NAME.fullmatch(path.name)
    return found["build"] if found else ""
