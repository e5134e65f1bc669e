"""The file that describes a folder of images: CSV or GeoJSON, columns as the study names them."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files.file_names import plain_path, whole_paths
from streetview_assets.files.geo_file import GeoFile, frame
from streetview_assets.files.reading import reading
from streetview_assets.points.own_images.folder_walk import FolderFiles
from streetview_assets.points.own_images.taken import Taken, as_heading, as_time
from streetview_assets.study.images import ImageColumns

_GEOJSON = (".geojson", ".json")
_CSV = (".csv", ".tsv", ".txt")

Cells = Mapping[str, Any]


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
        CSV (comma, semicolon or tab, UTF-8), or GeoJSON of points, whose geometry is the position.
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
    with reading(f"images.positions: {path}", "positions", "Give CSV in UTF-8, or GeoJSON."):
        rows = list(_rows(path, columns))
    listed = [
        (place, _taken(cells, columns, folder, f"images.positions: {path}, {place}"))
        for place, cells in rows
    ]
    files = _files_of([taken.file for _, taken in listed], walked)
    by_file: dict[str, Taken] = {}
    for (place, listed_as), file in zip(listed, files, strict=True):
        if file is None:
            taken = Taken(plain_path(listed_as.file), reason=MISSING)
        else:
            taken = replace(listed_as, file=file)
        if by_file.setdefault(taken.file, taken) != taken:
            raise StudyError(
                f"images.positions: {path}, {place}: {taken.file} is listed before with another "
                "position, time, heading, category or copyright. Keep one of the rows."
            )
    return list(by_file.values())


def _files_of(names: list[str], walked: FolderFiles) -> list[str | None]:
    """Find the file of each name; None where there is none, or several could be meant."""
    listed = set(map(plain_path, names))
    there = [*walked.files, *(file for file in walked.hidden if file in listed)]
    found = whole_paths(pl.DataFrame({"row": range(len(names)), "name": names}), there)
    file_of = dict(found.select("row", "file").iter_rows())
    return [file_of.get(row) for row in range(len(names))]


def _rows(path: Path, columns: ImageColumns) -> Iterator[tuple[str, Cells]]:
    suffix = path.suffix.lower()
    if suffix in _GEOJSON:
        return _geojson_rows(path, columns)
    if suffix in _CSV:
        return _csv_rows(path, columns)
    raise StudyError(
        f"images.positions: {path}: files of kind {suffix or '(no suffix)'!r} are not read as "
        "positions; give CSV or GeoJSON."
    )


def _csv_rows(path: Path, columns: ImageColumns) -> Iterator[tuple[str, Cells]]:
    with reading(f"images.positions: {path}", "UTF-8 text", "Save it as CSV in UTF-8."):
        text = path.read_text(encoding="utf-8-sig")
    header = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""),
        delimiter=max(",;\t", key=header.count),
        skipinitialspace=True,
    )
    _check_columns(path, reader.fieldnames or (), columns, columns.model_dump())
    for cells in reader:
        yield f"line {reader.line_num}", cells


def _geojson_rows(path: Path, columns: ImageColumns) -> Iterator[tuple[str, Cells]]:
    features = frame(GeoFile(path, "images.positions", "GeoJSON", "Give GeoJSON of points."))
    if not isinstance(features, gpd.GeoDataFrame):
        raise StudyError(f"images.positions: {path} has no geometry. Give GeoJSON of points.")
    named = columns.model_dump(exclude={"longitude", "latitude"})
    _check_columns(path, features.columns, columns, named)
    shapes = features.geometry.to_crs(GEOGRAPHIC_CRS)
    records = features.drop(columns=features.geometry.name).to_dict("records")
    for number, (shape, cells) in enumerate(zip(shapes, records, strict=True), start=1):
        place = f"feature {number}"
        if shape is None or shape.is_empty:
            position = {columns.longitude: None, columns.latitude: None}
        elif shape.geom_type == "Point":
            position = {columns.longitude: shape.x, columns.latitude: shape.y}
        else:
            raise StudyError(
                f"images.positions: {path}, {place}: a {shape.geom_type} where a Point was "
                "expected. Give the point from which the image was taken."
            )
        yield place, {str(name): cell for name, cell in cells.items()} | position


def _check_columns(
    path: Path, there: Iterable[str], columns: ImageColumns, named: Mapping[str, str | None]
) -> None:
    found = [str(name) for name in there]
    for key, name in named.items():
        if name is not None and name not in found:
            raise StudyError(
                f"images.columns.{key}: {path} has no column {name!r}. "
                f"The columns there are: {', '.join(found) or 'none'}."
            )


def _taken(cells: Cells, columns: ImageColumns, folder: Path, place: str) -> Taken:
    file = _cell(cells, columns.file)
    if file is None:
        raise StudyError(f"{place}: the column {columns.file!r} names no file.")
    longitude = _degrees(cells, columns.longitude, 180, place)
    latitude = _degrees(cells, columns.latitude, 90, place)
    known = longitude is not None and latitude is not None
    neither = longitude is None and latitude is None
    heading = _cell(cells, columns.heading_deg)
    captured = _cell(cells, columns.captured_at)
    try:
        heading_deg = None if heading is None else as_heading(float(heading))
    except ValueError as error:
        raise StudyError(
            f"{place}: {columns.heading_deg} is {heading!r}; expected degrees from north, "
            "or nothing."
        ) from error
    try:
        captured_at = None if captured is None else as_time(captured)
    except ValueError as error:
        raise StudyError(
            f"{place}: {columns.captured_at} is {captured!r}; expected ISO text, a date, a month "
            "(2019-06) or milliseconds since 1970, or nothing."
        ) from error
    return Taken(
        file=_relative(file, folder),
        longitude=longitude if known else None,
        latitude=latitude if known else None,
        captured_at=captured_at,
        heading_deg=heading_deg,
        category=_cell(cells, columns.category),
        copyright=_cell(cells, columns.copyright),
        reason=None if known else NO_POSITION if neither else HALF_A_POSITION,
    )


def _degrees(cells: Cells, column: str, most: float, place: str) -> float | None:
    cell = _cell(cells, column)
    if cell is None:
        return None
    try:
        degrees = float(cell)
    except ValueError:
        degrees = math.nan
    if not -most <= degrees <= most:
        raise StudyError(
            f"{place}: {column} is {cell!r}; expected degrees (WGS 84) from -{most:g} to {most:g}, "
            "or nothing."
        )
    return degrees


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
