"""A question to the published file: it reads nothing else, and writes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from streetview_assets.errors import DamagedError, StreetviewError, StudyError
from streetview_assets.lake.parquet_lake import Lake, arrow_schema
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.memory_database import memory_database
from streetview_assets.warehouse.queries import in_utc, quoted

DATABASE = "streetview.duckdb"
CLOSED: dict[str, str | bool] = {
    "memory_limit": "50%",
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_persistent_secrets": False,
}
"""DuckDB's settings while somebody else's query runs, besides no access to files."""

_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
"""A pivot is `MULTI`; the closed database refuses whatever else may hide in one."""


def query_published(root: Path, sql: str, *, with_vectors: bool = False) -> pl.DataFrame:
    """Ask the published file of a study: open, read, close.

    The query sees the published tables alone: it can neither read other files, write any, nor
    change a setting.

    Parameters
    ----------
    root
        The study's folder of data.
    sql
        One select over the published tables, in DuckDB's dialect.
    with_vectors
        Whether tables whose vectors stay in the lake have them too.

    Raises
    ------
    DamagedError
        Where the file is not what was published.
    StudyError
        Where there is no file yet, the query is no select, or DuckDB refuses it.
    """
    with opened_publication(published_file(root), with_vectors=with_vectors) as connection:
        return ask(connection, sql)


def published_file(root: Path) -> Path:
    """Name the published file of a study.

    Parameters
    ----------
    root
        The study's folder of data.

    Raises
    ------
    StudyError
        Where there is none yet.
    """
    path = root / DATABASE
    if not path.exists():
        raise StudyError(f"{path}: nothing is published yet; `streetview run` does so")
    return path


@contextmanager
def opened_publication(
    path: Path, *, with_vectors: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published file for questions by `ask`, all to the same publication; close all else.

    Parameters
    ----------
    path
        The file; what does not fit into memory spills into its folder.
    with_vectors
        Whether tables whose vectors stay in the lake beside it have them too.

    Raises
    ------
    DamagedError
        Where the file is not what was published.
    """
    with memory_database(path.parent, **CLOSED) as connection:
        # Attached, not opened: a second `connect` to a path in one process gets the file that the
        # first one got, even after another has taken its place.
        try:
            connection.execute(f"attach {quoted(str(path))} as streetview (read_only)")
            connection.execute("use streetview")
            connection.execute("select build_id from about")
        except duckdb.Error as error:
            raise DamagedError(
                f"{path}: damaged: DuckDB cannot open it, or it is another file. "
                f"`streetview run` builds it again. {_in_one_line(error)}"
            ) from error
        if with_vectors:
            _bring_in_vectors(connection, path.parent)
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    """Run one select; whatever DuckDB says against it, or its result, is the asker's error.

    Parameters
    ----------
    connection
        Of `opened_publication`.
    sql
        One select over the published tables.

    Raises
    ------
    StudyError
        Where the query is no select, or DuckDB refuses it.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or not _reads(statements[0]):
            raise StudyError(f"one select is expected, with a result; found {sql!r}")
        return _as_wkb(in_utc(connection.sql(sql).pl()))
    except duckdb.Error as error:
        raise StudyError(f"DuckDB refuses the query. {_in_one_line(error)}") from error
    except pl.exceptions.PolarsError as error:
        raise StudyError(
            "the query's result has a column of a type that polars does not know; cast it, "
            f"to varchar say. {_in_one_line(error)}"
        ) from error


def _reads(statement: duckdb.Statement) -> bool:
    """Whether a statement only reads."""
    try:
        return statement.type in _READING
    except ValueError:  # of DuckDB's newest kinds of statement its binding knows no name
        return False


def _in_one_line(error: Exception) -> str:
    """Give an error's message without the copy of the query that DuckDB draws below it."""
    return " ".join(str(error).partition("\nLINE ")[0].split())


def _bring_in_vectors(connection: duckdb.DuckDBPyConnection, root: Path) -> None:
    """Put tables as the lake has them, with vectors, in front of those published without.

    Arrow reads their files, by name and not by pattern; DuckDB needs no access to them.
    """
    import pyarrow.dataset

    ((encoder, authorities),) = connection.execute(
        "select encoder, authorities from about"
    ).fetchall()
    lake = Lake(root, tuple(authorities))
    found = {
        name: lake.whole_files(name, encoder=encoder)
        for name, table in TABLES.items()
        if len(table.published_columns) < len(table.columns)
    }
    if not any(found.values()):
        raise StreetviewError(
            f"{root / 'lake' / 'image_embeddings'}: no vectors of the encoder {encoder}; the lake "
            "is not beside the published file, or not made as far"
        )
    for name, files in found.items():
        if files:
            dataset = pyarrow.dataset.dataset(
                [str(file) for file in files], schema=arrow_schema(TABLES[name]), format="parquet"
            )
            connection.register(name, dataset)


def _as_wkb(frame: pl.DataFrame) -> pl.DataFrame:
    """Give what DuckDB types as a geometry as the tables have it, for all that reads WKB."""
    typed = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.BaseExtension)]
    return frame.with_columns(pl.col(typed).ext.storage()) if typed else frame
