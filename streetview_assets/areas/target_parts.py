"""Values of postcodes or smaller areas, made values of areas through a lookup and a named rule."""

import polars as pl

from streetview_assets.areas.columns import (
    SourceTable,
    Wanted,
    as_codes,
    as_numbers,
    listed,
    require_areas,
    require_meeting,
)
from streetview_assets.areas.target_values import WITHHELD, code_form, divided
from streetview_assets.errors import StudyError
from streetview_assets.study.targets import Target, TargetLookup
from streetview_assets.text.counted import counted

NOT_IN_LOOKUP = "not in the lookup"
PARTS_NOT_IN_TABLE = "none of its parts is in the table"
NO_WEIGHT = "its parts have no weight"


def lookup_columns(lookup: TargetLookup, key: str) -> Wanted:
    """Name the columns of a lookup by the key of the study that names each."""
    names = ("code", "area_code", "weight")
    return {f"{key}.lookup.{name}": getattr(lookup, name) for name in names}


def read_parts(
    source: SourceTable, target: Target, lookup: TargetLookup, areas: pl.Series, key: str
) -> pl.DataFrame:
    """Read which parts the areas of the study have, and their weights.

    Parameters
    ----------
    source
        The lookup, with the columns of `lookup_columns`.
    target
        The target, which says what form the parts' codes have.
    lookup
        The target's `lookup`: which columns hold the area, the part and the weight, and whether
        parts are added up.
    areas
        The study's area codes.
    key
        The target's place in the study file.

    Returns
    -------
    polars.DataFrame
        ``area_code, code, weight``, by both, each pair once; the weight is 1 without weights. A
        part may belong to several areas.

    Raises
    ------
    StudyError
        Where no part belongs to an area of the study, a pair has two weights, a weight is
        negative, or parts that are to be added up belong to two areas.
    """
    weight = pl.repeat(1.0, source.frame.height, eager=True)
    if lookup.weight:
        weight = as_numbers(source, lookup.weight, f"{key}.lookup.weight")
    pairs = pl.DataFrame(
        {
            "area_code": as_codes(source.frame[lookup.area_code]),
            "code": code_form(source.frame[lookup.code], target),
            "weight": weight,
        }
    )
    pairs = pairs.drop_nulls(["area_code", "code"]).unique().sort("area_code", "code")
    mine = pairs.filter(pl.col("area_code").is_in(areas.implode()))
    named = (f"{key}.lookup.area_code", lookup.area_code)
    require_areas(areas, pairs["area_code"], source, named, "")
    _refuse_wrong_weights(mine, source, lookup, key)
    if lookup.aggregate == "sum":
        _refuse_parts_of_two(pairs, mine, source, key)
    return mine


def require_parts(
    values: pl.DataFrame, parts: pl.DataFrame, table: str, lookup: str, key: str
) -> None:
    """Refuse a table of which no code, or none with its leading zeros, is a part of an area.

    Parameters
    ----------
    values
        The target's table, with a column `code`.
    parts
        What `read_parts` gives.
    table, lookup
        The two files, as messages name them.
    key
        The key of the study that names the table's codes.

    Raises
    ------
    StudyError
        With codes of both sides, and the advice to name columns of the same kind of code.
    """
    require_meeting(
        parts["code"],
        values["code"],
        f"{key}: no code of {table} is in {lookup} as a part of an area of the study. The table's "
        f"codes begin with {listed(values['code'], 3) or 'nothing'}; the parts of these areas with "
        f"{listed(parts['code'], 3)}. Name the columns that hold the same kind of code.",
        f"{key}: {table} and {lookup}",
    )


def aggregate(values: pl.DataFrame, parts: pl.DataFrame, target: Target) -> pl.DataFrame:
    """Make the parts' values those of their areas.

    Parameters
    ----------
    values
        What `target_values.values_by_code` read.
    parts
        What `read_parts` read.
    target
        Its lookup names the rule. ``mean``, ``weighted_mean`` (weights times values over
        weights) and ``median`` are taken over the parts that have a value; of a share, over the
        parts' shares. ``sum`` adds parts and wholes before they are divided, and is null where a
        part that the table holds has no value, since a sum without it would be too small.

    Returns
    -------
    polars.DataFrame
        ``area_code, part, whole, part_count, part_without_value_count, reason``, by area.
    """
    assert target.lookup is not None
    rule, nothing = target.lookup.aggregate, pl.lit(None, dtype=pl.Float64)
    in_table = values.with_columns(in_table=pl.lit(True))
    found = parts.join(in_table, on="code", how="left", maintain_order="left")
    if rule != "sum":
        found = divided(found).with_columns(part="value")
    has_value = pl.col("in_table").is_not_null() & pl.col("reason").is_null()
    found = found.with_columns(has_value=has_value).with_columns(
        counted=pl.col("has_value") & (pl.col("weight") > 0).fill_null(False)
    )
    counted = pl.col("counted")
    return (
        found.group_by("area_code", maintain_order=True)
        .agg(
            part=_sum_of("part") if rule == "sum" else _centre(rule),
            whole=_sum_of("whole") if rule == "sum" and target.share else nothing.first(),
            part_count=counted.sum().cast(pl.Int64),
            part_without_value_count=(~counted).sum().cast(pl.Int64),
            why=_why(),
        )
        .with_columns(reason=pl.when(pl.col("part").is_null()).then("why"))
        .drop("why")
    )


def _sum_of(column: str) -> pl.Expr:
    """Add up the parts' values, null where one that the table holds is unknown."""
    counted = pl.col("counted")
    unknown = (pl.col("in_table").is_not_null() & ~counted).any()
    return pl.when(~unknown & counted.any()).then(pl.col(column).filter(counted).sum())


def _centre(rule: str) -> pl.Expr:
    counted = pl.col("counted")
    value, weight = pl.col("part").filter(counted), pl.col("weight").filter(counted)
    weighted = pl.when(counted.any()).then((value * weight).sum() / weight.sum())
    return {"median": value.median(), "mean": value.mean(), "weighted_mean": weighted}[rule]


def _why() -> pl.Expr:
    """Say why an area has no value, from its parts."""
    return (
        pl.when(pl.col("in_table").is_null().all())
        .then(pl.lit(PARTS_NOT_IN_TABLE))
        .when(pl.col("has_value").any() & ~pl.col("counted").any())
        .then(pl.lit(NO_WEIGHT))
        .when((pl.col("reason") == WITHHELD).any())
        .then(pl.lit(WITHHELD))
        .otherwise(pl.col("reason").drop_nulls().first())
    )


def _refuse_wrong_weights(
    mine: pl.DataFrame, source: SourceTable, lookup: TargetLookup, key: str
) -> None:
    two = mine.filter(pl.struct("area_code", "code").is_duplicated())["code"]
    negative = mine.filter(pl.col("weight") < 0)["code"]
    for codes, fault in ((two, "with two weights"), (negative, "with a weight below 0")):
        if len(codes):
            raise StudyError(
                f"{key}.lookup.weight: {source.place}, column {lookup.weight!r}: "
                f"{counted(codes.n_unique(), 'code')} {fault}: {listed(codes)}. Keep one row for "
                "each, with a weight of 0 or more."
            )


def _refuse_parts_of_two(
    pairs: pl.DataFrame, mine: pl.DataFrame, source: SourceTable, key: str
) -> None:
    several = pairs.filter(pl.col("code").is_duplicated())["code"]
    twice = mine["code"].filter(mine["code"].is_in(several.implode()))
    if len(twice):
        raise StudyError(
            f"{key}.lookup: {source.place} puts {counted(twice.n_unique(), 'code')} into several "
            f"areas: {listed(twice)}. Their values would be added up more than once: take another "
            "`aggregate`, or a lookup that gives each code one area."
        )
