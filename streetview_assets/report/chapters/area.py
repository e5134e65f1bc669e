"""Chapter "Where": a map of the areas and points, and what there is of each authority."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import metric_crs, points_in_metres, to_geoframe
from streetview_assets.areas.map import draw_areas
from streetview_assets.figures import COLOURS
from streetview_assets.points.map import draw_points
from streetview_assets.report.database import Published
from streetview_assets.report.html import Section, chart, number, paragraph, table

if TYPE_CHECKING:
    import pyproj
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROADS_DRAWN = 60_000
"""Pieces of road beyond which a map of a hand's breadth is but black."""

MOST_NAMES = 12
LONGEST_NAME = 24


def place_section(published: Published) -> Section:
    """Say where the study is: map, authorities, counts."""
    parts = [_map(published)]
    if published.areas.is_empty():
        parts.append(
            paragraph(
                "The study names no areas: its images stand by place alone, and there is "
                "nothing to pool, to compare with a target or to predict."
            )
        )
    parts.append(_authorities(published))
    return Section("where", "Where", "".join(parts))


def _map(published: Published) -> str:
    points = published.table("sample_points")
    areas = published.areas
    if areas.is_empty() and points.is_empty():
        return paragraph("There is no map: the study has neither areas nor points yet.")
    if areas.is_empty():
        roads = published.table("road_network")
        drawn = roads if roads.height <= MOST_ROADS_DRAWN else roads.clear()
        figure = draw_points(
            areas, drawn, points, title=published.study.name, credit=published.credit
        )
        counted = f"{points.height:,} sample points; the study names no areas"
    else:
        figure = _draw_authorities(published, areas, points)
        counted = (
            f"{points.height:,} sample points in {areas.height:,} areas of "
            f"{_authority_count(published)}"
        )
    return chart(figure, f"Map of {published.study.name}: {counted}.", f"{counted}.")


def _authority_count(published: Published) -> str:
    count = published.coverage.height
    return f"{count:,} authorit{'y' if count == 1 else 'ies'}"


def _draw_authorities(published: Published, areas: pl.DataFrame, points: pl.DataFrame) -> "Figure":
    """Draw the areas with the points in them, and the outlines and names of the authorities."""
    from matplotlib.collections import LineCollection

    figure = draw_areas(areas, None, title=published.study.name, credit=published.credit)
    axes = figure.axes[0]
    for collection in axes.collections:
        collection.set(facecolor="#f2f2f2", edgecolor="#b5b5b5")
    outlines = to_geoframe(areas.select("geometry")).geometry
    metres = outlines.to_crs(metric_crs(None, outlines))
    codes = areas["authority_code"]
    shapes = {
        str(code): shapely.union_all(metres.to_numpy()[(codes == code).to_numpy()])
        for code in codes.unique().sort()
    }
    rings = [
        shapely.get_coordinates(ring)
        for shape in shapes.values()
        for ring in shapely.get_rings(shapely.get_parts(shape))
    ]
    axes.add_collection(LineCollection(rings, colors="#222222", linewidths=1.1, zorder=3))
    if points.height:
        _add_points(axes, points, metres.crs)
    for code, shape in shapes.items() if 1 < len(shapes) <= MOST_NAMES else ():
        _add_name(axes, shape, published.authority_names.get(code, code))
    return figure


def _add_points(axes: "Axes", points: pl.DataFrame, crs: "pyproj.CRS") -> None:
    xy = points_in_metres(points, crs)
    size = float(np.clip(4000 / len(xy), 0.5, 9))
    axes.scatter(
        xy[:, 0], xy[:, 1], s=size, color=COLOURS[5], linewidths=0, zorder=2, label="point"
    )
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.0), frameon=False)


def _add_name(axes: "Axes", shape: shapely.Geometry, name: str) -> None:
    place = shapely.point_on_surface(shape)
    ground = {"facecolor": "#ffffff", "edgecolor": "none", "pad": 1.5, "alpha": 0.8}
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    axes.text(
        place.x, place.y, short, ha="center", va="center", fontsize=8.5,
        bbox=ground, zorder=4,
    )  # fmt: skip


def _authorities(published: Published) -> str:
    rows = []
    for row in published.coverage.iter_rows(named=True):
        code = row["authority_code"]
        rows.append(
            [
                published.authority_names[code],
                code,
                row["area_count"],
                number(row["area_km2"], 1),
                number(row["road_km"], 1),
                row["point_count"],
                row["image_count"],
                row["area_with_target_count"],
            ]
        )
    if not rows:
        return paragraph("No authority has been made yet.")
    if len(rows) > 1:
        rows.append(_total(published.coverage))
    columns = (
        "authority", "code", "areas", "km²", "km of road", "points", "images",
        "areas with a target value",
    )  # fmt: skip
    return table("Authorities of the study", columns, rows, strong=frozenset({"in all"}))


def _total(coverage: pl.DataFrame) -> list[object]:
    total = coverage.sum().row(0, named=True)
    return [
        "in all",
        "",
        total["area_count"],
        number(total["area_km2"], 1),
        number(total["road_km"], 1),
        total["point_count"],
        total["image_count"],
        total["area_with_target_count"],
    ]
