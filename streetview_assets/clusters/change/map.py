"""A map of where images of the same place changed most."""

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.areas.map import SEQUENTIAL, draw_ground
from streetview_assets.charts import dots, map_legend
from streetview_assets.figures import Figure, lead
from streetview_assets.text.counted import counted

ONE_CAPTURE = "#bbbbbb"
DARKEST_LAST = f"{SEQUENTIAL}_r"
"""The most changed are dark: yellow would vanish on the light ground."""
MOST_CHANGED = 10


def draw_changes(
    areas: pl.DataFrame,
    sample_points: pl.DataFrame,
    changes: pl.DataFrame,
    *,
    title: str,
    credit: str = "",
) -> Figure:
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
    shown = f"{points.height:,} of {counted(sample_points.height, 'point')}"
    first, last = changes.select(pl.min("from_on"), pl.max("to_on")).row(0)
    years = f"{first:%Y} to {last:%Y}"
    figure, axes, crs = draw_ground(
        areas,
        shapely.points(points.select("longitude", "latitude").to_numpy()),
        title=f"{lead(title)}change between captures, {years}\ntwo or more at {shown}",
        credit=f"{credit}\nCameras, seasons, weather and traffic change as well as streets do.",
    )
    size = float(np.clip(9000 / points.height, 4, 30))
    label = "one capture or none" if others.height else None
    dots(axes, points_in_metres(others, crs), size / 4, color=ONE_CAPTURE, zorder=3, label=label)
    xy, change = points_in_metres(points, crs), points["change"].to_numpy()
    most = float(change[-1]) or 1
    coloured = dots(axes, xy, size, c=change, cmap=DARKEST_LAST, vmin=0, vmax=most, zorder=4)
    marked = xy[-MOST_CHANGED:]
    label = f"the {len(marked)} that changed most" if len(marked) > 1 else "changed most"
    dots(
        axes, marked, 4 * size + 20, facecolors="none", edgecolors="black", linewidths=0.9,
        zorder=5, label=label,
    )  # fmt: skip
    figure.colorbar(
        coloured,
        ax=axes,
        label="change: 1 minus cosine, mean over directions and captures",
        shrink=0.7,
        pad=0.02,
    )
    map_legend(axes)
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
