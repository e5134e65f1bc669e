"""Rows that say where points lie, by the usual names of columns or by given ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from streetview_assets.areas.columns import CSV
from streetview_assets.areas.thiessen import LATITUDE, LONGITUDE
from streetview_assets.errors import StudyError
from streetview_assets.files import pickled
from streetview_assets.files.reading import reading
from streetview_assets.points.point_table import Cells, as_degrees, read_csv, read_pickle
from streetview_assets.study.points import PointColumns
from streetview_assets.text.spreadsheet_text import unguarded
from streetview_assets.text.strict_json import to_json

PANORAMA_IDS = ("panoid", "pano_id")
IDS = (
    *("source_id", "img_id", "new_imgid", "imgid", "id", "point_id", "location_id"),
    *("osm_id", "fid", *PANORAMA_IDS),
)
TABLES = (*CSV, ".tsv", ".parquet", *pickled.SUFFIXES)
"""Kinds of files that are read row by row."""

_REMEDY = ". Correct the row, or take it out."


@dataclass(frozen=True)
class PointRow:
    """One row as it stands in the file.

    Attributes
    ----------
    place
        How to name it to a person.
    longitude, latitude, source_id, panorama_id
        As they stand there; None where they do not.
    properties
        JSON of all else that the row says; None: nothing.
    told
        All that it says, by the names of columns in small letters.
    """

    place: str
    longitude: Any
    latitude: Any
    source_id: Any
    panorama_id: Any
    properties: str | None
    told: Mapping[str, Any]


def read_rows(path: Path, key: str, columns: PointColumns) -> Iterator[PointRow]:
    """Read a table of points: CSV, Parquet or a pickled data frame.

    Parameters
    ----------
    path, key
        The file, and the key of the study that names it.
    columns
        Columns that have no usual names.

    Raises
    ------
    StudyError
        Where the file has no column of the latitude or of the longitude, or lacks one that is
        named.
    """
    header, rows = _table(path, key)
    names = {name.strip().lower(): name for name in header}
    _refuse_unnamed(names, path, key, columns)
    for place, cells in rows:
        told = {name.strip(): cells[name] for name in names.values() if cells[name] is not None}
        yield point_row(
            place, {name: unguarded(value) for name, value in told.items()}, columns=columns
        )


def point_row(
    name: str,
    told: Mapping[str, Any],
    place: tuple[float, float] | None = None,
    columns: PointColumns | None = None,
) -> PointRow:
    """Find the place and the ids in what a file says of a point, and keep all else as it is.

    Parameters
    ----------
    name
        How to name the row to a person.
    told
        What the file says, by column.
    place
        Longitude and latitude, where they stand in no column.
    columns
        Columns that have no usual names.
    """
    # Of `lat` and `LAT` the first is meant.
    by_lower = {key.lower(): key for key in sorted(told, key=str.islower)}
    named = columns or PointColumns()
    used = [
        _first(told, by_lower, _named(given, usual))
        for given, usual in ((named.longitude, LONGITUDE), (named.latitude, LATITUDE))
    ]
    longitude, latitude = place or (None if key is None else told[key] for key in used)
    ids = [
        _first(told, by_lower, _named(given, usual))
        for given, usual in ((named.id, IDS), (named.panorama_id, PANORAMA_IDS))
    ]
    source_id, panorama_id = (None if key is None else told[key] for key in ids)
    others = {key: value for key, value in told.items() if place or key not in used}
    return PointRow(
        name,
        longitude,
        latitude,
        source_id,
        panorama_id,
        # Escaped, since JSON may hold half a character, which no text column can.
        to_json(others) if others else None,
        {lower: told[key] for lower, key in by_lower.items()},
    )


def place_of(row: PointRow, place: str) -> tuple[float, float]:
    """Read longitude and latitude of a row, degrees (WGS 84).

    Parameters
    ----------
    row
        Of the file.
    place
        The key and the file, for messages.

    Raises
    ------
    StudyError
        Where one is no degree.
    """
    where = f"{place}, {row.place}: the"
    return (
        as_degrees(row.longitude, 180, f"{where} longitude", _REMEDY),
        as_degrees(row.latitude, 90, f"{where} latitude", _REMEDY),
    )


def as_id(value: Any) -> str | None:
    """Give an id as text, without blanks around it; None where there is none."""
    if value is None:
        return None
    return str(value).strip().encode("utf-8", "replace").decode()


def _table(path: Path, key: str) -> tuple[list[str], Iterable[tuple[str, Cells]]]:
    suffix = path.suffix.lower()
    if suffix in pickled.SUFFIXES:
        return read_pickle(path, key)
    if suffix != ".parquet":
        return read_csv(path, key)
    with reading(f"{key}: {path}", "Parquet"):
        table = pl.read_parquet(path, glob=False)
        frame = table.select(~cs.nested() & ~cs.binary()).cast(pl.String)
    rows = ((f"row {number}", row) for number, row in enumerate(frame.iter_rows(named=True), 1))
    return frame.columns, rows


def _refuse_unnamed(names: Mapping[str, str], path: Path, key: str, columns: PointColumns) -> None:
    there = ", ".join(names) or "none"
    for meaning, given in columns:
        if given is not None and given.strip().lower() not in names:
            raise StudyError(
                f"points.columns.{meaning}: {path} has no column {given!r}. The columns there "
                f"are: {there}."
            )
    for given, usual, meaning in (
        (columns.latitude, LATITUDE, "latitude"), (columns.longitude, LONGITUDE, "longitude"),
    ):  # fmt: skip
        if given is None and not names.keys() & set(usual):
            raise StudyError(
                f"{key}: {path} has no column of the {meaning} (one of {', '.join(usual)}, or name "
                f"it: points.columns.{meaning}). The columns there are: {there}."
            )


def _named(given: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    return usual if given is None else (given.strip().lower(),)


def _first(
    told: Mapping[str, Any], by_lower: Mapping[str, str], names: Iterable[str]
) -> str | None:
    """Find the first of some names that has a value, in the file's own spelling."""
    keys = (by_lower[name] for name in names if name in by_lower)
    return next((key for key in keys if told[key] not in (None, "")), None)
