"""Which publication lies on the disk: a page of an earlier one is told that there is a newer."""

from functools import lru_cache
from pathlib import Path

from streetview_assets.errors import StreetviewError
from streetview_assets.warehouse.published_query import DATABASE, query_published


def publication(root: Path) -> str | None:
    """Name what is published now; None where it cannot be read.

    Parameters
    ----------
    root
        The study's folder of data.
    """
    try:
        file = (root / DATABASE).stat()
        return _build(root, file.st_ino, file.st_mtime_ns)
    except (OSError, StreetviewError):
        return None


@lru_cache(maxsize=1)
def _build(root: Path, inode: int, changed_ns: int) -> str:
    """Read the file once, until another takes its place: every open page asks each minute."""
    del inode, changed_ns
    return str(query_published(root, "select build_id from about").item())
