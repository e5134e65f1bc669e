"""Points of one's own: map-generator and Vali JSON, CSV, GeoJSON."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import pyogrio
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.points.places import as_sample_points, point_ids, rounded
from streetview_assets.study import Points

LATITUDE = ("lat", "latitude", "y", "point_y")
LONGITUDE = ("lng", "lon", "long", "longitude", "x", "point_x")
IDS = ("panoid", "pano_id", "source_id", "id", "point_id", "location_id", "osm_id", "fid")
HDF5 = (".h5", ".hdf5", ".hdf")


@dataclass(frozen=True)
class ImportedPoints:
    """Points from a file, and what became of its rows.

    Attributes
    ----------
    points
        Table ``sample_points`` of all authorities, by authority and point_id. What is known of
        roads (road_id, road_class, road_bearing_deg) is null.
    read_count
        Rows of the file.
    duplicate_count
        Rows at a place that another row has too (to six decimals of a degree).
    outside_count
        Places left out because they lie in no area.
    """

    points: pl.DataFrame
    read_count: int
    duplicate_count: int
    outside_count: int


@dataclass(frozen=True)
class _Row:
    """One row as it stands in the file, and how to name it to a person."""

    place: str
    longitude: Any
    latitude: Any
    source_id: Any


def import_points(points: Points, areas: pl.DataFrame) -> ImportedPoints:
    """Read the points of a file and say in which area each lies.

    Parameters
    ----------
    points
        The study's part that names the file: JSON (a list of locations with ``lat`` and ``lng``,
        or a map with ``customCoordinates``), CSV, or GeoJSON. The columns for latitude,
        longitude and id are found by their usual names. Of several ids at one place, the first
        in the order of text is kept.
    areas
        Table ``areas`` of all authorities of the study; without rows, all points are kept and
        their authority is ``all``.

    Raises
    ------
    StudyError
        Where the file is of another kind, has no points or none in an area, or a coordinate is
        no degree; with the row.
    """
    path = points.path
    if path is None:
        raise StudyError("points.path: the study names no file of points.")
    rows = list(_read(path))
    if not rows:
        raise StudyError(f"points.path: {path} has no points (0 rows). Give a file with some.")
    degrees = rounded(np.array([_degrees(row, path) for row in rows]))
    merged = _merged(rows, degrees)
    placed = as_sample_points(merged, areas)
    inside = placed.filter(pl.col("authority_code").is_not_null())
    if inside.is_empty():
        west, south, east, north = shapely.total_bounds(shapely.points(degrees))
        raise StudyError(
            f"points.path: none of the {len(rows)} points of {path} lies in an area of the study; "
            f"they lie at longitude {west:.4f} to {east:.4f}, latitude {south:.4f} to {north:.4f}. "
            "Check that latitude and longitude are not swapped, or give the areas of that place."
        )
    return ImportedPoints(
        points=inside,
        read_count=len(rows),
        duplicate_count=len(rows) - merged.height,
        outside_count=placed.height - inside.height,
    )


def _read(path: Path) -> Iterator[_Row]:
    suffix = path.suffix.lower()
    if suffix in HDF5:
        raise StudyError(
            f"points.path: {path} is an HDF5 store, which is not read yet. Write its point_id, "
            "latitude and longitude to a CSV and give that."
        )
    if suffix == ".geojson":
        return _read_geojson(path)
    if suffix == ".json":
        return _read_json(path)
    if suffix in (".csv", ".tsv", ".txt"):
        return _read_csv(path)
    raise StudyError(
        f"points.path: {path}: files of kind {suffix or '(no suffix)'!r} are not read as points; "
        "give map-generator JSON, CSV or GeoJSON."
    )


def _read_json(path: Path) -> Iterator[_Row]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"points.path: {path} is not readable as JSON: {error}.") from error
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        yield from _read_geojson(path)
        return
    if isinstance(document, dict):
        document = document.get("customCoordinates")
    if not isinstance(document, list):
        raise StudyError(
            f"points.path: {path} is no list of locations. Expected [{{'lat': …, 'lng': …}}, …], "
            "or the same list as `customCoordinates` of an object, or GeoJSON."
        )
    for number, location in enumerate(document, start=1):
        place = f"location {number}"
        if not isinstance(location, dict):
            raise StudyError(
                f"points.path: {path}, {place}: {location!r} is no object with `lat` and `lng`."
            )
        by_lower = {str(key).lower(): value for key, value in location.items()}
        yield _Row(
            place,
            longitude=_first(by_lower, LONGITUDE),
            latitude=_first(by_lower, LATITUDE),
            source_id=_first(by_lower, IDS),
        )


def _read_csv(path: Path) -> Iterator[_Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(
            f"points.path: {path} is not UTF-8 text ({error}). Save it as CSV in UTF-8."
        ) from error
    lines = text.splitlines()
    header = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=max(",;\t", key=header.count))
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    for wanted, meaning in ((LATITUDE, "latitude"), (LONGITUDE, "longitude")):
        if not names.keys() & set(wanted):
            raise StudyError(
                f"points.path: {path} has no column of the {meaning} (one of {', '.join(wanted)}). "
                f"The columns there are: {', '.join(names) or 'none'}."
            )
    for cells in reader:
        by_lower = {lower: cells[name] for lower, name in names.items()}
        yield _Row(
            f"line {reader.line_num}",
            longitude=_first(by_lower, LONGITUDE),
            latitude=_first(by_lower, LATITUDE),
            source_id=_first(by_lower, IDS),
        )


def _read_geojson(path: Path) -> Iterator[_Row]:
    try:
        features = gpd.read_file(path)
    except pyogrio.errors.DataSourceError as error:
        raise StudyError(f"points.path: {path} is not readable as GeoJSON: {error}.") from error
    if not isinstance(features, gpd.GeoDataFrame):
        raise StudyError(f"points.path: {path} has no geometry. Give GeoJSON of points.")
    shapes = features.geometry.to_crs(GEOGRAPHIC_CRS).to_numpy()
    properties = features.drop(columns=features.geometry.name)
    properties.columns = [str(name).lower() for name in properties.columns]
    for number, (shape, row) in enumerate(
        zip(shapes, properties.to_dict("records"), strict=True), start=1
    ):
        if shape is None or shape.is_empty or shape.geom_type != "Point":
            found = "nothing" if shape is None or shape.is_empty else f"a {shape.geom_type}"
            raise StudyError(
                f"points.path: {path}, feature {number}: {found} where a Point was expected. "
                "Take it out, or turn it into points."
            )
        yield _Row(f"feature {number}", shape.x, shape.y, _first(row, IDS))


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _degrees(row: _Row, path: Path) -> tuple[float, float]:
    found = []
    for meaning, cell, most in (
        ("longitude", row.longitude, 180),
        ("latitude", row.latitude, 90),
    ):
        try:
            value = float(cell)
        except (TypeError, ValueError):
            value = float("nan")
        if not -most <= value <= most:
            shown = "missing" if cell is None else f"{cell!r}"
            raise StudyError(
                f"points.path: {path}, {row.place}: the {meaning} is {shown}; expected degrees "
                f"(WGS 84) from -{most} to {most}. Correct the row, or take it out."
            )
        found.append(value)
    return found[0], found[1]


def _merged(rows: list[_Row], degrees: np.ndarray) -> pl.DataFrame:
    """Keep one row a place."""
    ids = [None if row.source_id is None else str(row.source_id).strip() for row in rows]
    frame = pl.DataFrame(
        {
            "point_id": point_ids(degrees),
            "longitude": degrees[:, 0],
            "latitude": degrees[:, 1],
            "source_id": pl.Series(ids, dtype=pl.String),
        }
    )
    ordered = frame.sort("point_id", "source_id", nulls_last=True)
    return ordered.unique("point_id", keep="first", maintain_order=True)
