"""A map of what lies around the points of an authority."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.areas.map import SEQUENTIAL, draw_ground

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = "greenspace_density_or_proportion"
LABEL = "green within {:g} m: share of the circle, or places a km²"


def draw_environment(
    variables: pl.DataFrame,
    points: pl.DataFrame,
    areas: pl.DataFrame,
    *,
    radius_m: float,
    title: str,
    credit: str = "",
) -> "Figure":
    """Draw points, coloured by the green around them, over the areas that have any.

    Parameters
    ----------
    variables, points, areas
        Tables of one authority; areas may be without rows.
    radius_m
        Of the circles that are shown.
    title
        What the map shows.
    credit
        Whom to name at the foot.
    """
    mine = variables.filter(variable=SHOWN, radius_m=radius_m).select("point_id", "value")
    placed = points.unique("point_id").join(mine, on="point_id").sort("point_id")
    places = shapely.points(placed.select("longitude", "latitude").to_numpy())
    figure, axes, crs = draw_ground(areas, np.asarray(places), title=title, credit=credit)
    east, north = points_in_metres(placed, crs).T
    values = placed["value"].to_numpy().astype(np.float64)
    drawn = axes.scatter(east, north, c=values, s=8, cmap=SEQUENTIAL, linewidths=0)
    figure.colorbar(drawn, ax=axes, shrink=0.6, label=LABEL.format(radius_m))
    return figure
