import pytest

from streetview_assets.points.report import report_points
from streetview_assets.points.sampling import sample_points
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES

CRS = "EPSG:27700"


def test_what_is_left_short_is_named(make_network, make_areas):
    roads = make_network([[(0, 0), (1000, 0)]])
    areas = make_areas(
        {
            "west": (-50, -50, 360, 50),
            "between": (360, -50, 380, 50),
            "east": (380, -50, 1050, 50),
            "empty": (0, 60, 90, 90),
        }
    )
    points = sample_points(roads, areas, Points(spacing_m=200), CRS, 1)
    report = report_points(roads, areas, points, 200, CRS)
    assert report.road_km == pytest.approx(1)
    assert report.point_count == 5
    assert report.points_per_km == pytest.approx(5)
    assert report.far_road_share == 0
    assert report.areas_with_road == 3
    assert report.areas_without_point == ["between", "empty"]
    assert report.areas_short == ["between"]


def test_far_road_is_a_share_of_the_length(make_network, make_areas):
    roads = make_network([[(0, 0), (1000, 0)]])
    areas = make_areas({"a": (-50, -50, 1050, 50)})
    points = sample_points(roads, areas, Points(spacing_m=1000), CRS, 1)
    assert report_points(roads, areas, points, 100, CRS).far_road_share == pytest.approx(0.8, 1e-3)
    none = TABLES["sample_points"].frame()
    assert report_points(roads, areas, none, 100, CRS).far_road_share == pytest.approx(1)


def test_an_authority_without_road(make_areas):
    areas = make_areas({"a": (0, 0, 50, 50)})
    empty = TABLES["road_network"].frame(), TABLES["sample_points"].frame()
    report = report_points(empty[0], areas, empty[1], 200, CRS)
    assert (report.road_km, report.points_per_km, report.far_road_share) == (0, 0, 0)
    assert report.areas_without_point == ["a"]
    assert report.areas_short == []
