"""Folders in which databases can be kept: some characters no address of a database can hold."""

import re
from pathlib import Path

from streetview_assets.errors import StudyError

_NOT_ADDRESSABLE = re.compile(r"[?\\\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")
"""What begins a query, is a slash elsewhere, steers, or stands for another character."""


def addressable(folder: Path, setting: str) -> Path:
    """Refuse a folder whose databases DuckDB, or Dagster by SQLite, would look for elsewhere.

    Parameters
    ----------
    folder
        Where databases are to be kept.
    setting
        What names the folder, for the message.

    Raises
    ------
    StudyError
        Where its path has a question mark, a backslash, a control character or a percent sign
        with two hexadecimal digits after it.
    """
    if found := _NOT_ADDRESSABLE.search(str(folder)):
        raise StudyError(
            f"{setting}: the path {str(folder)!r} has {found[0]!r} in it, which addresses of "
            f"databases cannot hold; name another folder by {setting}"
        )
    return folder
