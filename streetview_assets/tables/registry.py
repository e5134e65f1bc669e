"""Every table's contract, once: name, columns, types, units, key, meaning.

The polars schema, the check at every write, the column schema in the Dagster UI, the reference
page and the comments of the published database all come from here.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from streetview_assets.errors import ContractError

if TYPE_CHECKING:
    import dataframely as dy
from streetview_assets.tables import (
    areas,
    clusters,
    embeddings,
    explanations,
    images,
    models,
    perception,
    perception_scores,
    points,
    pooling,
    towns,
)
from streetview_assets.tables.contract import Column, Table

_TABLES = (
    *areas.TABLES,
    *points.TABLES,
    *images.TABLES,
    *embeddings.TABLES,
    *pooling.TABLES,
    *clusters.TABLES,
    *models.TABLES,
    *towns.TABLES,
    *explanations.TABLES,
    *perception.TABLES,
    *perception_scores.TABLES,
)


TABLES: dict[str, Table] = {table.name: table for table in _TABLES}


def check_contract(table: Table, frame: pl.DataFrame) -> None:
    """Refuse a frame that breaks its table's contract.

    Parameters
    ----------
    table
        The contract.
    frame
        The rows.

    Raises
    ------
    ContractError
        With the table's name and every rule that is broken: columns, types, nulls, repeated
        keys, values that are not among the allowed ones, numbers that are not finite.
    """
    if frame.schema != table.schema:
        missing = [name for name in table.schema if name not in frame.schema]
        unknown = [name for name in frame.schema if name not in table.schema]
        wrong = [
            f"{name} is {dtype}, expected {table.schema[name]}"
            for name, dtype in frame.schema.items()
            if name in table.schema and dtype != table.schema[name]
        ]
        raise ContractError(
            f"table {table.name}: wrong columns; missing {missing}, unknown {unknown}, "
            f"wrong type {wrong}, expected in this order: {table.schema.names()}"
        )
    from dataframely.exc import ValidationError

    try:
        _rules(table.name).validate(frame)
    except ValidationError as error:
        raise ContractError(f"table {table.name}: {error}") from None


@cache
def _rules(name: str) -> "type[dy.Schema]":
    """Make the check of a table; the library is imported at the first write, not at every start."""
    import dataframely as dy

    columns = {column.name: _rule(column) for column in TABLES[name].columns}
    return type(f"{name}_contract", (dy.Schema,), columns)


def _rule(column: Column) -> "dy.Column":
    import dataframely as dy

    key, optional = column.key, column.optional and not column.key
    plain: dict[type[pl.DataType], Callable[..., dy.Column]] = {
        pl.String: dy.String,
        pl.Date: dy.Date,
        pl.Int64: dy.Int64,
        pl.Float64: dy.Float64,
        pl.Boolean: dy.Bool,
        pl.Binary: dy.Binary,
    }
    match column.dtype:
        case pl.String() if column.one_of:
            allowed = list(column.one_of)
            return dy.String(
                primary_key=key, nullable=optional, check=lambda text: text.is_in(allowed)
            )
        case pl.List():
            return dy.List(dy.Float32(nullable=False), nullable=optional)
        case pl.Datetime():
            return dy.Datetime(primary_key=key, nullable=optional, time_unit="us", time_zone="UTC")
        case _:
            return plain[type(column.dtype)](primary_key=key, nullable=optional)
