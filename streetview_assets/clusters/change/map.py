"""A map of where images of the same place changed most."""

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
from streetview_assets.areas.map import SEQUENTIAL, draw_areas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUND, LINE, ONE_CAPTURE = "#f4f4f4", "#bbbbbb", "#bbbbbb"
DARKEST_LAST = f"{SEQUENTIAL}_r"
"""The most changed are dark: yellow would vanish on the light ground."""
MOST_CHANGED = 10
MARGIN_DEG = 0.002
"""About 200 m around points of a study without areas."""


def draw_changes(
    areas: pl.DataFrame,
    sample_points: pl.DataFrame,
    changes: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
) -> "Figure":
    """Draw each point with two captures, coloured by how much its images changed.

    Parameters
    ----------
    areas, sample_points, changes
        Tables ``areas``, ``sample_points`` and ``capture_changes`` of one authority; areas may be
        without rows, changes not.
    title
        Whose streets they are.
    credit
        Whom to name at the foot.
    """
    points = change_by_point(changes, sample_points)
    others = sample_points.join(points, on="point_id", how="anti")
    shown = _around(areas, points)
    counted = f"{points.height:,} of {sample_points.height:,} points"
    first, last = changes.select(pl.min("from_on"), pl.max("to_on")).row(0)
    years = f"{first:%Y} to {last:%Y}"
    figure = draw_areas(
        shown,
        None,
        title=f"{title}: change between captures, {years}\n{counted} have two or more",
        credit=f"{credit}\nCameras, seasons, weather and traffic change as well as streets do.",
    )
    axes = figure.axes[0]
    for drawn in axes.collections:
        drawn.set(facecolor=GROUND, edgecolor=LINE)
    crs = metric_crs(None, to_geoframe(shown.select("geometry")).geometry)
    size = float(np.clip(9000 / points.height, 4, 30))
    xy = points_in_metres(others, crs)
    axes.scatter(
        *(xy[:, 0], xy[:, 1]),
        s=size / 4,
        color=ONE_CAPTURE,
        linewidths=0,
        zorder=3,
        label="one capture or none" if others.height else None,
    )
    xy = points_in_metres(points, crs)
    coloured = axes.scatter(
        *(xy[:, 0], xy[:, 1]),
        c=points["change"].to_numpy(),
        s=size,
        cmap=DARKEST_LAST,
        vmin=0,
        vmax=float(points["change"].to_numpy()[-1]) or 1,
        linewidths=0,
        zorder=4,
    )
    most = xy[-MOST_CHANGED:]
    axes.scatter(
        *(most[:, 0], most[:, 1]),
        s=4 * size + 20,
        facecolors="none",
        edgecolors="black",
        linewidths=0.9,
        zorder=5,
        label=f"the {len(most)} that changed most" if len(most) > 1 else "changed most",
    )
    figure.colorbar(
        coloured,
        ax=axes,
        label="change: 1 minus cosine, mean over directions and captures",
        shrink=0.7,
        pad=0.02,
    )
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.0), ncols=2, frameon=False)
    return figure


def change_by_point(changes: pl.DataFrame, sample_points: pl.DataFrame) -> pl.DataFrame:
    """Give the change of each point, 1 minus the mean cosine, the most changed last.

    Parameters
    ----------
    changes
        The table `capture_changes`.
    sample_points
        The table of that name.

    Returns
    -------
    pl.DataFrame
        point_id, change, longitude, latitude, area_code: points of the study as it is now.
    """
    return (
        changes.group_by("point_id")
        .agg(change=1 - pl.col("cosine").mean())
        .join(
            sample_points.select("point_id", "longitude", "latitude", "area_code"),
            on="point_id",
            how="inner",
        )
        .sort("change", "point_id")
    )


def _around(areas: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Give the areas that hold the points; without any, a box around these."""
    mine = areas.join(points, on="area_code", how="semi")
    if mine.height:
        return mine
    west, south = points["longitude"].min(), points["latitude"].min()
    east, north = points["longitude"].max(), points["latitude"].max()
    corners = np.array([west, south, east, north], dtype=float)
    box = shapely.box(*(corners + MARGIN_DEG * np.array([-1, -1, 1, 1])))
    ground = gpd.GeoSeries([box], crs=GEOGRAPHIC_CRS)
    return pl.DataFrame({"area_code": ["all"], "geometry": wkb_series(ground)})
