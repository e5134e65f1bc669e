"""What befalls files of ours: a full disk, a bad copy, a wrong tool."""

import shutil
from pathlib import Path

import polars as pl
import pytest


def truncate(path: Path) -> None:
    """Leave the first half, as a copy that was cut short does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    """Leave nothing, as a full disk does."""
    path.write_bytes(b"")


def junk(path: Path) -> None:
    """Put something else there."""
    path.write_bytes(b"\x00junk\xff" * 50)


def foreign(path: Path) -> None:
    """Put a Parquet file there that another program made."""
    pl.DataFrame({"value": [1.0]}).write_parquet(path)


def folder(path: Path) -> None:
    """Put a folder there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    (path / "inside").mkdir(parents=True)


DAMAGES = pytest.mark.parametrize("damage", [truncate, empty, junk, foreign, folder])
"""Each way to damage a file, as the argument `damage` of a test."""
