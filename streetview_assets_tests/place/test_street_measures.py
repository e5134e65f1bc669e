"""What streets tell of areas: how dense, connected, straight and ordered they are."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString

from streetview_assets.place.street_measures import ALONG_M, VARIABLES, street_measures

CRS, X, Y = "EPSG:27700", 430_000, 433_000


def measured(
    lines: list[LineString], classes: list[str | None], *boxes: tuple[float, float, float, float]
) -> dict[str, np.ndarray]:
    shapes = gpd.GeoSeries(lines, crs=CRS).translate(X, Y).to_crs("EPSG:4326")
    roads = gpd.GeoDataFrame({"road_class": classes}, geometry=shapes)
    outlines = np.array([shapely.box(w + X, s + Y, e + X, n + Y) for w, s, e, n in boxes])
    return street_measures(roads, outlines, CRS)


def cross(x: float, arm_m: float) -> list[LineString]:
    """Four streets that meet in the middle of a square."""
    ends = [(x + arm_m, 0), (x - arm_m, 0), (x, arm_m), (x, -arm_m)]
    return [LineString([(x, 0), end]) for end in ends]


def size_km2(side_m: float) -> float:
    """A square and what lies along it."""
    return (side_m**2 + 4 * side_m * ALONG_M + np.pi * ALONG_M**2) / 1e6


def test_lengths_by_kind_junctions_and_dead_ends_are_of_the_ground_in_and_along_the_area() -> None:
    lines = [*cross(0, 100), *cross(1000, 300)]
    classes = ["primary", "trunk_link", "residential", "footway", *["residential"] * 4]
    found = measured(lines, classes, (-150, -150, 150, 150), (900, -100, 1100, 100))
    assert tuple(found) == VARIABLES
    whole, cut = size_km2(300), size_km2(200)
    assert found["streets_m_per_km2"] == pytest.approx([400 / whole, 480 / cut], rel=0.01)
    assert found["main_m_per_km2"] == pytest.approx([200 / whole, 0], rel=0.01)
    assert found["local_m_per_km2"] == pytest.approx([100 / whole, 480 / cut], rel=0.01)
    assert found["paths_m_per_km2"] == pytest.approx([100 / whole, 0], rel=0.01)
    assert found["intersections_per_km2"] == pytest.approx([1 / whole, 1 / cut], rel=0.01)
    assert found["dead_ends_per_km2"] == pytest.approx([4 / whole, 0], rel=0.01)
    assert found["share_of_four_ways"] == pytest.approx([0.2, 1])
    assert found["orientation_entropy"] == pytest.approx(2 * [np.log(4)], rel=0.01)


def test_a_bent_street_is_as_long_as_it_is_by_the_way_between_its_ends() -> None:
    bent = LineString([(0, 0), (0, 100), (100, 100)])
    straight = LineString([(1000, 0), (1000, 100)])
    found = measured([bent, straight], ["residential"] * 2, (0, 0, 100, 100), (950, 0, 1050, 100))
    assert found["circuity"] == pytest.approx([np.sqrt(2), 1], rel=1e-3)


def test_a_street_on_the_border_of_two_areas_counts_for_both() -> None:
    border = [LineString([(0, 0), (0, 200)])]
    found = measured(border, ["residential"], (-200, 0, 0, 200), (0, 0, 200, 200))
    left, right = found["streets_m_per_km2"]
    assert left == pytest.approx(right)
    assert left > 0


def test_of_an_area_without_a_street_nothing_is_told() -> None:
    found = measured(cross(0, 100), [None] * 4, (5000, 5000, 5100, 5100), (-9, -9, 9, 9))
    assert all(np.isnan(values[0]) for values in found.values())
    assert found["local_m_per_km2"][1] > 0, "a road of no known class is `road`"
    empty = measured([], [], (0, 0, 100, 100))
    assert tuple(empty) == VARIABLES
    assert all(np.isnan(values[0]) for values in empty.values())
