"""What the points of an authority cover, and what they leave short."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import points_in_metres, to_geoframe
from streetview_assets.points.network_distance import far_stretches, lay_out
from streetview_assets.points.roads.lines import Lines

LEAST_ROAD_M = 0.001
"""An area that roads only touch has no road."""


@dataclass(frozen=True)
class PointsReport:
    """How the points of an authority lie on its roads.

    Attributes
    ----------
    road_km
        Length of road.
    point_count
        Points.
    points_per_km
        Points a kilometre of road; 0 where there is no road.
    far_road_share
        Share of the length of road that is farther than one spacing from every point.
    areas_with_road
        How many areas have road.
    areas_without_point
        Codes of all areas without a point, those without road among them.
    areas_short
        Codes of areas that have road, but fewer points than wanted in each.
    """

    road_km: float
    point_count: int
    points_per_km: float
    far_road_share: float
    areas_with_road: int
    areas_without_point: list[str]
    areas_short: list[str]


def report_points(
    road_network: pl.DataFrame,
    areas: pl.DataFrame,
    sample_points: pl.DataFrame,
    spacing_m: float,
    crs: str,
    *,
    min_per_area: int = 1,
) -> PointsReport:
    """Measure how points lie on roads.

    Parameters
    ----------
    road_network, areas, sample_points
        The tables of one authority.
    spacing_m
        The distance beyond which road counts as far, as the crow flies.
    crs
        The CRS in metres.
    min_per_area
        Areas with road and fewer points than this are short.
    """
    road_m = float(road_network["length_m"].sum())
    counts = dict(sample_points.group_by("area_code").len().iter_rows())
    lines = to_geoframe(road_network.select("geometry")).geometry.to_crs(crs).to_numpy()
    # Each piece is a street of its own here: only the length matters.
    network = lay_out(lines, [str(index) for index in range(len(lines))])
    far = far_stretches(network, points_in_metres(sample_points, crs), spacing_m)
    far_m = float((far[:, 1] - far[:, 0]).sum())
    with_road = _areas_with_road(lines, areas, crs)
    codes = sorted(areas["area_code"])
    return PointsReport(
        road_km=road_m / 1000,
        point_count=sample_points.height,
        points_per_km=1000 * sample_points.height / road_m if road_m else 0.0,
        far_road_share=min(far_m / road_m, 1.0) if road_m else 0.0,
        areas_with_road=len(with_road),
        areas_without_point=[code for code in codes if code not in counts],
        areas_short=[code for code in with_road if counts.get(code, 0) < min_per_area],
    )


def _areas_with_road(lines: Lines, areas: pl.DataFrame, crs: str) -> list[str]:
    areas = areas.sort("area_code")
    outlines = to_geoframe(areas.select("geometry")).geometry.to_crs(crs).to_numpy()
    area, line = shapely.STRtree(lines).query(outlines, predicate="intersects")
    shapely.prepare(outlines)
    length_m = np.zeros(len(outlines))
    whole = shapely.contains(outlines[area], lines[line])
    np.add.at(length_m, area[whole], shapely.length(lines[line[whole]]))
    parts = shapely.intersection(outlines[area[~whole]], lines[line[~whole]])
    np.add.at(length_m, area[~whole], shapely.length(parts))
    return areas["area_code"].filter(pl.Series(length_m >= LEAST_ROAD_M)).to_list()
