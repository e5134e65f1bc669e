"""DuckDB in memory: what does not fit there spills into the study's folder, and nowhere else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb

from streetview_assets.lake.process_id import is_gone, process_mark

_SPILL = ".duckdb-spill~"


@contextmanager
def memory_database(root: Path, **settings: str | bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory; the folder that it spills to is gone when it closes.

    Parameters
    ----------
    root
        The study's folder of data.
    settings
        Of DuckDB, besides its `temp_directory`.
    """
    mark = process_mark().replace("/", "~")
    spill = root / f"{_SPILL}{mark}~{uuid4().hex}"  # two databases must not share one
    try:
        with duckdb.connect(config={"temp_directory": str(spill), **settings}) as connection:
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def remove_spilled(root: Path) -> None:
    """Remove what databases of killed processes left behind."""
    for left in root.glob(f"{_SPILL}*~*"):
        mark = left.name.removeprefix(_SPILL).rpartition("~")[0].replace("~", "/")
        if is_gone(mark):
            shutil.rmtree(left, ignore_errors=True)
