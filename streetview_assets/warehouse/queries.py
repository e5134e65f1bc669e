"""The SQL folder: each query with what its header says of it, and the tables that it reads.

A query may read the relations of `relations/` as well: each is put before it as a common table
expression, so that the text of a query says all that it does.

A header is the run of comment lines at the top of a file: a description first, then one line
`-- name: meaning` for each column (views and marts) or setting (checks); a line indented by four
spaces or more goes on with the one before.
"""

import glob
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import duckdb
import polars as pl

from streetview_assets.errors import StreetviewError
from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.memory_database import memory_database
from streetview_assets.warehouse.outside_the_lake import OUTSIDE
from streetview_assets.warehouse.study_relation import STUDY_RELATION, study_relation

Kind = Literal["view", "mart", "check"]
Severity = Literal["error", "warn"]
_SETTINGS = ("asset", "severity", "blocking")
_FIELD = re.compile(r"^(\w+): (.+)$")


@dataclass(frozen=True)
class Query:
    """One SQL file.

    Attributes
    ----------
    name, kind, path
        Name of the file, kind by its folder.
    sql
        The whole text, header included.
    description
        What the header says first.
    columns
        Meaning of each column, for views and marts.
    reads
        Tables and marts that it reads, sorted.
    asset, severity, blocking
        Checks only: the table or mart that is checked, and what becomes of an offending row.
    """

    name: str
    kind: Kind
    path: Path
    sql: str
    description: str
    reads: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    asset: str = ""
    severity: Severity = "error"
    blocking: bool = False


def sql_folder() -> Path:
    """Find the folder of `views/`, `marts/` and `checks/`: in the package or in a checkout.

    Raises
    ------
    StreetviewError
        Where it is in neither.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "sql", package.parent / "dbt_like_sql"):
        if folder.is_dir():
            return folder
    raise StreetviewError(
        f"no SQL folder: neither {package / 'sql'} nor {package.parent / 'dbt_like_sql'} is there; "
        "install the package anew"
    )


def read_queries(folder: Path, *kinds: Kind) -> list[Query]:
    """Read the SQL files of `views/`, `marts/` and `checks/`, by kind and name.

    Parameters
    ----------
    folder
        Where those folders are.
    kinds
        Which of them; none named: all.

    Raises
    ------
    StreetviewError
        Where a query cannot be parsed, reads a table that does not exist, or a check's header
        misses a setting; the text names the file.
    """
    marts = {path.stem for path in _files(folder, "mart")}
    return [
        read_query(path, kind, marts)
        for kind in get_args(Kind)
        if kind in (kinds or get_args(Kind))
        for path in _files(folder, kind)
    ]


def queries_of(*kinds: Kind) -> list[Query]:
    """List the project's own queries of some kinds, by kind and name."""
    return read_queries(sql_folder(), *kinds)


def texts_of(kind: Kind) -> dict[str, str]:
    """Give the text of the project's own queries of a kind by name; none is parsed for it."""
    return {path.stem: _with_relations(path) for path in _files(sql_folder(), kind)}


def _files(folder: Path, kind: Kind) -> list[Path]:
    return sorted((folder / f"{kind}s").glob("*.sql"))


def read_query(path: Path, kind: Kind, marts: Collection[str]) -> Query:
    """Read one SQL file; `marts` names the marts that it may read.

    Parameters
    ----------
    path
        The file; its first comment is the description. It begins with `with` where it reads a
        relation.
    kind
        `view`, `mart` or `check`.
    marts
        Names of the marts that it may read.

    Raises
    ------
    StreetviewError
        Where the file has no description.
    """
    sql = _with_relations(path)
    description, said = _header(sql)
    if not description:
        raise StreetviewError(f"{path}: begin the file with `-- ` and what the query gives")
    settings = {}
    if kind == "check":
        settings = {name: said.pop(name) for name in _SETTINGS if name in said}
        _check_settings(path, settings, {*TABLES, *marts})
    return Query(
        name=path.stem,
        kind=kind,
        path=path,
        sql=sql,
        description=description,
        reads=tables_read(sql, {*TABLES, *marts}, str(path)),
        columns=said,
        asset=settings.get("asset", ""),
        severity="warn" if settings.get("severity") == "warn" else "error",
        blocking=settings.get("blocking") == "true",
    )


def tables_read(sql: str, known: Collection[str], place: str) -> tuple[str, ...]:
    """Name the tables that a query reads, those in its CTEs and subqueries too.

    Parameters
    ----------
    sql
        One select, in DuckDB's dialect.
    known
        Tables and marts that there are.
    place
        Where the query stands, for messages.

    Raises
    ------
    StreetviewError
        Where it reads what is no table or mart, or cannot be parsed.
    """
    names = _sources(sql, place)
    for name in sorted(names - {*known, STUDY_RELATION}):
        raise StreetviewError(
            f"{place}: reads `{name}`, which is neither a table nor a mart; "
            f"there are: {', '.join(sorted({*known, STUDY_RELATION}))}"
        )
    return tuple(sorted(names - {STUDY_RELATION}))


@cache
def _sources(sql: str, place: str) -> frozenset[str]:
    """Name what stands after `from` and `join` and is neither a CTE nor a function."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    try:
        statement = sqlglot.parse_one(sql, dialect="duckdb")
        scopes = traverse_scope(statement)
    except SqlglotError as error:
        raise StreetviewError(f"{place}: not readable as SQL. {error}") from error
    sources = [source for scope in scopes for source in scope.sources.values()]
    return frozenset(
        source.sql(dialect="duckdb") if source.db else source.name
        for source in sources
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier)
    )


def run_query(
    lake: Lake, query: Query, study: Study, *, authority: str | None = None
) -> pl.DataFrame:
    """Run a query over the lake: over one authority's files, or over all.

    A table of which no file is there counts as empty. Of tables by encoder, only the study's
    encoder is read. Times come back in UTC.

    Parameters
    ----------
    lake
        Where the tables lie.
    query
        A view, a mart or a check.
    study
        The study file, read: its encoder counts.
    authority
        Code of the authority; None: all of the study.
    """
    with over_the_lake(lake, query.reads, study, authority) as connection:
        return in_utc(connection.sql(query.sql).pl())


@contextmanager
def over_the_lake(
    lake: Lake, reads: Iterable[str], study: Study, authority: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory in which tables and marts are views on the lake.

    Parameters
    ----------
    lake
        Where the tables lie.
    reads
        Names of the tables and marts.
    study
        The study file, read: its encoder counts.
    authority
        Code of the authority; None: all of the study.
    """
    with memory_database(lake.root) as connection:
        connection.register(STUDY_RELATION, study_relation(study))
        for table in reads:
            register_table(connection, lake, table, study.encoder.slug, authority)
        yield connection


def register_table(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    table: str,
    encoder: str,
    authority: str | None = None,
) -> None:
    """Make a view on the files of a table or mart, or of an empty one where no file is there.

    Parameters
    ----------
    connection
        A database in memory.
    lake
        Where the tables lie.
    table
        Name of a table or a mart.
    encoder
        Slug of the encoder whose files are read, of tables by encoder.
    authority
        Code of the authority; None: all of the study.

    Raises
    ------
    StreetviewError
        Where a mart is not made yet.
    """
    if table in OUTSIDE:
        connection.register(table, OUTSIDE[table](lake.root))
        return
    files = lake.whole_files(lake_name(table), authority, encoder)
    if files:
        # Folders named `encoder=…` would otherwise be read as a column, over the file's own.
        made = connection.read_parquet(
            list(map(as_literal, files)), hive_partitioning=False, union_by_name=True
        )
        if table not in TABLES or made.columns == TABLES[table].schema.names():
            made.create_view(table)
        else:
            _add_grown_columns(connection, made, table)
    elif table in TABLES:
        connection.register(table, TABLES[table].frame())
    else:
        raise StreetviewError(
            f"{lake.path(lake_name(table))}: the mart `{table}` is not made yet; "
            "`streetview run` makes it"
        )


def _add_grown_columns(
    connection: duckdb.DuckDBPyConnection, files: duckdb.DuckDBPyRelation, table: str
) -> None:
    """Make the view of a table that has grown since its files were made: nulls are in the rest."""
    files.create_view(f"files of {table}")
    connection.register(f"contract of {table}", TABLES[table].frame())
    connection.execute(
        f'create view "{table}" as from "contract of {table}" '
        f'union all by name from "files of {table}"'
    )


def as_literal(path: Path) -> str:
    """Escape a path for DuckDB, which reads the paths of files as patterns."""
    return glob.escape(str(path))


def lake_name(table: str) -> str:
    """Name a table or mart as the lake does: marts lie under `mart/`."""
    return table if table in TABLES else f"mart/{table}"


def in_utc(frame: pl.DataFrame) -> pl.DataFrame:
    """Give times in UTC; DuckDB gives them in the time zone of the machine."""
    times = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    zoned = [name for name in times if frame.schema[name].time_zone]  # type: ignore[attr-defined]
    return frame.with_columns(pl.col(zoned).dt.convert_time_zone("UTC")) if zoned else frame


def quoted(value: str) -> str:
    """Quote a text for SQL, where a parameter is not allowed."""
    return "'" + value.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """Quote the name of a table or column for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _with_relations(path: Path) -> str:
    """Read a query, with the relations that it names before it."""
    sql = path.read_text(encoding="utf-8")
    for relation in sorted((path.parents[1] / "relations").glob("*.sql")):
        if re.search(rf"\b(from|join)\s+{relation.stem}\b", sql):
            text = relation.read_text(encoding="utf-8")
            sql = sql.replace("\nwith ", f"\nwith {relation.stem} as (\n{text}),\n\n", 1)
    return sql


def _header(sql: str) -> tuple[str, dict[str, str]]:
    """Split the comment lines at the top into the description and what is said by name."""
    description: list[str] = []
    said: dict[str, str] = {}
    last = ""
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line.removeprefix("--")
        found = _FIELD.match(text.strip())
        if text.startswith("    ") and last:
            said[last] += f" {text.strip()}"
        elif found:
            last = found[1]
            said[last] = found[2]
        else:
            description.append(text.strip())
    return " ".join(description), said


def _check_settings(path: Path, settings: Mapping[str, str], assets: Collection[str]) -> None:
    expected: dict[str, Collection[str]] = {
        "asset": assets,
        "severity": get_args(Severity),
        "blocking": ("true", "false"),
    }
    for name, allowed in expected.items():
        if settings.get(name) not in allowed:
            raise StreetviewError(
                f"{path}: the header needs `-- {name}: …`, one of {', '.join(sorted(allowed))} "
                f"(found {settings.get(name)!r})"
            )
