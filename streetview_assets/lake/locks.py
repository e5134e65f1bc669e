"""Locks between processes; whoever waits for long is told for whom."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from streetview_assets.lake.process_id import about_process

SAY_AFTER_S = 5.0
"""An ordinary wait is shorter."""

LOCKS_OF_THE_SYSTEM = Path("/proc/locks")

_log = logging.getLogger(__name__)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a lock, which the system frees when this process ends, however it ends.

    Parameters
    ----------
    path
        The lock's file; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=SAY_AFTER_S)
    except Timeout:
        say_who_holds(path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def say_who_holds(path: Path, *beside: Path) -> None:
    """Say that a file is waited for, who holds it, and what can be done.

    Parameters
    ----------
    path
        The file that is waited for.
    beside
        Files that are locked in its stead, as SQLite does.
    """
    _log.warning("%s", waiting_for(path, *beside))


def waiting_for(path: Path, *beside: Path) -> str:
    """Put in words who holds a file."""
    pids = sorted({pid for file in (path, *beside) for pid in _holders(file)})
    who = "; ".join(about_process(pid) for pid in pids) or "another process holds it"
    return f"waiting for {path}: {who}"


def _holders(path: Path) -> list[int]:
    """Find the processes that hold locks on a file, where the system tells."""
    if not (path.exists() and LOCKS_OF_THE_SYSTEM.exists()):
        return []
    inode = f":{path.stat().st_ino}"
    # 1: FLOCK ADVISORY WRITE 1234 fe:00:5678 0 EOF; a line of one who waits has an arrow more.
    rows = [line.split() for line in LOCKS_OF_THE_SYSTEM.read_text().splitlines()]
    held_alone = [row for row in rows if row[1] != "->" and row[3] == "WRITE"]
    return [int(row[4]) for row in held_alone if row[5].endswith(inode)]
