"""Points of one's own: map-generator and Vali JSON, CSV, GeoJSON, a store of street data."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.points.imported.location_features import read_points_of
from streetview_assets.points.imported.point_rows import TABLES as TABULAR
from streetview_assets.points.imported.point_rows import (
    PointRow,
    as_id,
    place_of,
    point_row,
    read_rows,
)
from streetview_assets.points.imported.store_file import SUFFIXES as HDF5
from streetview_assets.points.places import inside_areas, named_places
from streetview_assets.points.point_table import read_geojson
from streetview_assets.study.points import PointColumns, Points
from streetview_assets.text.counted import counted

KEY = "points.path"
_FORMS = (
    "map-generator JSON, CSV, Parquet, GeoJSON, a store of street data (street_data.h5), features "
    "with labels beside them (features.h5) or a pickle"
)

_TEXTS = dict.fromkeys(("source_id", "source_panorama_id", "source_properties"), pl.String)


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
    places
        point_id, longitude and latitude of each location, in this order.
    """

    document: Any
    locations: list[dict[str, Any]]
    places: pl.DataFrame

    @property
    def point_ids(self) -> list[str]:
        """Of each location."""
        return self.places["point_id"].to_list()


def import_points(points: Points, areas: pl.DataFrame) -> ImportedPoints:
    """Read the points of a file and say in which area each lies.

    Parameters
    ----------
    points
        The study's part that names the file: JSON (a list of locations with ``lat`` and ``lng``,
        or a map with ``customCoordinates``), CSV, GeoJSON, a pickled frame or list of dicts, or a
        store of street data (HDF5). The
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
        rows = list(_read(path, points.columns))
        if not rows:
            raise StudyError(f"points.path: {path} has no points (0 rows). Give a file with some.")
        merged = _merged(_places(rows, path))
    inside = inside_areas(
        merged,
        areas,
        f"points.path: none of the {counted(len(rows), 'point')} of {path}",
        "Check that latitude and longitude are not swapped, or give the areas of that place.",
    )
    return ImportedPoints(
        points=inside,
        read_count=len(rows),
        duplicate_count=len(rows) - merged.height,
        outside_count=merged.height - inside.height,
    )


def _read(path: Path, columns: PointColumns) -> Iterator[PointRow]:
    suffix = path.suffix.lower()
    readers = {
        ".geojson": _read_geojson,
        ".json": _read_json,
        **dict.fromkeys(TABULAR, lambda path: read_rows(path, "points.path", columns)),
        **dict.fromkeys(HDF5, _read_store),
    }
    if suffix not in readers:
        raise StudyError(
            f"points.path: {path}: files of kind {suffix or '(no suffix)'!r} are not read as "
            f"points; give {_FORMS}."
        )
    return readers[suffix](path)


def read_locations(path: Path, key: str = KEY) -> Locations | None:
    """Read a map generator's list of locations, to be written back as it stands.

    Parameters
    ----------
    path, key
        The file, and the key of the study that names it.

    Returns
    -------
    Locations or None
        None where what the file holds is no such list (CSV, GeoJSON, a store).

    Raises
    ------
    StudyError
        Where it is not readable, or a location has no place; as `import_points`.
    """
    with _reading(path, key):
        if path.suffix.lower() != ".json" or _is_geojson(document := _json(path, key)):
            return None
        locations = _locations(document, path, key)
        places = _places(list(_location_rows(locations)), path, key)
    return Locations(document, locations, places)


def _reading(path: Path, key: str = KEY) -> AbstractContextManager[None]:
    return reading(f"{key}: {path}", "points", f"Give {_FORMS}.")


def _read_json(path: Path) -> Iterator[PointRow]:
    document = _json(path)
    if _is_geojson(document):
        return _read_geojson(path)
    return _location_rows(_locations(document, path))


def _location_rows(locations: list[dict[str, Any]]) -> Iterator[PointRow]:
    return (point_row(f"location {number}", told) for number, told in enumerate(locations, start=1))


def _is_geojson(document: Any) -> bool:
    return isinstance(document, dict) and document.get("type") == "FeatureCollection"


def _locations(document: Any, path: Path, key: str = KEY) -> list[dict[str, Any]]:
    """Find the list of locations in a document."""
    if isinstance(document, dict):
        document = document.get("customCoordinates")
    if not isinstance(document, list):
        raise StudyError(
            f"{key}: {path} is no list of locations. Expected [{{'lat': …, 'lng': …}}, …], "
            "or the same list as `customCoordinates` of an object, or GeoJSON."
        )
    for number, location in enumerate(document, start=1):
        if not isinstance(location, dict):
            raise StudyError(
                f"{key}: {path}, location {number}: {location!r} is no object with `lat` and `lng`."
            )
    return document


def _read_geojson(path: Path) -> Iterator[PointRow]:
    remedy = "Take it out, or turn it into points."
    features, places = read_geojson(path, "points.path", remedy)
    for (name, place), told in zip(places, _properties(features, path), strict=True):
        if place is None:
            raise StudyError(
                f"points.path: {path}, {name}: nothing where a Point was expected. {remedy}"
            )
        yield point_row(name, told, place=place)


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


def _read_store(path: Path) -> Iterator[PointRow]:
    points = read_points_of(path, "points.path").points
    named = ("longitude", "latitude", "source_id", "pano_id", "properties")
    for longitude, latitude, source_id, pano_id, properties in points.select(named).iter_rows():
        name = f"point_id {source_id}"
        yield PointRow(name, longitude, latitude, source_id, pano_id, properties, {})


def _json(path: Path, key: str = KEY) -> Any:
    with reading(f"{key}: {path}", "JSON"):
        return json.loads(path.read_text(encoding="utf-8-sig"))


def _places(rows: list[PointRow], path: Path, key: str = KEY) -> pl.DataFrame:
    """Name the place of each row, and tidy its ids."""
    places = [
        (*place_of(row, f"{key}: {path}"), as_id(row.source_id), as_id(row.panorama_id),
         row.properties)
        for row in rows
    ]  # fmt: skip
    schema = {**dict.fromkeys(("longitude", "latitude"), pl.Float64), **_TEXTS}
    return named_places(pl.DataFrame(places, schema, orient="row"))


def _merged(places: pl.DataFrame) -> pl.DataFrame:
    """Keep one row a place."""
    number = pl.col("source_id").cast(pl.Int64, strict=False)  # 7 before 301
    ordered = places.sort("point_id", number, *_TEXTS, nulls_last=True)
    return ordered.unique("point_id", keep="first", maintain_order=True)
