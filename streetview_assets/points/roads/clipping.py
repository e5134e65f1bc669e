"""The roads of one authority: cut at its outline, each stretch in one authority only."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, to_geoframe, wkb_series
from streetview_assets.points.roads.lines import Lines, in_one_direction, wkb
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.tables.registry import TABLES

SHORTEST_M = 0.001
"""Shorter pieces are left-overs of the arithmetic where a road touches an outline."""

TOWARDS_ONE_SIDE_M = (0.01, 0.0037)
"""Road along the border of two authorities goes to the one that lies on this side of it."""


def clip_roads(roads: gpd.GeoDataFrame, areas: pl.DataFrame, crs: str) -> pl.DataFrame:
    """Cut roads at the outline of an authority.

    Parameters
    ----------
    roads
        As `read_roads` gives them, at least those near the areas; in any order.
    areas
        Table ``areas`` of one authority; without rows, nothing is cut and the authority is
        ``all``.
    crs
        The CRS in metres in which lengths are measured.

    Returns
    -------
    polars.DataFrame
        Table ``road_network``, by road_id. A road that comes once in each direction is one line.
        A road of which several pieces lie inside has ``road_id`` ``123/1``, ``123/2``, … in the
        order along the road. Road that runs along the border of two authorities belongs to the
        one to the east of it.
    """
    roads = _once(roads)
    geographic = roads.geometry.to_numpy()
    metric = _metric(geographic, crs)
    authority = WITHOUT_AREAS
    pieces, owner = geographic, np.arange(len(roads))
    if not areas.is_empty():
        authority = areas["authority_code"][0]
        outlines = to_geoframe(areas.select("geometry")).geometry.to_crs(crs)
        # On a grid: slits between neighbours that do not quite meet would cut every road there.
        region = shapely.union_all(outlines.to_numpy(), grid_size=SHORTEST_M)
        pieces, owner = _inside(geographic, metric, region, crs)
    names = ["road_id", "road_class", "name"]
    told = pd.DataFrame(roads[[*names, "is_oneway"]]).iloc[owner]
    types = {**dict.fromkeys(names, pl.String), "is_oneway": pl.Boolean}
    table = pl.from_pandas(told, schema_overrides=types)
    number = pl.int_range(1, pl.len() + 1).over("owner")
    several = pl.len().over("owner") > 1
    table = table.with_columns(pl.Series("owner", owner)).with_columns(
        pl.when(several).then(pl.format("{}/{}", "road_id", number)).otherwise("road_id"),
        authority_code=pl.lit(authority),
        length_m=pl.Series(shapely.length(_metric(pieces, crs)), dtype=pl.Float64),
        geometry=wkb_series(gpd.GeoSeries(pieces, crs=GEOGRAPHIC_CRS)),
    )
    return table.select(TABLES["road_network"].schema.names()).sort("road_id")


def _once(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Order roads by id, each in one direction, and keep of equal lines the first."""
    lines = in_one_direction(roads.geometry.to_numpy())
    roads = roads.set_geometry(gpd.GeoSeries(lines, index=roads.index, crs=GEOGRAPHIC_CRS))
    keyed = roads.assign(wkb=wkb(lines)).sort_values(["road_id", "wkb"])
    return keyed.drop_duplicates("wkb").drop(columns="wkb").reset_index(drop=True)


def _metric(lines: Lines, crs: str) -> Lines:
    projected: Lines = gpd.GeoSeries(lines, crs=GEOGRAPHIC_CRS).to_crs(crs).to_numpy()
    return projected


def _inside(
    geographic: Lines, metric: Lines, region: shapely.Geometry, crs: str
) -> tuple[Lines, npt.NDArray[np.intp]]:
    """Give the pieces inside a region (EPSG:4326), and the line of which each is a piece."""
    border = shapely.boundary(region)
    shapely.prepare((region, border))
    # Near, not touching: both authorities at a border have to see the same roads run along it.
    at_border = shapely.dwithin(border, metric, 2 * SHORTEST_M)
    whole = ~at_border & shapely.contains(region, metric)
    crossing = np.flatnonzero(at_border)
    inside = shapely.intersection(metric[crossing], region)
    for index in np.flatnonzero(_along(border, metric[crossing])):
        inside[index] = _on_our_side(metric[crossing[index]], region)
    cut, cut_owner = shapely.get_parts(shapely.line_merge(inside), return_index=True)
    is_piece = shapely.length(cut) >= SHORTEST_M
    cut, cut_owner = cut[is_piece], crossing[cut_owner[is_piece]]
    along_m = shapely.line_locate_point(
        metric[cut_owner], shapely.line_interpolate_point(cut, 0.5, normalized=True)
    )
    order = np.lexsort((along_m, cut_owner))
    cut_geographic = gpd.GeoSeries(cut[order], crs=crs).to_crs(GEOGRAPHIC_CRS).to_numpy()
    pieces = np.concatenate((geographic[whole], in_one_direction(cut_geographic)))
    return pieces, np.concatenate((np.flatnonzero(whole), cut_owner[order]))


def _along(border: shapely.Geometry, lines: Lines) -> npt.NDArray[np.bool_]:
    """Say which lines run along a border for a metre or more, not only across it."""
    strip = border.buffer(SHORTEST_M, quad_segs=1, join_style="mitre")
    along: npt.NDArray[np.bool_] = shapely.length(shapely.intersection(lines, strip)) >= 1
    return along


def _on_our_side(line: shapely.Geometry, region: shapely.Geometry) -> shapely.Geometry:
    """Cut a line that runs along the border; of that stretch, keep what lies on our side.

    The line and the border seldom agree to the last digit: they are first put on one grid.
    """
    region = shapely.set_precision(region, SHORTEST_M)
    line = shapely.set_precision(line, SHORTEST_M)
    border = shapely.boundary(region)
    runs = _line_parts(shapely.intersection(line, border, grid_size=SHORTEST_M))
    middles = shapely.line_interpolate_point(runs, 0.5, normalized=True)
    beside = shapely.points(shapely.get_coordinates(middles) + TOWARDS_ONE_SIDE_M)
    off_border = shapely.difference(line, border, grid_size=SHORTEST_M)
    inside = _line_parts(shapely.intersection(off_border, region, grid_size=SHORTEST_M))
    kept = np.concatenate((inside, runs[shapely.contains(region, beside)]))
    return shapely.union_all(kept, grid_size=SHORTEST_M)


def _line_parts(shape: shapely.Geometry) -> Lines:
    parts = shapely.get_parts(shape)
    lines: Lines = parts[shapely.get_dimensions(parts) == 1]
    return lines
