"""The file that describes a folder of images: CSV or GeoJSON, columns as the study names them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from streetview_assets.areas.columns import CSV, require_columns
from streetview_assets.errors import StudyError
from streetview_assets.files import pickled
from streetview_assets.files.file_names import plain_path, whole_paths
from streetview_assets.files.geo_file import JSON
from streetview_assets.files.reading import reading
from streetview_assets.points.own_images.folder_walk import FolderFiles
from streetview_assets.points.own_images.taken import Taken, as_heading, as_time
from streetview_assets.points.point_table import (
    Cells,
    as_degrees,
    read_csv,
    read_geojson,
    read_pickle,
)
from streetview_assets.study.images import ImageColumns

T = TypeVar("T")

_KEY = "images.positions"
MISSING = "listed in images.positions, and no file of this name is there"
NO_POSITION = "no position in images.positions"
HALF_A_POSITION = "half a position in images.positions"


def read_image_table(
    path: Path, columns: ImageColumns, folder: Path, walked: FolderFiles
) -> list[Taken]:
    """Read how each image was taken, as a file describes it.

    Parameters
    ----------
    path
        CSV (comma, semicolon or tab, UTF-8), a pickled data frame, or GeoJSON of points, whose
        geometry is the position.
    columns
        Which column says what. A column that is named has to be there.
    folder
        Folder of the images, to which the names of files are relative.
    walked
        What is in it. A file may be written otherwise than it is called there, see `whole_paths`;
        a hidden one is taken where it is listed.

    Returns
    -------
    list of Taken
        In the order of the file. Without a position, and with the reason, where the row has none
        or there is no such file.

    Raises
    ------
    StudyError
        Where the file cannot be read, a column is missing, a cell is no coordinate, direction or
        time (with the row), or an image is listed twice with different facts.
    """
    with reading(f"{_KEY}: {path}", "positions", "Give CSV in UTF-8, or GeoJSON."):
        rows = list(_rows(path, columns))
    listed = [
        (place, _taken(cells, columns, folder, f"{_KEY}: {path}, {place}")) for place, cells in rows
    ]
    names = [taken.file for _, taken in listed]
    hidden = set(map(plain_path, names)).intersection(walked.hidden)
    rows_and_names = pl.DataFrame({"row": range(len(names)), "name": names})
    found = whole_paths(rows_and_names, [*walked.files, *sorted(hidden)])
    file_of = dict(found.select("row", "file").iter_rows())
    by_file: dict[str, Taken] = {}
    for row, (place, taken) in enumerate(listed):
        if row in file_of:
            taken = replace(taken, file=file_of[row])
        else:
            taken = Taken(plain_path(taken.file), reason=MISSING)
        if by_file.setdefault(taken.file, taken) != taken:
            raise StudyError(
                f"{_KEY}: {path}, {place}: {taken.file} is listed before with another "
                "position, time, heading, category, copyright or parent. Keep one of the rows."
            )
    return list(by_file.values())


def _rows(path: Path, columns: ImageColumns) -> Iterator[tuple[str, Cells]]:
    suffix = path.suffix.lower()
    if suffix in JSON:
        return _geojson_rows(path, columns)
    if suffix in (*CSV, *pickled.SUFFIXES):
        header, rows = (
            read_csv(path, _KEY, skipinitialspace=True)
            if suffix in CSV
            else read_pickle(path, _KEY)
        )
        _require(path, columns.model_dump(), header)
        return iter(rows)
    raise StudyError(
        f"{_KEY}: {path}: files of kind {suffix or '(no suffix)'!r} are not read as positions; "
        "give CSV or GeoJSON."
    )


def _geojson_rows(path: Path, columns: ImageColumns) -> Iterator[tuple[str, Cells]]:
    remedy = "Give the point from which the image was taken."
    features, places = read_geojson(path, _KEY, remedy)
    _require(path, columns.model_dump(exclude={"longitude", "latitude"}), features.columns)
    records = features.drop(columns=features.geometry.name).to_dict("records")
    for (name, place), cells in zip(places, records, strict=True):
        longitude, latitude = place or (None, None)
        yield name, {**cells, columns.longitude: longitude, columns.latitude: latitude}


def _require(path: Path, named: Mapping[str, str | None], there: Iterable[Any]) -> None:
    wanted = {f"images.columns.{key}": name for key, name in named.items()}
    require_columns(str(path), wanted, list(map(str, there)))


def _taken(cells: Cells, columns: ImageColumns, folder: Path, place: str) -> Taken:
    def read(column: str | None, as_value: Callable[[str], T], expected: str) -> T | None:
        cell = _cell(cells, column)
        try:
            return None if cell is None else as_value(cell)
        except ValueError as error:
            raise StudyError(
                f"{place}: {column} is {cell!r}; expected {expected}, or nothing."
            ) from error

    def degrees(column: str, most: int) -> float | None:
        cell, what = _cell(cells, column), f"{place}: {column}"
        return None if cell is None else as_degrees(cell, most, what, ", or nothing.")

    file = _cell(cells, columns.file)
    if file is None:
        raise StudyError(f"{place}: the column {columns.file!r} names no file.")
    longitude, latitude = degrees(columns.longitude, 180), degrees(columns.latitude, 90)
    known = longitude is not None and latitude is not None
    neither = longitude is None and latitude is None
    return Taken(
        file=_relative(file, folder),
        longitude=longitude if known else None,
        latitude=latitude if known else None,
        captured_at=read(
            columns.captured_at,
            as_time,
            "ISO text, a date, a month (2019-06) or milliseconds since 1970",
        ),
        heading_deg=read(
            columns.heading_deg, lambda cell: as_heading(float(cell)), "degrees from north"
        ),
        category=_cell(cells, columns.category),
        copyright=_cell(cells, columns.copyright),
        parent=_cell(cells, columns.parent),
        reason=None if known else NO_POSITION if neither else HALF_A_POSITION,
    )


def _cell(cells: Cells, column: str | None) -> str | None:
    """Give a cell as text; None where it is empty or the study names no such column."""
    value = cells.get(column) if column is not None else None
    # What geopandas makes of a gap is None, NaN or NaT: the latter two differ from themselves.
    if value is None or value != value:
        return None
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip() or None


def _relative(file: str, folder: Path) -> str:
    path = Path(plain_path(file))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else file
