"""Reads what an extract holds: places and greens with their tags, and the ways of its streets."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import tostring

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import require_crs
from streetview_assets.files.geo_file import GeoFile, frame, info, layers
from streetview_assets.perception.environment.feature_classes import (
    FEATURE_CLASSES,
    TAG_KEYS,
    in_class,
)
from streetview_assets.points.roads.osm_xml import present_elements

KEY = "environment.points_of_interest"
WAY_TAGS = (
    *("highway", "maxspeed", "oneway", "junction", "area", "access", "service", "foot"),
    *("bicycle", "sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"),
)
"""Tags of a way by which a street is told, who may use it and how fast."""

_WANTED = (*TAG_KEYS, *WAY_TAGS)
_REMEDY = (
    "Give an extract of OpenStreetMap (.osm, .osm.pbf), or points and outlines with its tags as "
    "columns (.geojson .gpkg .parquet .shp)."
)
_ABSENT = ("", "nan", "None")


@dataclass(frozen=True)
class Extract:
    """What an extract holds, in EPSG:4326.

    Attributes
    ----------
    features
        ``class_name``, ``tag`` (`amenity=cafe`), ``is_of_outlines`` (whether most of its class in
        the whole extract are outlines), ``geometry``: a row for each class that one belongs to.
    ways
        The tags of `WAY_TAGS`, empty where not told, and ``geometry``: lines that are streets.
    classes
        Those that its columns can tell; where one is not among them, that it has none says nothing.
    """

    features: gpd.GeoDataFrame
    ways: gpd.GeoDataFrame
    classes: frozenset[str] = frozenset(FEATURE_CLASSES)


def read_extract(path: Path) -> Extract:
    """Read an extract of OpenStreetMap, or a file of shapes with its tags as columns.

    Parameters
    ----------
    path
        `.osm`, `.osm.pbf`, or what geopandas reads.

    Raises
    ------
    StudyError
        Where it cannot be read, does not say its CRS, has none of the tags, or is incomplete.
    """
    suffix, file = path.suffix.lower(), _geo_file(path)
    with file.reading():
        if suffix == ".osm":
            rows = _of_xml(path)
        elif suffix == ".pbf":
            rows = _of_layers(file, path)
        else:
            rows = _of_columns(file)
    features, ways = _features(rows), _ways(rows)
    if features.empty and ways.empty:
        raise StudyError(
            f"{file.place} holds nothing with a tag of OpenStreetMap that is looked for "
            f"({', '.join(TAG_KEYS)}, highway). {_REMEDY}"
        )
    return Extract(features, ways, told_classes(path))


def told_classes(path: Path) -> frozenset[str]:
    """Name the classes that a file can tell: an extract all, another those of its columns.

    Parameters
    ----------
    path
        As of `read_extract`.
    """
    if path.suffix.lower() in (".osm", ".pbf"):
        return frozenset(FEATURE_CLASSES)
    file = _geo_file(path)
    with file.reading():
        names = {
            str(one).lower()
            for layer in layers(file)
            for one in info(file, layer or None)["fields"]
        }
    return frozenset(name for name, keys in FEATURE_CLASSES.items() if names & keys.keys())


def _geo_file(path: Path) -> GeoFile:
    return GeoFile(path, KEY, "an extract of OpenStreetMap", _REMEDY, "points and outlines")


def _of_xml(path: Path) -> gpd.GeoDataFrame:
    """Read XML through a copy of our own, without what an editor has deleted.

    GDAL takes a file for what its content says, which may be another's address.
    """
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "extract.osm"
        with path.open("rb") as source, copied.open("wb") as target:
            target.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n')
            for element in present_elements(source, f"{KEY}: {path}"):
                target.write(tostring(element, encoding="utf-8"))
            target.write(b"</osm>\n")
        return _of_layers(None, copied)


def _of_layers(file: GeoFile | None, path: Path) -> gpd.GeoDataFrame:
    """Read the layers that GDAL makes of an extract, tags beside columns."""
    pyogrio.set_gdal_config_options({"OSM_USE_CUSTOM_INDEXING": file is not None})
    parts = []
    for layer in ("points", "lines", "multipolygons"):
        options = {"layer": layer, "where": _of_layer(path, layer), "TAGS_FORMAT": "JSON"}
        rows = frame(file, **options) if file else pyogrio.read_dataframe(path, **options)
        other = [told if isinstance(told, dict) else {} for told in rows["other_tags"]]
        of_columns = {key: rows[key] for key in _WANTED if key in rows}
        tags = {
            key: of_columns.get(key, pd.Series([told.get(key) for told in other], rows.index))
            for key in _WANTED
        }
        parts.append(gpd.GeoDataFrame(tags, geometry=rows.geometry, crs=GEOGRAPHIC_CRS))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=GEOGRAPHIC_CRS)


def _of_layer(path: Path, layer: str) -> str:
    """Say which rows of a layer are wanted: of a whole country, few."""
    columns = {str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]}
    keys = ("highway",) if layer == "lines" else TAG_KEYS
    has = (
        f"{key} IS NOT NULL" if key in columns else f"other_tags LIKE '%\"{key}\"%'" for key in keys
    )
    return " OR ".join(has)


def _of_columns(file: GeoFile) -> gpd.GeoDataFrame:
    """Read a file of shapes whose columns are called as tags are."""
    parts = []
    for layer in layers(file):
        told = info(file, layer or None)
        found = {name.lower(): name for name in told["fields"] if name.lower() in _WANTED}
        if not found or not told["geometry_type"]:
            continue
        rows = frame(file, layer=layer or None, columns=list(found.values()))
        assert isinstance(rows, gpd.GeoDataFrame), "its geometry is read"
        require_crs(file.place, rows.crs, "points and outlines")
        tags = {key: rows[found[key]] if key in found else None for key in _WANTED}
        shapes = rows.geometry.to_crs(GEOGRAPHIC_CRS)
        parts.append(gpd.GeoDataFrame(tags, geometry=shapes, crs=GEOGRAPHIC_CRS))
    if not parts:
        raise StudyError(
            f"{file.place} has none of the columns {', '.join(TAG_KEYS)}, highway. {_REMEDY}"
        )
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=GEOGRAPHIC_CRS)


def _features(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take what belongs to a class: points and outlines; lines are streets, walls and the like."""
    kind = shapely.get_dimensions(rows.geometry.to_numpy())
    parts = []
    for name, keys in FEATURE_CLASSES.items():
        tag = pd.Series(None, rows.index, dtype=object)
        for key in keys:
            texts = _texts(rows[key])
            mine = [bool(text) and in_class(name, key, text) for text in texts]
            tag = tag.where(tag.notna() | ~pd.Series(mine, rows.index), f"{key}=" + texts)
        is_mine = (tag.notna() & (kind != 1) & (kind >= 0)).to_numpy()
        if not is_mine.any():
            continue
        parts.append(
            gpd.GeoDataFrame(
                {
                    "class_name": name,
                    "tag": tag[is_mine],
                    "is_of_outlines": bool((kind[is_mine] == 2).mean() > 0.5),
                },
                geometry=rows.geometry[is_mine],
                crs=GEOGRAPHIC_CRS,
            )
        )
    if not parts:
        nothing = pd.DataFrame(columns=["class_name", "tag", "is_of_outlines"])
        return gpd.GeoDataFrame(nothing, geometry=[], crs=GEOGRAPHIC_CRS)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=GEOGRAPHIC_CRS)


def _ways(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes, owner = shapely.get_parts(shapely.force_2d(rows.geometry.to_numpy()), return_index=True)
    is_line = shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING
    is_line &= (_texts(rows["highway"]).to_numpy() != "")[owner]
    told = {key: _texts(rows[key]).to_numpy()[owner[is_line]] for key in WAY_TAGS}
    return gpd.GeoDataFrame(told, geometry=np.asarray(shapes[is_line]), crs=GEOGRAPHIC_CRS)


def _texts(cells: pd.Series) -> pd.Series:
    """Read cells as text, empty where nothing is told; of `cafe;bar`, the first."""
    texts = cells.astype(object).where(cells.notna(), "").astype(str).str.split(";").str[0]
    return texts.str.strip().where(lambda text: ~text.isin(_ABSENT), "")
