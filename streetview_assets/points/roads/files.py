"""Files that hold roads: lines of any kind, OpenStreetMap extracts, graphs."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow.parquet
import pyogrio
import pyproj

from streetview_assets.areas.columns import PARQUET
from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files.geo_file import GeoFile, frame, info, layers
from streetview_assets.files.reading import reading, refuse_parquet_bomb
from streetview_assets.points.roads.classes import CLASS_COLUMNS, DRIVABLE, candidates
from streetview_assets.points.roads.graphml import read_graphml
from streetview_assets.points.roads.osm_xml import read_osm_xml

OSM_COLUMNS = ["osm_id", "name", "highway"]
READABLE = "lines (.gpkg .geojson .parquet .shp), .osm, .osm.pbf or .graphml"

_QUICK_INDEX_BYTES = 64 * 2**20
_REMEDY = f"Give them as {READABLE}."


def read_road_file(path: Path, *, drivable_only: bool) -> gpd.GeoDataFrame:
    """Read the roads of a file, with the columns that may say class, name and id.

    Parameters
    ----------
    path
        Lines of any kind that GDAL reads, GeoParquet, `.osm`, `.osm.pbf` or osmnx's `.graphml`.
    drivable_only
        Read of an OpenStreetMap extract, which may be a whole country, no more than needed.

    Returns
    -------
    geopandas.GeoDataFrame
        In the CRS of the file.

    Raises
    ------
    StudyError
        Where the file cannot be read, has no lines, or does not say its CRS.
    """
    with _reading(path):
        lines = _read(path, drivable_only=drivable_only)
    if lines.crs is None:
        raise StudyError(
            f"roads.path: {path} does not say its CRS, so nothing says where on Earth its roads "
            "are. Write it again with its CRS (geopandas: `frame.set_crs('EPSG:27700')"
            ".to_file(…)`; for a Shapefile, put its .prj beside it; for a graph of degrees, "
            "`graph.graph['crs'] = 'EPSG:4326'` before it is saved)."
        )
    return lines


def file_bounds(path: Path) -> tuple[float, float, float, float] | None:
    """Give the box of a file's roads in EPSG:4326 from its header, None where it has none.

    Raises
    ------
    StudyError
        Where the file cannot be read or has no lines.
    """
    with _reading(path):
        bounds, crs = _bounds(path)
        if bounds is None or crs is None:
            return None
        to_degrees = pyproj.Transformer.from_crs(crs, GEOGRAPHIC_CRS, always_xy=True)
        west, south, east, north = to_degrees.transform_bounds(*bounds)
    return west, south, east, north


def is_osm(path: Path) -> bool:
    """Whether a file is an extract of OpenStreetMap, in which ways may be other than roads."""
    return path.suffix.lower() in (".osm", ".pbf")


def _read(path: Path, *, drivable_only: bool) -> gpd.GeoDataFrame:
    suffix = path.suffix.lower()
    if suffix == ".graphml":
        lines = read_graphml(path)
        return lines[[*candidates(lines.columns), "geometry"]]
    if suffix == ".osm":
        return read_osm_xml(path)
    if suffix in PARQUET:
        geometry = _geoparquet(path)["primary_column"]
        names = pyarrow.parquet.read_schema(path).names
        return gpd.read_parquet(path, columns=[*candidates(names), geometry])
    return _read_layer(path, drivable_only=drivable_only)


def _bounds(path: Path) -> tuple[Any, Any]:
    """Give the box of a file's lines and its CRS, None where its header says neither."""
    suffix = path.suffix.lower()
    if suffix in (".graphml", ".osm"):
        return None, None
    if suffix not in PARQUET:
        told = info(_geo_file(path), _line_layer(path))
        return told["total_bounds"], told["crs"]
    geo = _geoparquet(path)
    about = geo["columns"][geo["primary_column"]]
    bounds = about.get("bbox")
    if bounds is not None and len(bounds) == 6:
        bounds = [*bounds[:2], *bounds[3:5]]
    return bounds, about.get("crs", GEOGRAPHIC_CRS)


def _read_layer(path: Path, *, drivable_only: bool) -> gpd.GeoDataFrame:
    file, layer = _geo_file(path), _line_layer(path)
    if is_osm(path):
        listed = ", ".join(f"'{road_class}'" for road_class in sorted(DRIVABLE))
        # What an editor wrote may have ids in any order, for which GDAL's quick index is not made;
        # extracts that are large enough to need it are sorted.
        quick = path.stat().st_size > _QUICK_INDEX_BYTES
        pyogrio.set_gdal_config_options({"OSM_USE_CUSTOM_INDEXING": quick})
        where = f"highway IN ({listed})" if drivable_only else "highway IS NOT NULL"
        return frame(file, layer=layer, columns=OSM_COLUMNS, where=where)
    fields = [str(name) for name in info(file, layer)["fields"]]
    return frame(file, layer=layer, columns=candidates(fields))


def _line_layer(path: Path) -> str:
    """Find the layer of lines; of several, the first one that has a class of road."""
    file = _geo_file(path)
    kinds = layers(file)
    # GDAL says "Unknown" of a layer that mixes kinds; the lines in it are taken out later.
    lined = [name for name, kind in kinds.items() if "LineString" in kind]
    lined = lined or [name for name, kind in kinds.items() if kind in ("Unknown", "Geometry")]
    if not lined:
        found = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
        raise StudyError(
            f"roads.path: {path} has no layer of lines, but {found or 'no layer at all'}. "
            f"Give a file with the roads as {READABLE}."
        )
    if is_osm(path):
        return "lines"
    with_class = [
        name
        for name in lined
        if {str(field).lower() for field in info(file, name)["fields"]} & set(CLASS_COLUMNS)
    ]
    return (with_class or lined)[0]


def _geoparquet(path: Path) -> dict[str, Any]:
    schema = pyarrow.parquet.read_schema(path)
    refuse_parquet_bomb(path, len(schema), f"roads.path: {path}")
    metadata = schema.metadata or {}
    if b"geo" not in metadata:
        raise StudyError(
            f"roads.path: {path} is Parquet without the metadata of GeoParquet, so nothing says "
            "which column holds lines. Write it with GeoDataFrame.to_parquet."
        )
    return dict(json.loads(metadata[b"geo"]))


def _geo_file(path: Path) -> GeoFile:
    return GeoFile(path, "roads.path", "roads", _REMEDY)


def _reading(path: Path) -> AbstractContextManager[None]:
    form = "a graph of roads" if path.suffix.lower() == ".graphml" else "roads"
    return reading(f"roads.path: {path}", form, _REMEDY)
