"""Files that hold roads: lines of any kind, OpenStreetMap extracts, graphs."""

from pathlib import Path

import geopandas as gpd
import pyogrio
import pyproj

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import Bounds, require_crs
from streetview_assets.files.geo_file import GeoFile, frame, info, layers
from streetview_assets.points.roads.classes import CLASS_COLUMNS, DRIVABLE, candidates
from streetview_assets.points.roads.graphml import read_graphml
from streetview_assets.points.roads.osm_xml import read_osm_xml

OSM_COLUMNS = ["osm_id", "name", "highway", "other_tags"]
READABLE = "lines (.gpkg .geojson .parquet .shp), .osm, .osm.pbf or .graphml"

_QUICK_INDEX_BYTES = 64 * 2**20


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
    file = _geo_file(path)
    with file.reading():
        lines = _read(file, drivable_only=drivable_only)
    of_graphs = "; for a graph of degrees, `graph.graph['crs'] = 'EPSG:4326'` before it is saved"
    require_crs(file.place, lines.crs, "roads", of_graphs)
    return lines


def file_bounds(path: Path) -> Bounds | None:
    """Give the box of a file's roads in EPSG:4326 from its header, None where it has none.

    Raises
    ------
    StudyError
        Where the file cannot be read or has no lines.
    """
    if path.suffix.lower() in (".graphml", ".osm"):
        return None
    file = _geo_file(path)
    with file.reading():
        told = info(file, _line_layer(file))
        if told["total_bounds"] is None or told["crs"] is None:
            return None
        to_degrees = pyproj.Transformer.from_crs(told["crs"], GEOGRAPHIC_CRS, always_xy=True)
        west, south, east, north = to_degrees.transform_bounds(*told["total_bounds"])
    return west, south, east, north


def is_osm(path: Path) -> bool:
    """Whether a file is an extract of OpenStreetMap, in which ways may be other than roads."""
    return path.suffix.lower() in (".osm", ".pbf")


def _read(file: GeoFile, *, drivable_only: bool) -> gpd.GeoDataFrame:
    suffix = file.path.suffix.lower()
    if suffix == ".graphml":
        lines = read_graphml(file.path)
        return lines[[*candidates(lines.columns), "geometry"]]
    if suffix == ".osm":
        return read_osm_xml(file.path)
    layer = _line_layer(file)
    if not is_osm(file.path):
        return frame(file, layer=layer, columns=candidates(info(file, layer)["fields"]))
    listed = ", ".join(f"'{road_class}'" for road_class in sorted(DRIVABLE))
    # What an editor wrote may have ids in any order, for which GDAL's quick index is not made;
    # extracts that are large enough to need it are sorted.
    quick = file.path.stat().st_size > _QUICK_INDEX_BYTES
    pyogrio.set_gdal_config_options({"OSM_USE_CUSTOM_INDEXING": quick})
    where = f"highway IN ({listed})" if drivable_only else "highway IS NOT NULL"
    return frame(file, layer=layer, columns=OSM_COLUMNS, where=where)


def _line_layer(file: GeoFile) -> str:
    """Find the layer of lines; of several, the first one that has a class of road."""
    kinds = layers(file)
    # GDAL says "Unknown" of a layer that mixes kinds; the lines in it are taken out later.
    lined = [name for name, kind in kinds.items() if "LineString" in kind]
    lined = lined or [name for name, kind in kinds.items() if kind in ("Unknown", "Geometry")]
    if not lined:
        found = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
        raise StudyError(
            f"{file.place} has no layer of lines, but {found or 'no layer at all'}. "
            f"Give a file with the roads as {READABLE}."
        )
    if is_osm(file.path):
        return "lines"

    def has_class(name: str) -> bool:
        return any(field.lower() in CLASS_COLUMNS for field in info(file, name)["fields"])

    return next(filter(has_class, lined), lined[0])


def _geo_file(path: Path) -> GeoFile:
    form = "a graph of roads" if path.suffix.lower() == ".graphml" else "roads"
    return GeoFile(path, "roads.path", form, f"Give them as {READABLE}.", "lines")
