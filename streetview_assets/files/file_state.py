"""What tells a file from what stood under its name before: its state, or its content."""

import hashlib
from pathlib import Path

FileState = tuple[int, int, int, int]


def file_state(path: Path) -> FileState:
    """Give inode, size, time of change of the content and of the inode, both in ns.

    Size and time of the content are kept by `cp -p`, `rsync` and archives: of another file put in
    place of one, they may be the same. The inode's own time nobody sets.
    """
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def file_sha256(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
