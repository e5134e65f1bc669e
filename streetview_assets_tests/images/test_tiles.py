"""Search boxes: small enough to be asked for, and covering everything within the radius."""

import hypothesis.strategies as st
import polars as pl
from hypothesis import given
from pyproj import Geod

from streetview_assets.images.providers.search_boxes import Box, boxes_around, cells, is_near

EARTH = Geod(ellps="WGS84")


def places(*degrees: tuple[float, float]) -> pl.DataFrame:
    longitudes, latitudes = zip(*degrees, strict=True)
    return pl.DataFrame(
        {"point_id": list(map(str, degrees)), "longitude": longitudes, "latitude": latitudes}
    )


@given(
    st.lists(st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)), min_size=1, max_size=8),
    st.sampled_from([(-1.55, 53.8), (0.0, 0.0), (24.9, 69.0), (-70.0, -52.0)]),
    st.floats(5, 900),
    st.floats(0, 360),
    st.floats(0, 1),
)
def test_every_place_within_the_radius_lies_in_a_box(steps, centre, radius_m, azimuth, share):
    points = places(*((centre[0] + x, centre[1] + y) for x, y in steps))
    for cell in cells(points):
        boxes = list(boxes_around(cell, radius_m))
        for box in boxes:
            assert 0 < box.east - box.west < 0.01
            assert 0 < box.north - box.south < 0.01
        for longitude, latitude in cell.select("longitude", "latitude").iter_rows():
            x, y, _ = EARTH.fwd(longitude, latitude, azimuth, share * radius_m)
            assert any(box.west <= x <= box.east and box.south <= y <= box.north for box in boxes)


@given(st.floats(-0.003, 0.003), st.floats(-0.003, 0.003), st.floats(0, 360), st.floats(0, 1))
def test_a_quarter_is_asked_for_where_it_may_hold_something_near(x, y, azimuth, share):
    point = places((-1.55 + x, 53.8 + y))
    (whole,) = boxes_around(point, 50)
    longitude, latitude, _ = EARTH.fwd(-1.55 + x, 53.8 + y, azimuth, share * 50)
    quarters = [one for half in whole.quarters() for one in half.quarters()]
    holding = [one for one in quarters if one.west <= longitude <= one.east]
    holding = [one for one in holding if one.south <= latitude <= one.north]
    assert holding
    assert all(is_near(one, point, 50) for one in holding)
    assert not is_near(Box(-1.52, 53.8, -1.515, 53.805), point, 50)


def test_at_the_equator_degrees_of_latitude_are_shortest():
    (box,) = boxes_around(places((0.0, 0.0)), 29.0)
    assert box.north > EARTH.fwd(0.0, 0.0, 0.0, 29.0)[1]


def test_without_points_nothing_is_asked():
    assert cells(places((0.0, 0.0)).clear()) == []


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(50, 51)), min_size=1, unique=True))
def test_every_point_is_in_one_cell(degrees):
    found = [name for cell in cells(places(*degrees)) for name in cell["point_id"]]
    assert sorted(found) == sorted(map(str, degrees))


def test_a_box_is_split_in_four_until_it_is_a_metre_small():
    box, depth = Box(-1.0, 53.0, -0.995, 53.005), 0
    while quarters := box.quarters():
        assert (min(q.west for q in quarters), max(q.north for q in quarters)) == (
            box.west,
            box.north,
        )
        box, depth = quarters[0], depth + 1
    assert 5 < depth < 12
