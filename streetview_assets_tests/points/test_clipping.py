import polars as pl
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from streetview_assets.points.roads.clipping import clip_roads
from streetview_assets.tables.registry import TABLES, check_contract

CRS = "EPSG:27700"


def lengths(network: pl.DataFrame) -> dict[str, float]:
    return dict(network.select("road_id", "length_m").iter_rows())


def test_roads_are_cut_at_the_outline_and_measured_in_metres(make_roads, make_areas):
    roads = make_roads([[(-100, 0), (100, 0)], [(10, 10), (40, 50)], [(500, 0), (600, 0)]])
    network = clip_roads(roads, make_areas({"a": (0, -90, 90, 90)}), CRS)
    check_contract(TABLES["road_network"], network)
    assert lengths(network) == pytest.approx({"r0": 90, "r1": 50}, abs=1e-3)


def test_pieces_of_a_road_that_comes_back_are_numbered_along_it(make_roads, make_areas):
    roads = make_roads([[(10, 10), (150, 10), (150, 50), (20, 50)]])
    network = clip_roads(roads, make_areas({"a": (0, 0, 100, 100)}), CRS)
    assert sorted(network["road_id"]) == ["r0/1", "r0/2"]
    assert sorted(lengths(network).values()) == pytest.approx([80, 90], abs=1e-3)


def test_both_directions_of_a_street_are_one_line(make_roads, no_areas):
    roads = make_roads(
        [[(0, 0), (50, 20), (90, 0)], [(90, 0), (50, 20), (0, 0)], [(0, 0), (90, 0)]]
    )
    network = clip_roads(roads, no_areas, CRS)
    assert network["road_id"].to_list() == ["r0", "r2"]
    assert network["authority_code"].unique().to_list() == ["all"]


def test_an_area_border_inside_the_authority_cuts_nothing(make_roads, make_areas):
    areas = make_areas({"a": (0, 0, 50, 100), "b": (50, 0, 100, 100)})
    network = clip_roads(make_roads([[(10, 10), (90, 10)]]), areas, CRS)
    assert lengths(network) == pytest.approx({"r0": 80}, abs=1e-3)


@pytest.mark.parametrize("steps", [1, 7])
def test_road_along_the_border_of_two_authorities_is_in_one(make_roads, make_areas, steps):
    west = make_areas({"w": (-100, -100, 0, 100)}, "W")
    east = make_areas({"e": (0, -100, 100, 100)}, "E")
    up = [(0, -80 + 160 * step / steps) for step in range(steps + 1)]
    roads = make_roads([up, [(-50, 0), (50, 0)], [(-90, 90), *up, (90, 90)]])
    in_each = [clip_roads(roads, areas, CRS) for areas in (west, east)]
    both_m = sum(network["length_m"].sum() for network in in_each)
    assert both_m == pytest.approx(roads.to_crs(CRS).length.sum(), abs=0.05)


coordinate = st.integers(-9, 9).map(lambda step: step * 10.0)
line = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=5, unique=True).filter(
    lambda corners: shapely.LineString(corners).is_simple
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(line, min_size=1, max_size=4, unique_by=tuple))
def test_each_metre_of_road_is_in_one_authority(lines, make_roads, make_areas):
    quarters = {
        "NE": (0, 0, 100, 100),
        "NW": (-100, 0, 0, 100),
        "SE": (0, -100, 100, 0),
        "SW": (-100, -100, 0, 0),
    }
    roads = make_roads(lines)
    once = clip_roads(roads, make_areas(quarters), CRS)["length_m"].sum()
    cut = [clip_roads(roads, make_areas({key: box}, key), CRS) for key, box in quarters.items()]
    assert sum(network["length_m"].sum() for network in cut) == pytest.approx(once, abs=0.1)


def test_the_order_and_direction_of_roads_do_not_matter(make_roads, make_areas):
    roads = make_roads(
        [[(-50, 3), (70, 31)], [(10, 10), (150, 10), (150, 50), (20, 50)], [(1, 2), (3, 5)]]
    )
    areas = make_areas({"a": (0, 0, 50, 100), "b": (50, 0, 100, 100)})
    turned = roads.iloc[::-1].set_geometry(roads.geometry.iloc[::-1].reverse())
    assert_frame_equal(clip_roads(roads, areas, CRS), clip_roads(turned, areas[::-1], CRS))


def test_an_authority_without_roads_has_an_empty_table(make_roads, make_areas):
    network = clip_roads(make_roads([[(0, 0), (9, 0)]]), make_areas({"a": (50, 50, 90, 90)}), CRS)
    check_contract(TABLES["road_network"], network)
    assert network.is_empty()
