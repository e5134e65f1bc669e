"""Files that appear whole or not at all: written aside, synced, renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def written_aside(path: Path, suffix: str = ".tmp") -> Iterator[Path]:
    """Yield a path beside `path` to write to; on success it takes the place of `path`.

    A killed process leaves the old file or the new one, never half of one. `suffix` ends the
    name of the file aside, for writers that choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid4().hex}{suffix}")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
