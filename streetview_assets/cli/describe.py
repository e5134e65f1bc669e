"""The dictionary of a study: its tables with rows and age; a table with its columns."""

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Column

from streetview_assets.cli.command import NARROW, PlainConsole, table_of
from streetview_assets.cli.runs.status_table import age_in_words
from streetview_assets.errors import StudyError
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.lake.parquet_lake import read_provenance
from streetview_assets.study_state.lineage import written_by
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.visible_text import in_one_line
from streetview_assets.warehouse.queries import queries_of, quoted_name

TABLES = """
select table_name as name, estimated_size as row_count, coalesce(comment, '') as meaning
from duckdb_tables()
where database_name = 'streetview'
order by table_oid
"""
COLUMNS = """
select table_name, column_name as name, lower(data_type) as type, coalesce(comment, '') as meaning
from duckdb_columns()
where database_name = 'streetview'
order by table_oid, column_index
"""


def describe_tables(opened: OpenStudy) -> None:
    """List the published tables, each with its rows, its age and what a row is.

    Parameters
    ----------
    opened
        A study with a published database.
    """
    told = _ages(opened)
    rows = [
        (name, f"{count:,}", told.get(name, ""), meaning.partition(". ")[0])
        for name, count, meaning in opened.sql(TABLES).iter_rows()
    ]
    heads = (Column("table", no_wrap=True), Column("rows", justify="right"), "made ago", "a row is")
    PlainConsole().print(table_of(heads, rows, **NARROW))


def describe_table(opened: OpenStudy, table: str) -> None:
    """List the columns of a table, each with its type, how much of it is filled, its meaning.

    Parameters
    ----------
    opened
        A study with a published database.
    table
        Its name.

    Raises
    ------
    StudyError
        Where there is no such table, with those of a like name.
    """
    columns = opened.sql(COLUMNS).filter(table_name=table)
    if columns.is_empty():
        names = opened.sql(TABLES)["name"].to_list()
        near = difflib.get_close_matches(table, names, n=3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise StudyError(f"no table {in_one_line(table)!r} is published.{hint}")
    filled = _filled(opened, table, columns["name"].to_list())
    rows = [
        (name, dtype, share, meaning)
        for (_, name, dtype, meaning), share in zip(columns.iter_rows(), filled, strict=True)
    ]
    heads = (
        Column("column", no_wrap=True),
        Column("type", max_width=13, overflow="fold"),
        "filled",
        Column("meaning", overflow="fold"),
    )
    PlainConsole().print(table_of(heads, rows, title=table, **NARROW))


def write_dictionary(opened: OpenStudy, path: Path) -> None:
    """Write all tables with all their columns as one page of Markdown.

    Parameters
    ----------
    opened
        A study with a published database.
    path
        The file.
    """
    with written_aside(path) as aside:
        aside.write_text("\n".join(_page(opened)) + "\n", encoding="utf-8")


def _page(opened: OpenStudy) -> Iterator[str]:
    told, columns = _ages(opened), opened.sql(COLUMNS)
    yield f"# The tables of {opened.study.name}"
    for name, count, meaning in opened.sql(TABLES).iter_rows():
        age = f", made {told[name]} ago" if name in told else ""
        yield f"\n## {name}\n\n{_cell(meaning)}\n\nRows: {count:,}{age}.\n"
        of_table = columns.filter(table_name=name)
        filled = _filled(opened, name, of_table["name"].to_list())
        yield "| column | type | filled | meaning |\n|---|---|---|---|"
        for (_, column, dtype, what), share in zip(of_table.iter_rows(), filled, strict=True):
            yield f"| `{_cell(column)}` | {_cell(dtype)} | {share} | {_cell(what)} |"


def _cell(text: str) -> str:
    return in_one_line(text).replace("|", "\\|").replace("<", "&lt;")


def _ages(opened: OpenStudy) -> dict[str, str]:
    """Say how long ago the oldest file of each table was made; a mart, with the published file."""
    now = datetime.now(UTC)
    published = opened.sql("select built_at from about").item()
    made = {
        table: [read_provenance(path).made_at for path in opened.lake.files(table)]
        for table in written_by()
    }
    made |= {query.name: [published] for query in queries_of("mart")} | {"about": [published]}
    return {table: age_in_words(now - min(times)) for table, times in made.items() if times}


def _filled(opened: OpenStudy, table: str, columns: list[str]) -> list[str]:
    counts = ", ".join(f"count({quoted_name(name)})" for name in columns)
    rows, *filled = opened.sql(f"select count(*), {counts} from {quoted_name(table)}").row(0)
    return [f"{count / rows:.0%}" if rows else "" for count in filled]
