"""Points of one's own: map-generator and Vali JSON, CSV, GeoJSON, a store of street data."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files.geo_file import GeoFile, frame
from streetview_assets.files.reading import reading
from streetview_assets.points.imported.store_file import SUFFIXES as HDF5
from streetview_assets.points.imported.street_data import read_street_data
from streetview_assets.points.places import as_sample_points, point_ids, rounded
from streetview_assets.study.points import Points
from streetview_assets.text.spreadsheet_text import unguarded
from streetview_assets.text.strict_json import to_json

_FORMS = "map-generator JSON, CSV, GeoJSON or a store of street data (street_data.h5)"

LATITUDE = ("lat", "latitude", "y", "point_y")
LONGITUDE = ("lng", "lon", "long", "longitude", "x", "point_x")
PANORAMA_IDS = ("panoid", "pano_id")
IDS = ("source_id", "id", "point_id", "location_id", "osm_id", "fid", *PANORAMA_IDS)


@dataclass(frozen=True)
class ImportedPoints:
    """Points from a file, and what became of its rows.

    Attributes
    ----------
    points
        Table ``sample_points`` of all authorities, by authority and point_id. What is known of
        roads (road_id, road_class, road_bearing_deg) is null. source_properties is the JSON of
        all that the file says of a point beside its latitude and longitude, as it stands there.
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
class Locations:
    """A map generator's list of locations as it stands in its file.

    Attributes
    ----------
    document
        All of the file: the list itself, or an object that has it as `customCoordinates`.
    locations
        That list, the same objects as in the document.
    point_ids
        Of each location.
    """

    document: Any
    locations: list[dict[str, Any]]
    point_ids: list[str]


@dataclass(frozen=True)
class _Row:
    """One row as it stands in the file, and how to name it to a person."""

    place: str
    longitude: Any
    latitude: Any
    source_id: Any
    panorama_id: Any
    properties: str | None


def import_points(points: Points, areas: pl.DataFrame) -> ImportedPoints:
    """Read the points of a file and say in which area each lies.

    Parameters
    ----------
    points
        The study's part that names the file: JSON (a list of locations with ``lat`` and ``lng``,
        or a map with ``customCoordinates``), CSV, GeoJSON, or a store of street data (HDF5). The
        columns for latitude, longitude and id are found by their usual names. Of several ids at
        one place, the first is kept: by number, or else in the order of text.
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
    with _reading(path):
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
        return _read_street_data(path)
    if suffix == ".geojson":
        return _read_geojson(path)
    if suffix == ".json":
        return _read_json(path)
    if suffix in (".csv", ".tsv", ".txt"):
        return _read_csv(path)
    raise StudyError(
        f"points.path: {path}: files of kind {suffix or '(no suffix)'!r} are not read as points; "
        f"give {_FORMS}."
    )


def read_locations(path: Path) -> Locations | None:
    """Read a map generator's list of locations, to be written back as it stands.

    Returns
    -------
    Locations or None
        None where the points of the file are no such list (CSV, GeoJSON, a store).

    Raises
    ------
    StudyError
        Where it is not readable, or a location has no place; as `import_points`.
    """
    with _reading(path):
        if path.suffix.lower() != ".json" or _is_geojson(document := _json(path)):
            return None
        locations = _locations(document, path)
        rows = [_row(f"location {number}", told) for number, told in enumerate(locations, start=1)]
        degrees = rounded(np.array([_degrees(row, path) for row in rows]).reshape(-1, 2))
    return Locations(document, locations, point_ids(degrees))


def _reading(path: Path) -> AbstractContextManager[None]:
    return reading(f"points.path: {path}", "points", f"Give {_FORMS}.")


def _read_json(path: Path) -> Iterator[_Row]:
    document = _json(path)
    if _is_geojson(document):
        yield from _read_geojson(path)
        return
    for number, location in enumerate(_locations(document, path), start=1):
        yield _row(f"location {number}", location)


def _is_geojson(document: Any) -> bool:
    return isinstance(document, dict) and document.get("type") == "FeatureCollection"


def _locations(document: Any, path: Path) -> list[dict[str, Any]]:
    """Find the list of locations in a document."""
    if isinstance(document, dict):
        document = document.get("customCoordinates")
    if not isinstance(document, list):
        raise StudyError(
            f"points.path: {path} is no list of locations. Expected [{{'lat': …, 'lng': …}}, …], "
            "or the same list as `customCoordinates` of an object, or GeoJSON."
        )
    for number, location in enumerate(document, start=1):
        if not isinstance(location, dict):
            raise StudyError(
                f"points.path: {path}, location {number}: {location!r} is no object with `lat` "
                "and `lng`."
            )
    return document


def _read_csv(path: Path) -> Iterator[_Row]:
    with reading(f"points.path: {path}", "UTF-8 text", "Save it as CSV in UTF-8."):
        text = path.read_text(encoding="utf-8-sig")
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    for wanted, meaning in ((LATITUDE, "latitude"), (LONGITUDE, "longitude")):
        if not names.keys() & set(wanted):
            raise StudyError(
                f"points.path: {path} has no column of the {meaning} (one of {', '.join(wanted)}). "
                f"The columns there are: {', '.join(names) or 'none'}."
            )
    for cells in reader:
        told = {str(name).strip(): cells[name] for name in names.values()}
        yield _row(
            f"line {reader.line_num}",
            {name: unguarded(value) for name, value in told.items() if value is not None},
        )


def _read_geojson(path: Path) -> Iterator[_Row]:
    features = frame(GeoFile(path, "points.path", "GeoJSON", "Give GeoJSON of points."))
    if not isinstance(features, gpd.GeoDataFrame):
        raise StudyError(f"points.path: {path} has no geometry. Give GeoJSON of points.")
    shapes = features.geometry.to_crs(GEOGRAPHIC_CRS).to_numpy()
    for number, (shape, told) in enumerate(
        zip(shapes, _properties(features, path), strict=True), start=1
    ):
        if shape is None or shape.is_empty or shape.geom_type != "Point":
            found = "nothing" if shape is None or shape.is_empty else f"a {shape.geom_type}"
            raise StudyError(
                f"points.path: {path}, feature {number}: {found} where a Point was expected. "
                "Take it out, or turn it into points."
            )
        yield _row(f"feature {number}", told, place=(shape.x, shape.y))


def _properties(features: gpd.GeoDataFrame, path: Path) -> list[dict[str, Any]]:
    """Give the properties of each feature as they stand in the file; a data frame alters some."""
    document = _json(path)
    listed = document.get("features") if isinstance(document, dict) else None
    if (
        not isinstance(listed, list)
        or len(listed) != len(features)
        or not all(isinstance(feature, dict) for feature in listed)
    ):
        raise StudyError(
            f"points.path: {path} is no FeatureCollection of points. Write the points as one list "
            "of features."
        )
    return [
        {name: value for name, value in feature.items() if name == "id"}
        | dict(feature.get("properties") or {})
        for feature in listed
    ]


def _read_street_data(path: Path) -> Iterator[_Row]:
    points = read_street_data(path, "points.path").points
    columns = ("longitude", "latitude", "source_id", "pano_id", "properties")
    for longitude, latitude, source_id, pano_id, properties in points.select(columns).iter_rows():
        yield _Row(f"point_id {source_id}", longitude, latitude, source_id, pano_id, properties)


def _json(path: Path) -> Any:
    with reading(f"points.path: {path}", "JSON"):
        return json.loads(path.read_text(encoding="utf-8-sig"))


def _row(name: str, told: Mapping[str, Any], place: tuple[float, float] | None = None) -> _Row:
    """Find the place and the ids in what a file says of a point, and keep all else as it is."""
    # Of `lat` and `LAT` the first is meant.
    by_lower = {key.lower(): key for key in sorted(told, key=str.islower)}
    used = [_first(told, by_lower, names) for names in (LONGITUDE, LATITUDE)]
    longitude, latitude = place or (None if key is None else told[key] for key in used)
    ids = [_first(told, by_lower, names) for names in (IDS, PANORAMA_IDS)]
    source_id, panorama_id = (None if key is None else told[key] for key in ids)
    others = {key: value for key, value in told.items() if place or key not in used}
    return _Row(
        name,
        longitude,
        latitude,
        source_id,
        panorama_id,
        # Escaped, since JSON may hold half a character, which no text column can.
        to_json(others) if others else None,
    )


def _first(
    told: Mapping[str, Any], by_lower: Mapping[str, str], names: Iterable[str]
) -> str | None:
    """Find the first of some names that has a value, in the file's own spelling."""
    keys = (by_lower[name] for name in names if name in by_lower)
    return next((key for key in keys if told[key] not in (None, "")), None)


def _degrees(row: _Row, path: Path) -> tuple[float, float]:
    found = []
    for meaning, cell, most in (
        ("longitude", row.longitude, 180),
        ("latitude", row.latitude, 90),
    ):
        try:
            value = float(cell)
        except (TypeError, ValueError, OverflowError):
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
    texts = {
        "source_id": [_id(row.source_id) for row in rows],
        "source_panorama_id": [_id(row.panorama_id) for row in rows],
        "source_properties": [row.properties for row in rows],
    }
    merged = pl.DataFrame(
        {
            "point_id": point_ids(degrees),
            "longitude": degrees[:, 0],
            "latitude": degrees[:, 1],
            **{name: pl.Series(values, dtype=pl.String) for name, values in texts.items()},
        }
    )
    number = pl.col("source_id").cast(pl.Int64, strict=False)  # 7 before 301
    ordered = merged.sort("point_id", number, *texts, nulls_last=True)
    return ordered.unique("point_id", keep="first", maintain_order=True)


def _id(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).strip().encode("utf-8", "replace").decode()
