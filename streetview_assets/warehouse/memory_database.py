"""DuckDB in memory: what does not fit there spills into the study's folder, and nowhere else.

To open a database takes fifteen milliseconds, to empty one half of one: they are used again.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb

from streetview_assets.lake.process_id import is_gone, process_mark

_SPILL = ".duckdb-spill~"


_idle: list[duckdb.DuckDBPyConnection] = []
"""Empty databases that nobody uses now."""
os.register_at_fork(before=_idle.clear)  # a child has none of a database's threads


@contextmanager
def memory_database(root: Path, **settings: str | bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory; the folder that it spills to is gone when it closes.

    Parameters
    ----------
    root
        The study's folder of data.
    settings
        Of DuckDB, besides its `temp_directory`; with any, the database is opened for this use.
    """
    mark = process_mark().replace("/", "~")
    spill = root / f"{_SPILL}{mark}~{uuid4().hex}"  # two databases must not share one
    opening = _opened(spill, settings) if settings else _used_again(spill)
    try:
        with opening as connection:
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _opened(spill: Path, settings: Mapping[str, str | bool]) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"temp_directory": str(spill), **settings})


@contextmanager
def _used_again(spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an empty database that nobody else has; keep it empty for the next, where all went well.

    What is made lies in a catalog that is detached, or ends with the cursor. One that spilled holds
    on to the folder, and ends.
    """
    try:
        database = _idle.pop()
    except IndexError:
        database = duckdb.connect()
    try:
        with database.cursor() as connection:
            connection.execute("set temp_directory = $spill", {"spill": str(spill)})
            connection.execute("attach ':memory:' as in_use")
            connection.execute("use in_use")
            yield connection
            connection.execute("use memory")
            connection.execute("detach in_use")
    except BaseException:
        database.close()
        raise
    if spill.exists():
        database.close()
    else:
        _idle.append(database)


def remove_spilled(root: Path) -> None:
    """Remove what databases of killed processes left behind."""
    for left in root.glob(f"{_SPILL}*~*"):
        mark = left.name.removeprefix(_SPILL).rpartition("~")[0].replace("~", "/")
        if is_gone(mark):
            shutil.rmtree(left, ignore_errors=True)
