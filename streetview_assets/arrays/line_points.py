"""Points on lines of one's own, by the rule of a study."""

import geopandas as gpd

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, metric_crs
from streetview_assets.points.roads.clipping import clip_roads
from streetview_assets.points.sampling import sample_points
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES


def points_on_lines(
    lines: gpd.GeoDataFrame | gpd.GeoSeries, spacing_m: float = 200
) -> gpd.GeoDataFrame:
    """Place one point on every so many metres of line, with the same chance for every metre.

    Parameters
    ----------
    lines
        LineStrings, in any CRS that is named.
    spacing_m
        Metres of line a point; points keep half of it from each other.

    Returns
    -------
    geopandas.GeoDataFrame
        `point_id`, `road_id` (the index of the line it lies on), `road_bearing_deg` and the point,
        in EPSG:4326.

    Raises
    ------
    ValueError
        Where there is no line, or no CRS.
    """
    shapes = lines.geometry
    if shapes.crs is None:
        raise ValueError("lines have no CRS; name it by set_crs, such as set_crs(4326)")
    if shapes.empty or not shapes.geom_type.isin(["LineString", "MultiLineString"]).all():
        raise ValueError("lines hold no line, or something else than lines")
    degrees = shapes.to_crs(GEOGRAPHIC_CRS).explode()
    roads = gpd.GeoDataFrame(
        {
            "road_id": degrees.index.astype(str),
            "road_class": None,
            "name": None,
            "is_oneway": None,
        },
        geometry=degrees.to_numpy(),
        crs=GEOGRAPHIC_CRS,
    )
    crs = metric_crs(None, roads.geometry)
    nowhere = TABLES["areas"].frame()
    network = clip_roads(roads, nowhere, crs)
    found = sample_points(network, nowhere, Points(spacing_m=spacing_m), crs, seed=0)
    kept = found.select("point_id", "road_id", "road_bearing_deg").to_pandas()
    at = gpd.points_from_xy(found["longitude"], found["latitude"], crs=GEOGRAPHIC_CRS)
    return gpd.GeoDataFrame(kept, geometry=at)
