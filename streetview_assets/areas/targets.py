"""The values to be predicted, joined to the areas; an area without a value stays, with null."""

from collections import defaultdict
from dataclasses import dataclass

import polars as pl

from streetview_assets.areas.columns import (
    SourceTable,
    as_codes,
    as_numbers,
    listed,
    read_source,
)
from streetview_assets.errors import StudyError
from streetview_assets.study import Study, Target
from streetview_assets.tables import TABLES


@dataclass(frozen=True)
class TargetJoin:
    """The targets of areas and what the join found.

    Attributes
    ----------
    targets
        Table ``targets``: one row for every area and target, by authority, area and target.
    without_value
        How many of the areas have no value, by target.
    source_row_count
        How many rows the target's file has, by target.
    """

    targets: pl.DataFrame
    without_value: dict[str, int]
    source_row_count: dict[str, int]


def read_targets(study: Study, areas: pl.DataFrame) -> TargetJoin:
    """Read the study's targets and join them to areas.

    Parameters
    ----------
    study
        Its targets say which file, sheet and columns; a file that several name is read once.
    areas
        Table ``areas``. Give all areas of the study, not those of one authority: an authority
        of which the source has no area (Wales in an English index) is then no error.

    Returns
    -------
    TargetJoin
        With a row for every area and target; empty in a study without targets.

    Raises
    ------
    StudyError
        Where a file or column is wrong, a value is no number, the values of an area contradict
        each other, or none of the areas finds a value.
    """
    keys = {target.name: f"targets.{index}" for index, target in enumerate(study.targets)}
    sources = _read_sources(study.targets, keys)
    frames = [TABLES["targets"].frame()]
    without_value: dict[str, int] = {}
    source_row_count: dict[str, int] = {}
    for target in study.targets:
        source = sources[target.name]
        values = _values(source, target, keys[target.name])
        joined = areas.select("authority_code", "area_code").join(
            values, on="area_code", how="left", validate="m:1"
        )
        without_value[target.name] = joined["value"].null_count()
        source_row_count[target.name] = source.frame.height
        if without_value[target.name] == areas.height > 0:
            raise _no_match(source, target, keys[target.name], values, areas)
        frames.append(_target_rows(joined, target))
    targets = pl.concat(frames).sort("authority_code", "area_code", "target")
    return TargetJoin(targets, without_value, source_row_count)


def deprivation(targets: pl.DataFrame, target: str) -> dict[str, float]:
    """Rank areas by how deprived they are, as a share from 0 (best off) to 1 (worst off).

    Parameters
    ----------
    targets
        Table ``targets``; its column ``more_is`` says which end is the worse.
    target
        Name of the target.

    Returns
    -------
    dict
        The share by area code. Ties share the mean of their ranks, a single area gets 0.5, and
        areas without a value are absent; empty where the table has nothing of the target.
    """
    rows = targets.filter(pl.col("target") == target).drop_nulls("value")
    worse = pl.when(pl.col("more_is") == "worse").then(pl.col("value")).otherwise(-pl.col("value"))
    rank = rows.select(worse.rank("average")).to_series()
    share = (rank - 1) / (rows.height - 1) if rows.height > 1 else rank * 0.5
    return dict(zip(rows["area_code"], share, strict=True))


def _read_sources(targets: tuple[Target, ...], keys: dict[str, str]) -> dict[str, SourceTable]:
    by_file = defaultdict(list)
    for target in targets:
        by_file[target.path, target.sheet].append(target)
    sources = {}
    for (path, sheet), sharing in by_file.items():
        wanted = {}
        for target in sharing:
            wanted[f"{keys[target.name]}.area_code"] = target.area_code
            wanted[f"{keys[target.name]}.value"] = target.value
        source = read_source(path, wanted, sheet)
        sources.update({target.name: source for target in sharing})
    return sources


def _values(source: SourceTable, target: Target, key: str) -> pl.DataFrame:
    """Give one value for each area code of the source."""
    pairs = pl.DataFrame(
        {
            "area_code": as_codes(source.frame[target.area_code]),
            "value": as_numbers(source, target.value, f"{key}.value"),
        }
    )
    once = pairs.drop_nulls("area_code").unique()
    contradicting = once.filter(pl.col("area_code").is_duplicated())["area_code"]
    if len(contradicting):
        raise StudyError(
            f"{key}.area_code: {source.place}, column {target.area_code!r}: "
            f"{contradicting.n_unique()} codes stand in several rows with different values of "
            f"{target.value!r}: {listed(contradicting)}. Keep one row for each of them."
        )
    return once


def _target_rows(joined: pl.DataFrame, target: Target) -> pl.DataFrame:
    return joined.with_columns(
        target=pl.lit(target.name), more_is=pl.lit(target.more_is, dtype=pl.String)
    ).select(TABLES["targets"].schema.names())


def _no_match(
    source: SourceTable, target: Target, key: str, values: pl.DataFrame, areas: pl.DataFrame
) -> StudyError:
    if values["area_code"].is_in(areas["area_code"].implode()).any():
        return StudyError(
            f"{key}.value: {source.place}, column {target.value!r} is empty for all {areas.height} "
            "areas. Name the column that holds the values."
        )
    there = listed(values["area_code"], 3) or "nothing"
    return StudyError(
        f"{key}.area_code: none of the {areas.height} areas is in {source.place}, column "
        f"{target.area_code!r}. The areas begin with {listed(areas['area_code'], 3)}; that column "
        f"with {there}. Name the column that holds the codes of these areas, or take areas and "
        "values of the same edition (LSOA 2011, LSOA 2021)."
    )
