"""Chapter "Where": a map of the areas and points, and what there is of each authority."""

from typing import Any

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import metric_crs, points_in_metres, to_geoframe
from streetview_assets.areas.map import draw_areas
from streetview_assets.charts import dots, map_legend
from streetview_assets.figures import COLOURS, Axes, Figure
from streetview_assets.points.map import draw_points
from streetview_assets.report.database import Published
from streetview_assets.report.figures import DRAWN_DPI, PHONE_DPI, Embedded, embedded

MOST_ROADS_DRAWN = 60_000
"""Pieces of road beyond which a map of a hand's breadth is but black."""

MOST_NAMES = 12
LONGEST_NAME = 24


def where(published: Published) -> dict[str, Any]:
    """Find where the study is: map, authorities, counts."""
    points, coverage = published.table("sample_points"), published.coverage
    counts = coverage.select(pl.col(pl.Int64, pl.Float64)).sum()
    total = counts.with_columns(authority=pl.lit("in all"), authority_code=pl.lit(""))
    return {
        "map": _draw(published, points),
        "narrow_map": _draw(published, points, narrow=True),
        "point_count": points.height,
        "area_count": published.areas.height,
        "authorities": coverage
        if coverage.height < 2
        else pl.concat([coverage, total], how="diagonal"),
    }


def _draw(published: Published, points: pl.DataFrame, *, narrow: bool = False) -> Embedded | None:
    areas, title, whom = published.areas, published.owner, published.credit
    dpi = PHONE_DPI if narrow else DRAWN_DPI
    if areas.height:
        return embedded(_draw_authorities(published, areas, points, narrow=narrow), dpi)
    if points.is_empty() or narrow:
        return None
    roads = published.table("road_network")
    drawn = roads if roads.height <= MOST_ROADS_DRAWN else roads.clear()
    return embedded(draw_points(areas, drawn, points, title=title, credit=whom))


def _draw_authorities(
    published: Published, areas: pl.DataFrame, points: pl.DataFrame, *, narrow: bool
) -> Figure:
    """Draw the areas with the points in them, and the outlines and names of the authorities."""
    figure = draw_areas(areas, None, title=published.owner, credit=published.credit, narrow=narrow)
    axes = figure.axes[0]
    for collection in axes.collections:
        collection.set(facecolor="#f2f2f2", edgecolor="#b5b5b5")
    outlines = to_geoframe(areas.select("authority_code", "geometry"))
    crs = metric_crs(None, outlines.geometry)
    authorities = outlines.to_crs(crs).dissolve("authority_code").geometry
    authorities.boundary.plot(ax=axes, aspect=None, color="#222222", linewidth=1.1, zorder=3)
    if points.height:
        xy = points_in_metres(points, crs)
        size = float(np.clip(4000 / len(xy), 0.5, 9)) * (0.4 if narrow else 1)
        dots(axes, xy, size, color=COLOURS[5], zorder=2, label="point")
        map_legend(axes)
    for code, shape in authorities.items() if 1 < len(authorities) <= MOST_NAMES else ():
        _add_name(axes, shape, published.authority_names.get(code, code))
    return figure


def _add_name(axes: Axes, shape: shapely.Geometry, name: str) -> None:
    place = shapely.point_on_surface(shape)
    ground = {"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.5, "alpha": 0.8}
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    axes.text(
        place.x, place.y, short, ha="center", va="center", fontsize=8.5,
        bbox=ground, zorder=4,
    )  # fmt: skip
