"""Files that hold roads: lines of any kind, OpenStreetMap extracts, graphs."""

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import pandas as pd
import pyarrow
import pyarrow.parquet
import pyogrio
import pyproj

from streetview_assets.areas.columns import PARQUET
from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.points.road_classes import CLASS_COLUMNS, DRIVABLE, candidates

OSM_COLUMNS = ["osm_id", "name", "highway"]
READABLE = "lines (.gpkg .geojson .parquet .shp), .osm, .osm.pbf or .graphml"


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
    if path.suffix.lower() == ".graphml":
        lines = _read_graph(path)
    elif path.suffix.lower() in PARQUET:
        lines = _read_parquet(path)
    else:
        lines = _read_layer(path, drivable_only=drivable_only)
    if lines.crs is None:
        raise StudyError(
            f"roads.path: {path} does not say its CRS, so nothing says where on Earth its roads "
            "are. Write it again with its CRS (geopandas: `frame.set_crs('EPSG:27700')"
            ".to_file(…)`; for a Shapefile, put its .prj beside it)."
        )
    return lines


def file_bounds(path: Path) -> tuple[float, float, float, float] | None:
    """Give the box of a file's roads in EPSG:4326 from its header, None where it has none.

    Raises
    ------
    StudyError
        Where the file cannot be read or has no lines.
    """
    if path.suffix.lower() == ".graphml":
        return None
    if path.suffix.lower() in PARQUET:
        about = _geoparquet_column(path)
        bounds, crs = about.get("bbox"), about.get("crs", GEOGRAPHIC_CRS)
        if bounds is not None and len(bounds) == 6:
            bounds = [*bounds[:2], *bounds[3:5]]
    else:
        info = pyogrio.read_info(path, layer=_line_layer(path))
        bounds, crs = info["total_bounds"], info["crs"]
    if bounds is None or crs is None:
        return None
    to_degrees = pyproj.Transformer.from_crs(crs, GEOGRAPHIC_CRS, always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*bounds)
    return west, south, east, north


def is_osm(path: Path) -> bool:
    """Whether a file is an extract of OpenStreetMap, in which ways may be other than roads."""
    return path.suffix.lower() in (".osm", ".pbf")


def _read_layer(path: Path, *, drivable_only: bool) -> gpd.GeoDataFrame:
    layer = _line_layer(path)
    if not is_osm(path):
        fields = [str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]]
        return _read_dataframe(path, layer=layer, columns=candidates(fields))
    listed = ", ".join(f"'{road_class}'" for road_class in sorted(DRIVABLE))
    where = f"highway IN ({listed})" if drivable_only else "highway IS NOT NULL"
    return _read_dataframe(path, layer=layer, columns=OSM_COLUMNS, where=where)


def _read_dataframe(path: Path, **options: object) -> gpd.GeoDataFrame:
    try:
        return pyogrio.read_dataframe(path, **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise _unreadable(path, error) from error


def _line_layer(path: Path) -> str:
    """Find the layer of lines; of several, the first one that has a class of road."""
    try:
        layers = pyogrio.list_layers(path)
    except pyogrio.errors.DataSourceError as error:
        raise _unreadable(path, error) from error
    kinds = {str(name): str(kind) for name, kind in layers}
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
        if {str(field).lower() for field in pyogrio.read_info(path, layer=name)["fields"]}
        & set(CLASS_COLUMNS)
    ]
    return (with_class or lined)[0]


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    _geoparquet_column(path)
    names = pyarrow.parquet.read_schema(path).names
    geometry = _geoparquet(path)["primary_column"]
    return gpd.read_parquet(path, columns=[*candidates(names), geometry])


def _geoparquet_column(path: Path) -> dict[str, Any]:
    about = _geoparquet(path)
    return dict(about["columns"][about["primary_column"]])


def _geoparquet(path: Path) -> dict[str, Any]:
    try:
        metadata = pyarrow.parquet.read_schema(path).metadata or {}
    except pyarrow.ArrowInvalid as error:
        raise _unreadable(path, error) from error
    if b"geo" not in metadata:
        raise StudyError(
            f"roads.path: {path} is Parquet without the metadata of GeoParquet, so nothing says "
            "which column holds lines. Write it with GeoDataFrame.to_parquet."
        )
    return dict(json.loads(metadata[b"geo"]))


def _read_graph(path: Path) -> gpd.GeoDataFrame:
    import osmnx

    try:
        graph = osmnx.load_graphml(path)
        edges = osmnx.graph_to_gdfs(graph, nodes=False).reset_index(drop=True)
    except (ParseError, KeyError, ValueError) as error:
        raise StudyError(
            f"roads.path: {path} is not readable as a graph of roads ({error}). Save it with "
            "osmnx.save_graphml, or give the roads as lines."
        ) from error
    return gpd.GeoDataFrame(
        pd.DataFrame(edges[candidates(list(edges.columns))]), geometry=edges.geometry
    )


def _unreadable(path: Path, error: Exception) -> StudyError:
    return StudyError(
        f"roads.path: {path} is not readable as roads: {error}. Give them as {READABLE}."
    )
