"""Vectors of areas as others publish them: a table with a column a band and statistic."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.areas.columns import (
    CSV,
    SourceTable,
    as_codes,
    as_numbers,
    read_source,
    require_areas,
)
from streetview_assets.errors import StudyError
from streetview_assets.files.geo_file import PARQUET
from streetview_assets.files.reading import reading
from streetview_assets.text.counted import counted

SUFFIXES = (*CSV, *PARQUET)
NOT_IN_TABLE = "not in the table"
NO_VALUE = "the table has no value of some band"
KEY, CODE_KEY = "satellite.path", "satellite.area_code"
_BAND = re.compile(r"(?:band_?|a)(\d+)(?:_(mean|median|min|max))?", re.IGNORECASE)


@dataclass(frozen=True)
class PublishedVectors:
    """Vectors by area.

    Attributes
    ----------
    codes
        Of the areas that are in the table, each once.
    by_statistic
        Statistic to vectors, (n, bands); NaN where a cell is empty.
    """

    codes: list[str]
    by_statistic: dict[str, np.ndarray]


def read_published(path: Path, areas: pl.Series, column: str | None = None) -> PublishedVectors:
    """Read vectors of areas.

    Parameters
    ----------
    path
        CSV or Parquet. Columns such as `band1_mean` to `band64_mean`, `A00_median` or `A00`, in
        any order; without a statistic in its name, a column is of means.
    areas
        Codes of the study's areas.
    column
        The column of codes; default: the one that has most of them.

    Raises
    ------
    StudyError
        Where the file cannot be read, has no such columns, a band is missing, no area is in it,
        or one is in it twice.
    """
    there = _columns(path)
    bands = _bands(there, path)
    names = [name for by_number in bands.values() for name in by_number.values()]
    others = [name for name in there if name not in names]
    code = column or _code_column(path, others, areas)
    wanted = {CODE_KEY: code} | {f"{KEY} ({name})": name for name in names}
    source = read_source(path, wanted)
    codes = as_codes(source.frame[code])
    require_areas(areas, codes, source, (CODE_KEY, code), "")
    source, kept = _of_areas(source, codes, areas)
    return PublishedVectors(
        kept.to_list(),
        {
            statistic: np.column_stack(
                [as_numbers(source, by_number[n], KEY).to_numpy() for n in sorted(by_number)]
            )
            for statistic, by_number in bands.items()
        },
    )


def _columns(path: Path) -> list[str]:
    """List the columns that there are."""
    remedy = "Save it as CSV in UTF-8 with a header, or as Parquet."
    with reading(f"{KEY}: {path}", "a table", remedy):
        if path.suffix.lower() in PARQUET:
            return pl.scan_parquet(path, glob=False).collect_schema().names()
        separator = "\t" if path.suffix.lower() == ".tsv" else ","
        header = pl.read_csv(path, separator=separator, infer_schema=False, glob=False, n_rows=0)
        return header.columns


def _bands(columns: list[str], path: Path) -> Mapping[str, Mapping[int, str]]:
    """Find the columns of bands, by statistic and number."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for name in columns:
        if match := _BAND.fullmatch(name.strip()):
            number, statistic = int(match[1]), (match[2] or "mean").lower()
            if number in found[statistic]:
                both = f"{found[statistic][number]!r} and {name!r}"
                raise StudyError(f"{KEY}: {path}: {both} are the same band. Take one out.")
            found[statistic][number] = name
    if not found:
        raise StudyError(
            f"{KEY}: {path} has no columns of bands. They are called `band1_mean`, `A00_mean` or "
            f"`A00`, and so on; there are: {', '.join(columns[:20]) or 'none'}."
        )
    every = {number for by_number in found.values() for number in by_number}
    for statistic, by_number in found.items():
        missing = (every | set(range(min(every), max(every)))) - set(by_number)
        if missing:
            raise StudyError(
                f"{KEY}: {path} has no column of band {min(missing)} of the {statistic}, but of "
                f"{counted(len(by_number), 'other')}. Give them all."
            )
    return found


def _code_column(path: Path, columns: list[str], areas: pl.Series) -> str:
    """Find the column that holds most of the areas' codes; the first of equals."""
    if not columns:
        raise StudyError(f"{KEY}: {path} has no column of area codes beside the bands.")
    source = read_source(path, {f"{KEY} ({name})": name for name in columns})
    counts = {
        name: as_codes(source.frame[name]).unique().is_in(areas.implode()).sum()
        for name in columns
        if not source.frame[name].dtype.is_nested()
    }
    return max(counts, key=lambda name: counts[name])


def _of_areas(
    source: SourceTable, codes: pl.Series, areas: pl.Series
) -> tuple[SourceTable, pl.Series]:
    """Keep the rows of the study's areas, which may not be there twice."""
    mine = codes.is_in(areas.implode()).fill_null(False)
    kept = codes.filter(mine)
    if (twice := kept.filter(kept.is_duplicated())).len():
        areas_twice = counted(twice.unique().len(), "area")
        raise StudyError(
            f"{CODE_KEY}: {source.place}: {areas_twice} more than once there, the "
            f"first {twice.sort()[0]!r}. Give each one row."
        )
    # Rows are named as those of the areas, no longer as those of the file.
    place = f"{source.place}, rows of the study's areas,"
    return SourceTable(source.frame.filter(mine), place, 1), kept
