"""Files that appear whole or not at all: written aside, synced, renamed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from streetview_assets.files.storage import writing


@contextmanager
def written_aside(path: Path, suffix: str = ".tmp") -> Iterator[Path]:
    """Yield a path beside `path` to write to; on success it takes the place of `path`.

    A killed process leaves the old file or the new one, never half of one. `suffix` ends the
    name of the file aside, for writers that choose the format by it.

    Parameters
    ----------
    path
        The file in the end; its folder is made where it is not there.
    suffix
        Ending of the file aside, for libraries that go by it.

    Raises
    ------
    StorageError
        Where the disk does not take it, or `path` is a device or the like, such as `/dev/null`:
        the file would take its place.
    """
    aside = path.with_name(f".{path.name}.{uuid4().hex}{suffix}")
    with writing(path):
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError(errno.ENXIO, "not an ordinary file", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield aside
            with aside.open("rb") as file:
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def make_way(path: Path) -> None:
    """Move a folder aside that stands where a file of ours belongs; it is kept, under a dot."""
    if path.is_dir():
        path.rename(path.with_name(f".{path.name}.{uuid4().hex}"))
