"""Which columns of tables each column of a query is made of, read from its SQL."""

from collections.abc import Collection, Iterable

from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.queries import Query
from streetview_assets.warehouse.study_relation import STUDY_RELATION


def column_lineage(
    query: Query, others: Iterable[Query], study_columns: Collection[str]
) -> dict[str, list[tuple[str, str]]]:
    """Follow each column of a query to the columns that it is made of.

    Parameters
    ----------
    query
        A view or a mart.
    others
        The marts that it may read.
    study_columns
        Columns of the relation `study`.

    Returns
    -------
    dict
        By column of the query: table or mart and column, sorted. A column that counts rows, or
        is made of what the study file says alone, stands for no other and is left out.
    """
    from sqlglot import exp, parse_one
    from sqlglot.lineage import Node, lineage
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope
    from sqlglot.schema import MappingSchema

    made = {table: list(TABLES[table].schema) for table in TABLES}
    made |= {mart.name: list(mart.columns) for mart in others}
    known = {**made, STUDY_RELATION: study_columns}
    read = {*query.reads, STUDY_RELATION}
    # Once for all columns: sqlglot parses each name of a plain dict anew for each of them.
    schema = MappingSchema(
        {table: dict.fromkeys(known[table], "text") for table in read}, dialect="duckdb"
    )
    parsed = parse_one(query.sql, dialect="duckdb")
    named = qualify(parsed, schema=schema, dialect="duckdb", validate_qualify_columns=False)
    scope = build_scope(named)

    def ends(way: Node) -> list[tuple[str, str]]:
        leaves = [node for node in way.walk() if not node.downstream]
        found = [
            (node.source.name, exp.to_column(node.name, dialect="duckdb").name)
            for node in leaves
            if isinstance(node.source, exp.Table)
        ]
        return sorted({(table, name) for table, name in found if name in made.get(table, ())})

    ways = lineage(None, named, schema, scope=scope, copy=False, trim_selects=False)
    return {column: of for column in query.columns if (of := ends(ways[column]))}
