"""What stops a file from being written, in words: no room, no right, a disk for reading alone."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streetview_assets.errors import StorageError

NO_ROOM = "no room is left on its disk: free some, or set STREETVIEW_DATA to a folder elsewhere"
NO_RIGHT = "this user may not write there: change its permissions, or set STREETVIEW_DATA elsewhere"
READ_ONLY = "its disk is mounted for reading alone: set STREETVIEW_DATA to a folder elsewhere"
TOO_LARGE = "files may not be so large there: raise the limit (`ulimit -f`), or use another disk"
NO_FOLDER = (
    "a file stands where a folder of ours belongs: move it, or set STREETVIEW_DATA elsewhere"
)
NO_FILE = "it is a device, a pipe or a socket, which no file takes the place of: name a file"
A_FOLDER = "a folder stands there: name a file in it, or move the folder"
TOO_LONG = "its name is longer than the disk takes: name a shorter one"
_BY_NUMBER = {
    errno.ENOSPC: NO_ROOM,
    errno.EDQUOT: NO_ROOM,
    errno.EACCES: NO_RIGHT,
    errno.EPERM: NO_RIGHT,
    errno.EROFS: READ_ONLY,
    errno.EFBIG: TOO_LARGE,
    errno.ENOTDIR: NO_FOLDER,
    errno.EEXIST: NO_FOLDER,
    errno.ENXIO: NO_FILE,
    errno.EISDIR: A_FOLDER,
    errno.ENAMETOOLONG: TOO_LONG,
}
_BY_WORDS = (
    (r"no space left|disk is full|disk quota", NO_ROOM),
    (r"permission denied|not permitted|unable to open database file", NO_RIGHT),
    (r"read-?only (file|database)", READ_ONLY),
    (r"file too large", TOO_LARGE),
)
"""How libraries say so whose errors bear no number."""


def why_not_written(error: BaseException | None) -> str | None:
    """Say what stopped a file from being written; None where it was something else.

    Parameters
    ----------
    error
        What was raised; what caused it is looked at too.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _BY_NUMBER:
            return _BY_NUMBER[error.errno]
        for words, why in _BY_WORDS:
            if re.search(words, str(error), re.IGNORECASE):
                return why
        error = error.__cause__ or error.__context__
    return None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Write a file within; what the disk has against it becomes an error that names the file.

    Raises
    ------
    StorageError
        With the file, the reason and the remedy.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        why = why_not_written(error)
        if why is None:
            raise
        raise StorageError(f"{path}: cannot be written: {why}") from error


def refused_below(folder: Path, error: BaseException) -> StorageError | None:
    """Say what the disk has against writing below a folder; None where that was not the fault.

    An error that names another file is of that file, which was perhaps to be read.
    """
    named = getattr(error, "filename", None)
    if named is not None:
        place = Path(str(named)).absolute()
        if folder not in (place, *place.parents) and place not in folder.parents:
            return None
    why = why_not_written(error)
    return StorageError(f"{named or folder}: cannot be written: {why}") if why else None
