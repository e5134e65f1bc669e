"""Points of one's own: map-generator and Vali JSON, CSV, GeoJSON, a store of street data."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl

from streetview_assets.areas.columns import CSV
from streetview_assets.errors import StudyError
from streetview_assets.files import pickled
from streetview_assets.files.reading import reading
from streetview_assets.points.imported.store_file import SUFFIXES as HDF5
from streetview_assets.points.imported.street_data import read_street_data
from streetview_assets.points.places import inside_areas, named_places
from streetview_assets.points.point_table import (
    Cells,
    as_degrees,
    read_csv,
    read_geojson,
    read_pickle,
)
from streetview_assets.study.points import Points
from streetview_assets.text.spreadsheet_text import unguarded
from streetview_assets.text.strict_json import to_json

KEY = "points.path"
_FORMS = "map-generator JSON, CSV, GeoJSON, a store of street data (street_data.h5) or a pickle"

LATITUDE = ("lat", "latitude", "y", "point_y")
LONGITUDE = ("lng", "lon", "long", "longitude", "x", "point_x")
PANORAMA_IDS = ("panoid", "pano_id")
_TEXTS = dict.fromkeys(("source_id", "source_panorama_id", "source_properties"), pl.String)
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
        rows = list(_read(path))
        if not rows:
            raise StudyError(f"points.path: {path} has no points (0 rows). Give a file with some.")
        merged = _merged(_places(rows, path))
    inside = inside_areas(
        merged,
        areas,
        f"points.path: none of the {len(rows)} points of {path}",
        "Check that latitude and longitude are not swapped, or give the areas of that place.",
    )
    return ImportedPoints(
        points=inside,
        read_count=len(rows),
        duplicate_count=len(rows) - merged.height,
        outside_count=merged.height - inside.height,
    )


def _read(path: Path) -> Iterator[_Row]:
    suffix = path.suffix.lower()
    readers = {
        ".geojson": _read_geojson,
        ".json": _read_json,
        **dict.fromkeys(CSV, lambda path: _read_rows(path, *read_csv(path, "points.path"))),
        **dict.fromkeys(
            pickled.SUFFIXES, lambda path: _read_rows(path, *read_pickle(path, "points.path"))
        ),
        **dict.fromkeys(HDF5, _read_street_data),
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


def _read_json(path: Path) -> Iterator[_Row]:
    document = _json(path)
    if _is_geojson(document):
        return _read_geojson(path)
    return _location_rows(_locations(document, path))


def _location_rows(locations: list[dict[str, Any]]) -> Iterator[_Row]:
    return (_row(f"location {number}", told) for number, told in enumerate(locations, start=1))


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


def _read_rows(path: Path, header: list[str], rows: Iterable[tuple[str, Cells]]) -> Iterator[_Row]:
    names = {name.strip().lower(): name for name in header}
    for wanted, meaning in ((LATITUDE, "latitude"), (LONGITUDE, "longitude")):
        if not names.keys() & set(wanted):
            raise StudyError(
                f"points.path: {path} has no column of the {meaning} (one of {', '.join(wanted)}). "
                f"The columns there are: {', '.join(names) or 'none'}."
            )
    for place, cells in rows:
        told = {name.strip(): cells[name] for name in names.values() if cells[name] is not None}
        yield _row(place, {name: unguarded(value) for name, value in told.items()})


def _read_geojson(path: Path) -> Iterator[_Row]:
    remedy = "Take it out, or turn it into points."
    features, places = read_geojson(path, "points.path", remedy)
    for (name, place), told in zip(places, _properties(features, path), strict=True):
        if place is None:
            raise StudyError(
                f"points.path: {path}, {name}: nothing where a Point was expected. {remedy}"
            )
        yield _row(name, told, place=place)


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


def _json(path: Path, key: str = KEY) -> Any:
    with reading(f"{key}: {path}", "JSON"):
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


def _places(rows: list[_Row], path: Path, key: str = KEY) -> pl.DataFrame:
    """Name the place of each row, and tidy its ids."""
    remedy = ". Correct the row, or take it out."
    places = []
    for row in rows:
        where = f"{key}: {path}, {row.place}: the"
        longitude = as_degrees(row.longitude, 180, f"{where} longitude", remedy)
        latitude = as_degrees(row.latitude, 90, f"{where} latitude", remedy)
        ids = (_id(row.source_id), _id(row.panorama_id))
        places.append((longitude, latitude, *ids, row.properties))
    schema = {**dict.fromkeys(("longitude", "latitude"), pl.Float64), **_TEXTS}
    return named_places(pl.DataFrame(places, schema, orient="row"))


def _merged(places: pl.DataFrame) -> pl.DataFrame:
    """Keep one row a place."""
    number = pl.col("source_id").cast(pl.Int64, strict=False)  # 7 before 301
    ordered = places.sort("point_id", number, *_TEXTS, nulls_last=True)
    return ordered.unique("point_id", keep="first", maintain_order=True)


def _id(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).strip().encode("utf-8", "replace").decode()
