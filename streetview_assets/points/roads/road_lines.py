"""The roads of a study's source, whatever its form, as lines with an id, a class and a name."""

import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import Bounds, box_in_words, require_degrees
from streetview_assets.points.roads.classes import (
    DRIVABLE,
    ID_COLUMNS,
    LEFT_OUT,
    NAME_COLUMNS,
    first_text,
    one_way,
    road_classes,
)
from streetview_assets.points.roads.files import is_osm, read_road_file
from streetview_assets.points.roads.lines import in_one_direction, wkb
from streetview_assets.points.roads.overpass import fetch_roads
from streetview_assets.study.points import Roads
from streetview_assets.text.counted import counted


def read_roads(
    roads: Roads, around: gpd.GeoSeries | None = None, *, cache_folder: Path | None = None
) -> gpd.GeoDataFrame:
    """Read all roads of the source.

    Parameters
    ----------
    roads
        The study's part that names the source.
    around
        Outlines of the areas; needed where the source is Overpass.
    cache_folder
        Where answers of Overpass are kept.

    Returns
    -------
    geopandas.GeoDataFrame
        ``road_id`` (text, unique: the source's id, with ``#n`` where several lines share it),
        ``road_class``, ``name``, ``is_oneway`` (missing where the source does not say),
        ``geometry`` (LineString, EPSG:4326), by road_id. A line that comes once in each direction
        is there once.

    Raises
    ------
    StudyError
        Where the file cannot be read, has no CRS, no lines, no class by which to choose the
        drivable ones, classes that are not known, or none that is drivable.
    StreetviewError
        Where Overpass cannot be reached.
    """
    place = str(roads.path) if roads.path else "OpenStreetMap (overpass)"
    if roads.path:
        rows = read_road_file(roads.path, drivable_only=roads.drivable_only)
    elif around is not None:
        rows = fetch_roads(around, drivable_only=roads.drivable_only, cache_folder=cache_folder)
    else:
        raise StudyError("roads.source: overpass needs areas, which say where to look.")
    return _unique(_lines(_wanted(rows, roads, place), place))


def check_areas_meet_roads(
    areas_path: Path, areas_bounds: Bounds, roads: Roads, bounds: Bounds | None
) -> None:
    """Refuse areas and roads that lie apart.

    Parameters
    ----------
    areas_path
        The areas file, for the message.
    areas_bounds
        Box of the areas, EPSG:4326.
    roads
        The study's part that names the roads.
    bounds
        Box of the roads, EPSG:4326; None: not known, nothing is refused.

    Raises
    ------
    StudyError
        With both files, both boxes and the remedy.
    """
    if bounds is None or shapely.intersects(shapely.box(*areas_bounds), shapely.box(*bounds)):
        return
    raise StudyError(
        f"The areas and the roads do not meet: the areas of {areas_path} lie in "
        f"{box_in_words(areas_bounds)}, the roads of {roads.path or 'OpenStreetMap'} in "
        f"{box_in_words(bounds)}. Give roads of the same place (`roads.path`), name other "
        "`authorities`, or mend the CRS of one of the files."
    )


def _wanted(rows: gpd.GeoDataFrame, roads: Roads, place: str) -> gpd.GeoDataFrame:
    """Name the columns, and leave out what is no road or not drivable."""
    # OpenStreetMap's own files may hold any word: what is none of its roads is no road.
    is_own_words = roads.path is None or is_osm(roads.path)
    refuse_unknown = roads.drivable_only and not is_own_words
    classes = road_classes(rows, roads.classes, place, refuse_unknown=refuse_unknown)
    named = gpd.GeoDataFrame(
        {
            "road_id": first_text(rows, ID_COLUMNS),
            "road_class": classes,
            "name": first_text(rows, NAME_COLUMNS),
            "is_oneway": one_way(rows),
        },
        geometry=rows.geometry,
    )
    named = named[named["road_class"] != LEFT_OUT]
    if not roads.drivable_only:
        only_roads = is_own_words or "highway" in rows.columns
        return named[named["road_class"].notna()] if only_roads else named
    if classes is None and len(rows):
        raise StudyError(
            f"roads.drivable_only: {place} has no column that says the class of a road (highway, "
            "fclass, road_class, class, type), so the drivable ones cannot be told. Add one, or "
            "set `drivable_only: false` to take all lines."
        )
    drivable = named[named["road_class"].isin(list(DRIVABLE))]
    if drivable.empty:
        seen = [] if classes is None else sorted(set(classes.dropna()))
        raise StudyError(
            f"roads.drivable_only: {place} has no drivable road ({counted(len(rows), 'line')}; "
            f"classes: {', '.join(seen[:12]) or 'none'}). Give a file with roads such as "
            "residential or primary, or set `drivable_only: false` to take all lines."
        )
    return drivable


def _lines(rows: gpd.GeoDataFrame, place: str) -> gpd.GeoDataFrame:
    """Take the lines out of the geometries, one row each, in EPSG:4326."""
    shapes = shapely.force_2d(rows.geometry.to_crs(GEOGRAPHIC_CRS).to_numpy())
    parts, owner = shapely.get_parts(shapes, return_index=True)
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    is_line &= shapely.length(parts) > 0
    if not is_line.any():
        raise StudyError(
            f"roads.path: {place} has no lines with a length ({counted(len(rows), 'row')} read). "
            "Give a file with the roads as lines."
        )
    lines = in_one_direction(parts[is_line])
    require_degrees("roads.path", place, shapely.total_bounds(lines), rows.crs, "roads")
    attributes = rows.drop(columns=rows.geometry.name).iloc[owner[is_line]]
    return gpd.GeoDataFrame(attributes.reset_index(drop=True), geometry=lines, crs=GEOGRAPHIC_CRS)


def _unique(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Drop lines that come twice, and give every line an id of its own."""
    rows["wkb"] = wkb(rows.geometry.to_numpy())
    without = rows["road_id"].isna()
    rows.loc[without, "road_id"] = [
        "line-" + hashlib.sha256(line).hexdigest()[:12] for line in rows.loc[without, "wkb"]
    ]
    rows = rows.sort_values(["road_id", "wkb", "road_class", "name"])
    rows = rows.drop_duplicates("wkb").reset_index(drop=True)
    number = rows.groupby("road_id").cumcount() + 1
    shared = rows["road_id"].duplicated(keep=False)
    rows["road_id"] = rows["road_id"].where(~shared, rows["road_id"] + "#" + number.astype(str))
    for column in ("road_id", "road_class", "name"):
        rows[column] = rows[column].astype(pd.StringDtype(na_value=np.nan))
    rows["is_oneway"] = rows["is_oneway"].astype("boolean")
    return rows[["road_id", "road_class", "name", "is_oneway", "geometry"]]
