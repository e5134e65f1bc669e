"""The values to be predicted, joined to the areas; an area without a value stays, with null."""

from collections import defaultdict
from pathlib import Path

import polars as pl

from streetview_assets.areas.columns import SourceTable, read_source, require_areas
from streetview_assets.areas.converted_sources import TargetJoin
from streetview_assets.areas.standing import could_be_deciles, deciles, ranks
from streetview_assets.areas.target_parts import (
    NOT_IN_LOOKUP,
    aggregate,
    lookup_columns,
    read_parts,
    require_parts,
)
from streetview_assets.areas.target_values import divided, values_by_code, wanted_columns
from streetview_assets.errors import StudyError
from streetview_assets.study.study_file import Study
from streetview_assets.study.targets import Target, TargetLookup
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

NOT_IN_TABLE = "not in the table"


def read_targets(study: Study, areas: pl.DataFrame) -> TargetJoin:
    """Read the study's targets and join them to areas.

    Parameters
    ----------
    study
        Its targets say which file, sheet and columns; a file that several name is read once.
    areas
        Table ``areas``. Give all areas of the study, not those of one authority: an authority
        of which the source has no area (Wales in an English index) is then no error, and ranks
        and deciles are those among all areas of the study.

    Returns
    -------
    TargetJoin
        With a row for every area and target; empty in a study without targets.

    Raises
    ------
    StudyError
        Where a file or column is wrong, a value is no number, the values of an area contradict
        each other, none of the areas finds a value, or it is not said whether values are deciles.
    """
    sources = _read_sources(study.targets)
    frames = [TABLES["targets"].frame()]
    without_value: dict[str, int] = {}
    source_row_count: dict[str, int] = {}
    for index, target in enumerate(study.targets):
        source, key = sources[target.path, target.sheet], f"targets.{index}"
        values = values_by_code(source, target, key)
        if target.lookup:
            lookup = sources[target.lookup.path, None]
            parts = read_parts(lookup, target, target.lookup, areas["area_code"], key)
            table = f"{source.place}, column {target.area_code!r},"
            require_parts(values, parts, table, lookup.place, f"{key}.area_code")
            found = _joined(areas, aggregate(values, parts, target), NOT_IN_LOOKUP, 0)
        else:
            found = _by_area(source, values, target, areas, key)
        rows = _target_rows(found, target)
        without_value[target.name] = rows["value"].null_count()
        source_row_count[target.name] = source.frame.height
        if rows["value"].null_count() == areas.height > 0:
            raise _all_without_value(source, target, key, rows)
        _ask_for_deciles(rows["value"], target, f"{key}.is_decile: {source.place}")
        frames.append(rows)
    targets = pl.concat(frames).sort("authority_code", "area_code", "target")
    return TargetJoin(targets, without_value, source_row_count)


def why_without_value(targets: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Count the areas without a value, by target and reason; every target is named.

    Parameters
    ----------
    targets
        Table ``targets``.
    """
    counts: dict[str, dict[str, int]] = {name: {} for name in targets["target"].unique().sort()}
    without = targets.filter(pl.col("value").is_null())
    for name, reason, count in (
        without.group_by("target", "reason").len().sort("target", "reason").iter_rows()
    ):
        counts[name][reason] = count
    return counts


def source_of(target: Target) -> str:
    """Write the file, columns and codes of a target, and how they became its values.

    Such as ``health.csv: (bad + very bad) / (all), by oa; through lookup.csv: oa to lsoa, sum;
    decile in the study, 1 lowest``.
    """
    sheet = f", sheet {target.sheet!r}" if target.sheet else ""
    steps = [f"{target.path.name}{sheet}: {_columns_of(target)}, by {target.area_code}"]
    if target.lookup:
        steps.append(_lookup_of(target.lookup))
    if target.given_as != "value":
        steps.append(f"{target.given_as} in the study, 1 lowest")
    if target.is_decile:
        steps.append("decile as it stands there, 1 lowest")
    return "; ".join(steps)


def _read_sources(targets: tuple[Target, ...]) -> dict[tuple[Path, str | None], SourceTable]:
    """Read the tables and the lookups of the targets, by file and sheet, each once."""
    wanted: dict[tuple[Path, str | None], dict[str, str | None]] = defaultdict(dict)
    for index, target in enumerate(targets):
        key = f"targets.{index}"
        wanted[target.path, target.sheet] |= wanted_columns(target, key)
        if target.lookup:
            wanted[target.lookup.path, None] |= lookup_columns(target.lookup, key)
    return {
        (path, sheet): read_source(path, columns, sheet)
        for (path, sheet), columns in wanted.items()
    }


def _by_area(
    source: SourceTable, values: pl.DataFrame, target: Target, areas: pl.DataFrame, key: str
) -> pl.DataFrame:
    """Join the values of areas."""
    named = (f"{key}.area_code", target.area_code)
    editions = ", or take areas and values of the same edition (LSOA 2011, LSOA 2021)"
    require_areas(areas["area_code"], values["code"], source, named, editions)
    complete = pl.col("reason").is_null()
    found = values.rename({"code": "area_code"}).with_columns(
        part_count=complete.cast(pl.Int64), part_without_value_count=(~complete).cast(pl.Int64)
    )
    return _joined(areas, found, NOT_IN_TABLE, 1)


def _joined(
    areas: pl.DataFrame, found: pl.DataFrame, why_not: str, without_value_count: int
) -> pl.DataFrame:
    """Give each area what was found for it, or the reason why nothing was."""
    joined = areas.select("authority_code", "area_code").join(
        found, on="area_code", how="left", validate="m:1"
    )
    missing = pl.col("part_count").is_null()
    return joined.with_columns(
        pl.col("part_count").fill_null(0),
        pl.col("part_without_value_count").fill_null(without_value_count),
        reason=pl.when(missing).then(pl.lit(why_not)).otherwise("reason"),
    )


def _target_rows(found: pl.DataFrame, target: Target) -> pl.DataFrame:
    """Make rows of the table: shares divided, ranked or cut into deciles where that is wanted."""
    rows = divided(found)
    given_as = {"rank": ranks, "decile": deciles}.get(target.given_as)
    if given_as:
        rows = rows.with_columns(given_as(rows["value"]))
    return rows.with_columns(
        target=pl.lit(target.name),
        more_is=pl.lit(target.more_is, dtype=pl.String),
        source=pl.lit(source_of(target)),
        is_decile=pl.lit(target.holds_deciles),
    ).select(TABLES["targets"].schema.names())


def _ask_for_deciles(values: pl.Series, target: Target, place: str) -> None:
    """Refuse values of which it is not said whether they are deciles, and deciles that are none.

    Taken for deciles in silence, a count of 1 to 10 is scored as it should not be; taken for a
    count, deciles are cut into deciles once more.
    """
    could_be = could_be_deciles(values)
    if target.is_decile and not could_be:
        known = values.drop_nulls().to_numpy()
        raise StudyError(
            f"{place}: the values of {target.name!r} are no deciles: they lie between "
            f"{known.min():g} and {known.max():g}, and deciles are whole numbers from 1 to 10. "
            "Leave `is_decile` out, or write `as: decile`, which makes deciles of them."
        )
    if could_be and target.is_decile is None and target.given_as == "value":
        raise StudyError(
            f"{place}: all values of {target.name!r} are whole numbers from 1 to 10. Write "
            "`is_decile: true` where they are deciles, 1 that of the lowest values, or "
            "`is_decile: false` where they measure or count something else."
        )


def _all_without_value(
    source: SourceTable, target: Target, key: str, rows: pl.DataFrame
) -> StudyError:
    why = ", ".join(
        f"{reason}: {count}" for reason, count in why_without_value(rows)[target.name].items()
    )
    if target.share is None and target.lookup is None:
        return StudyError(
            f"{key}.value: {source.place}, column {target.value!r} is empty for all of "
            f"{counted(rows.height, 'area')} ({why}). Name the column that holds the values."
        )
    return StudyError(
        f"{key}.{'share' if target.share else 'value'}: {source.place} gives none of the "
        f"{counted(rows.height, 'area')} a value ({why}). Name the columns that hold them."
    )


def _columns_of(target: Target) -> str:
    if target.share is None or target.of is None:
        return str(target.value)
    share = f"({' + '.join(target.share)}) / ({' + '.join(target.of)})"
    return f"{target.value} where {target.category} is {share}" if target.category else share


def _lookup_of(lookup: TargetLookup) -> str:
    weight = f" by {lookup.weight}" if lookup.weight else ""
    rule = lookup.aggregate.replace("_", " ")
    return f"through {lookup.path.name}: {lookup.code} to {lookup.area_code}, {rule}{weight}"
