"""A map of the roads of an authority and the points on them."""

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import points_in_metres, to_geoframe
from streetview_assets.areas.map import draw_ground
from streetview_assets.charts import dots, map_legend
from streetview_assets.figures import COLOURS, Figure, lead
from streetview_assets.text.counted import counted

ROAD = "#777777"


def draw_points(
    areas: pl.DataFrame,
    road_network: pl.DataFrame,
    sample_points: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
) -> Figure:
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
    places = shapely.points(sample_points.select("longitude", "latitude").to_numpy())
    heading = f"{lead(title)}{counted(sample_points.height, 'point')}"
    if road_network.height:
        heading += f" on {road_network['length_m'].sum() / 1000:,.0f} km of road"
    things = np.concatenate((lines.to_numpy(), places))
    figure, axes, crs = draw_ground(areas, things, title=heading, credit=credit)
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
    dots(axes, xy, size, color=COLOURS[5], zorder=3, label="point")
    map_legend(axes)
    return figure
