"""The published DuckDB file: every table and mart in one file that analysts open.

It is built aside and renamed into place. Who has the old file open goes on reading it; a build
that is killed leaves the old file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from streetview_assets.errors import ContractError
from streetview_assets.lake.about import ABOUT, Build, add_about
from streetview_assets.lake.atomic import make_way, written_aside
from streetview_assets.lake.lake import Lake
from streetview_assets.lake.locks import held
from streetview_assets.lake.memory_database import memory_database, remove_spilled
from streetview_assets.lake.published_query import DATABASE
from streetview_assets.lake.sql import Query, quoted, read_queries, register_table, sql_folder
from streetview_assets.study import Study
from streetview_assets.tables import STAGES, TABLES, Table

__all__ = ["Build", "PublishReport", "publish"]

STORAGE_VERSION = "v1.0.0"
"""Of the file: every DuckDB since 1.0 opens it, in R and on the command line too."""


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

    Raises
    ------
    StreetviewError
        Where a mart is not made yet, or vectors are not as long as their encoder says.
    """
    path = lake.root / DATABASE
    queries = [query for query in read_queries(sql_folder()) if query.kind != "check"]
    lake.root.mkdir(parents=True, exist_ok=True)
    with held(lake.root / "cache" / "publish.lock"):
        _remove_leftovers(lake.root)
        make_way(path)
        with written_aside(path) as aside:
            _copy_tables(aside, lake, study, queries)
            with duckdb.connect(str(aside)) as connection:
                connection.begin()  # one commit, one sync, not one a comment
                _add_views(connection, queries)
                add_about(connection, study, build)
                _add_comments(connection, study, queries)
                row_counts = _count_rows(connection)
                (authorities,) = connection.execute("select authorities from about").fetchall()[0]
                connection.commit()
                connection.execute("checkpoint")
    return PublishReport(path, path.stat().st_size, row_counts, tuple(authorities))


def _remove_leftovers(root: Path) -> None:
    """Remove what killed builds left; whoever holds the lock is the only build alive."""
    for left in root.glob(f".{DATABASE}.*.tmp*"):
        left.unlink()
    remove_spilled(root)


def _copy_tables(aside: Path, lake: Lake, study: Study, queries: list[Query]) -> None:
    """Write every table of `views/` and every mart into the file, sorted by key."""
    encoder = study.encoder.slug
    with memory_database(lake.root) as connection:
        for query in queries:
            if query.kind == "view":
                for table in query.reads:
                    register_table(connection, lake, table, encoder)
            elif query.kind == "mart":
                register_table(connection, lake, query.name, encoder)
        dimension = _dimension(connection, encoder)
        connection.execute(
            f"attach {quoted(str(aside))} as published (storage_version '{STORAGE_VERSION}')"
        )
        for query in queries:
            if query.kind == "view" and query.name in TABLES:
                _copy_table(connection, query.name, query.sql, dimension)
            elif query.kind == "mart":
                _copy_table(connection, query.name, f"from {query.name}", dimension)
        connection.execute("detach published")


def _dimension(connection: duckdb.DuckDBPyConnection, encoder: str) -> int | None:
    rows = connection.execute(
        "select dimension from encoders where encoder = ?", [encoder]
    ).fetchall()
    return rows[0][0] if rows else None


def _copy_table(
    connection: duckdb.DuckDBPyConnection, name: str, select: str, dimension: int | None
) -> None:
    """Create one table; vectors as `FLOAT[n]`, with which DuckDB can reckon distances.

    DuckDB 1.0 moreover cannot read a column of lists that are null in every row.
    """
    relation = connection.sql(select)
    types = zip(relation.columns, relation.types, strict=True)
    vectors = [column for column, kind in types if dimension and str(kind) == "FLOAT[]"]
    cast = [f"{column}::float[{dimension}] as {column}" for column in vectors]
    replaced = f" replace ({', '.join(cast)})" if cast else ""
    ordered = f"order by {', '.join(TABLES[name].key)}" if name in TABLES else ""
    try:
        connection.execute(
            f"create table published.{name} as select *{replaced} from (\n{select}\n) {ordered}"
        )
    except duckdb.ConversionException as error:
        raise ContractError(
            f"table {name}: its vectors are not of the length {dimension} that `encoders` "
            f"says. {error}"
        ) from error


def _add_views(connection: duckdb.DuckDBPyConnection, queries: list[Query]) -> None:
    for query in queries:
        if query.kind == "view" and query.name not in TABLES:
            connection.execute(f"create view {query.name} as\n{query.sql}")


def _add_comments(
    connection: duckdb.DuckDBPyConnection, study: Study, queries: list[Query]
) -> None:
    """Say of every table and column what it is, and of all that comes of drawn pictures so."""
    _comment(connection, "table", "about", "One row: what this file was made from.", ABOUT)
    for query in queries:
        table = TABLES.get(query.name)
        kind = "view" if query.kind == "view" and table is None else "table"
        columns: Mapping[str, str] = query.columns
        if table is not None:
            columns = {column.name: column.meaning for column in table.columns} | dict(columns)
        _comment(connection, kind, query.name, _description(query, table, study), columns)


def _description(query: Query, table: Table | None, study: Study) -> str:
    from streetview_assets.figures import SYNTHETIC_NOTE

    of_pictures = table is None or STAGES.index(table.stage) >= STAGES.index("images")
    if study.is_synthetic and of_pictures:
        return f"{query.description} ({SYNTHETIC_NOTE})"
    return query.description


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
