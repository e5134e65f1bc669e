"""SQLite databases of ours that can be made anew: a damaged one is put aside."""

import logging
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from uuid import uuid4

from streetview_assets.lake.atomic_write import make_way

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BESIDE = ("", "-wal", "-shm")
_log = logging.getLogger(__name__)


@cache
def put_damaged_aside(path: Path) -> None:
    """Put a damaged database aside, with what belongs to it; looked at once a process."""
    if not path.exists() or is_whole_database(path):
        return
    mark = uuid4().hex
    make_way(path)
    for file in (path.with_name(path.name + ending) for ending in _BESIDE):
        if file.is_file():
            file.rename(file.with_name(f".{file.name}.{mark}"))
    _log.warning("%s is damaged: it is kept as .%s.%s, and made anew", path, path.name, mark)


def is_whole_database(path: Path) -> bool:
    """Whether SQLite finds a database and nothing wrong with it."""
    if not path.is_file() or not path.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            return connection.execute("pragma quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in _DAMAGED:
            return False
        raise
