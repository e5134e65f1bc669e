"""The published DuckDB file: every table and mart in one file that analysts open.

It is built aside and renamed into place. Who has the old file open goes on reading it; a build
that is killed leaves the old file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from streetview_assets.errors import ContractError
from streetview_assets.lake.atomic_write import make_way, written_aside
from streetview_assets.lake.locks import held
from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.study.study_file import Study
from streetview_assets.tables.contract import Table
from streetview_assets.tables.registry import TABLES
from streetview_assets.tables.stages import STAGES
from streetview_assets.warehouse.about import ABOUT, Build, add_about
from streetview_assets.warehouse.kept_publications import keep_publication, remove_oldest
from streetview_assets.warehouse.memory_database import memory_database, remove_spilled
from streetview_assets.warehouse.published_query import DATABASE
from streetview_assets.warehouse.queries import Query, queries_of, quoted, register_table

__all__ = ["Build", "PublishReport", "publish"]

STORAGE_VERSION = "v1.0.0"
"""Of the file: every DuckDB since 1.0 opens it, in R and on the command line too."""

AS_GEOMETRY = "create macro as_geometry(wkb) as st_setcrs(st_geomfromwkb(wkb), 'OGC:CRS84')"
"""Types an outline with its CRS, for DuckDB since 1.5, which has both functions built in.

Kept as a column of that type, it would be no WKB to older ones, and none of them knew its CRS; what
a macro calls is looked up when it is used, so that they open the file as before.
"""

STAY_IN_THE_LAKE = "The vectors stay in the lake; `streetview sql --with-vectors` brings them in."


@dataclass(frozen=True)
class PublishReport:
    """What was published.

    Attributes
    ----------
    path, size_bytes
        The file.
    row_counts
        Rows by table and mart; views are not counted.
    authorities
        Codes of the authorities that are in.
    """

    path: Path
    size_bytes: int
    row_counts: Mapping[str, int]
    authorities: tuple[str, ...]


def publish(lake: Lake, study: Study, build: Build) -> PublishReport:
    """Build `streetview.duckdb` from the lake and put it in place of the one before.

    Two builds never run at once: the later waits, and so holds what the earlier one saw, and more.
    Where the study asks for it, each is also kept under its build id.

    Parameters
    ----------
    lake
        Where tables and marts lie.
    study
        The study file, read.
    build
        Hash of the study, version of the code, id and time (UTC) of the build.

    Raises
    ------
    StreetviewError
        Where a mart is not made yet, or vectors are not as long as their encoder says.
    """
    path = lake.root / DATABASE
    queries = queries_of("view", "mart")
    lake.root.mkdir(parents=True, exist_ok=True)
    with held(lake.root / "cache" / "publish.lock"):
        _remove_leftovers(lake.root)
        if study.publish.keep:
            keep_publication(lake.root)  # one of before the study asked for it
        make_way(path)
        with written_aside(path) as aside:
            _copy_tables(aside, lake, study, queries)
            with duckdb.connect(str(aside)) as connection:
                connection.begin()  # one commit, one sync, not one a comment
                _add_views(connection, queries)
                connection.execute(AS_GEOMETRY)
                add_about(connection, study, build)
                _add_comments(connection, study, queries)
                row_counts = _count_rows(connection)
                (authorities,) = connection.execute("select authorities from about").fetchall()[0]
                connection.commit()
                connection.execute("checkpoint")
        if study.publish.keep:
            keep_publication(lake.root)
            remove_oldest(lake.root, study.publish.keep)
    return PublishReport(path, path.stat().st_size, row_counts, tuple(authorities))


def _remove_leftovers(root: Path) -> None:
    """Remove what killed builds left; whoever holds the lock is the only build alive."""
    for left in root.glob(f".{DATABASE}.*.tmp*"):
        left.unlink()
    remove_spilled(root)


def _copy_tables(aside: Path, lake: Lake, study: Study, queries: list[Query]) -> None:
    """Write every table, sorted by key, and every mart into the file."""
    encoder = study.encoder.slug
    marts = [query.name for query in queries if query.kind == "mart"]
    with memory_database(lake.root) as connection:
        for name in (*TABLES, *marts):
            register_table(connection, lake, name, encoder)
        dimension = _dimension(connection, encoder)
        connection.execute(
            f"attach {quoted(str(aside))} as published (storage_version '{STORAGE_VERSION}')"
        )
        for table in TABLES.values():
            _copy_table(connection, table.name, dimension, table.published_columns, table.key)
        for name in marts:
            _copy_table(connection, name, dimension)
        connection.execute("detach published")


def _dimension(connection: duckdb.DuckDBPyConnection, encoder: str) -> int | None:
    rows = connection.execute(
        "select dimension from encoders where encoder = ?", [encoder]
    ).fetchall()
    return rows[0][0] if rows else None


def _copy_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    dimension: int | None,
    columns: Sequence[str] = ("*",),
    key: Sequence[str] = (),
) -> None:
    """Create one table; vectors as `FLOAT[n]`, with which DuckDB can reckon distances.

    DuckDB 1 moreover cannot read a table with a column of lists or maps of which none has an
    entry: such a column is text, null in every row.
    """
    relation = connection.sql(f"select {', '.join(columns)} from {name}")
    copied = []
    for column, kind in zip(relation.columns, map(str, relation.types), strict=True):
        if dimension and kind == "FLOAT[]":
            column = f"{column}::float[{dimension}] as {column}"
        elif kind.startswith("MAP") or kind.endswith("[]"):
            count = "cardinality" if kind.startswith("MAP") else "len"
            entries = connection.execute(f"select sum({count}({column})) from {name}").fetchone()
            column = column if entries and entries[0] else f"null::varchar as {column}"
        copied.append(column)
    ordered = f"order by {', '.join(key)}" if key else ""
    try:
        connection.execute(
            f"create table published.{name} as select {', '.join(copied)} from {name} {ordered}"
        )
    except duckdb.ConversionException as error:
        raise ContractError(
            f"table {name}: its vectors are not of the length {dimension} that `encoders` "
            f"says. {error}"
        ) from error


def _add_views(connection: duckdb.DuckDBPyConnection, queries: list[Query]) -> None:
    for query in queries:
        if query.kind == "view":
            connection.execute(f"create view {query.name} as\n{query.sql}")


def _add_comments(
    connection: duckdb.DuckDBPyConnection, study: Study, queries: list[Query]
) -> None:
    """Say of every table and column what it is, and of all that comes of drawn images so."""
    from streetview_assets.figures import SYNTHETIC_NOTE

    drawn = f" ({SYNTHETIC_NOTE})" if study.is_synthetic else ""
    _comment(connection, "table", "about", "One row: what this file was made from.", ABOUT)
    for table in TABLES.values():
        columns = {column.name: column.meaning for column in table.columns}
        note = drawn if STAGES.index(table.stage) >= STAGES.index("images") else ""
        _comment(connection, "table", table.name, f"{_meaning(table)}{note}", columns)
    for query in queries:
        kind = "view" if query.kind == "view" else "table"
        _comment(connection, kind, query.name, f"{query.description}{drawn}", query.columns)


def _meaning(table: Table) -> str:
    """Say what a table is, and where to find the columns that it is published without."""
    whole = len(table.published_columns) == len(table.columns)
    return table.meaning if whole else f"{table.meaning} {STAY_IN_THE_LAKE}"


def _comment(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    name: str,
    description: str,
    columns: Mapping[str, str],
) -> None:
    connection.execute(f"comment on {kind} {name} is {quoted(description)}")
    there = set(connection.table(name).columns)
    for column, meaning in columns.items():
        if column in there:
            connection.execute(f"comment on column {name}.{column} is {quoted(meaning)}")


def _count_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables = connection.execute(
        "select table_name from duckdb_tables() order by table_name"
    ).fetchall()
    return {
        name: connection.execute(f"select count(*) from {name}").fetchall()[0][0]
        for (name,) in tables
    }
