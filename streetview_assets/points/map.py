"""A map of the roads of an authority and the points on them."""

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import (
    GEOGRAPHIC_CRS,
    metric_crs,
    points_in_metres,
    to_geoframe,
    wkb_series,
)
from streetview_assets.areas.map import draw_areas
from streetview_assets.figures import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROAD = "#777777"


def draw_points(
    areas: pl.DataFrame,
    road_network: pl.DataFrame,
    sample_points: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
) -> "Figure":
    """Draw roads and sample points over the areas that have any, with a scale bar.

    Parameters
    ----------
    areas, road_network, sample_points
        The tables of one authority; areas and roads may be without rows.
    title
        What the map shows; the number of points and the length of road are added.
    credit
        Whom to name at the foot.

    Raises
    ------
    ValueError
        Where there is nothing to draw.
    """
    from matplotlib.collections import LineCollection

    lines = to_geoframe(road_network.select("geometry")).geometry
    places = gpd.GeoSeries(
        shapely.points(sample_points.select("longitude", "latitude").to_numpy()),
        crs=GEOGRAPHIC_CRS,
    )
    shown = _around(areas, lines, places)
    counted = f"{title}: {sample_points.height:,} points"
    if road_network.height:
        counted += f" on {road_network['length_m'].sum() / 1000:,.0f} km of road"
    figure = draw_areas(shown, None, title=counted, credit=credit)
    crs = metric_crs(None, to_geoframe(shown.select("geometry")).geometry)
    axes = figure.axes[0]
    for drawn in axes.collections:
        drawn.set(facecolor="#f4f4f4", edgecolor="#bbbbbb")
    axes.add_collection(
        LineCollection(
            [shapely.get_coordinates(line) for line in lines.to_crs(crs)],
            colors=ROAD,
            linewidths=0.4,
            label="road" if road_network.height else None,
        )
    )
    xy = points_in_metres(sample_points, crs)
    size = float(np.clip(4000 / max(len(xy), 1), 0.5, 12))
    axes.scatter(
        xy[:, 0], xy[:, 1], s=size, color=COLOURS[5], linewidths=0, zorder=3, label="point"
    )
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.0), ncols=2, frameon=False)
    return figure


def _around(areas: pl.DataFrame, lines: gpd.GeoSeries, places: gpd.GeoSeries) -> pl.DataFrame:
    """Give the areas that have road or points; without any, a box around these."""
    things = np.concatenate((lines.to_numpy(), places.to_numpy()))
    outlines = to_geoframe(areas.select("geometry")).geometry.to_numpy()
    area, _ = shapely.STRtree(things).query(outlines, predicate="intersects")
    near = areas.select("area_code", "geometry")[np.unique(area)]
    if near.height or not len(things):
        return near if near.height else areas
    box = gpd.GeoSeries([shapely.box(*shapely.total_bounds(things))], crs=GEOGRAPHIC_CRS)
    return pl.DataFrame({"area_code": ["all"], "geometry": wkb_series(box)})
