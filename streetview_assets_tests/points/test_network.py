from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from streetview_assets.points.network_distance import far_stretches, lay_out, locate

coordinate = st.floats(-300, 300).map(lambda value: round(value, 2))
corner = st.tuples(coordinate, coordinate)
line = st.lists(corner, min_size=2, max_size=6, unique=True)


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(line, min_size=1, max_size=6),
    points=st.lists(corner, max_size=6),
    distance_m=st.floats(20, 300),
)
def test_far_length_is_that_outside_circles(lines, points, distance_m):
    shapes = np.array([shapely.LineString(one) for one in lines])
    network = lay_out(shapes, ["a street"] * len(shapes))
    far = far_stretches(network, np.array(points).reshape(-1, 2), distance_m)
    circles = shapely.union_all(
        [shapely.Point(point).buffer(distance_m, quad_segs=400) for point in points]
    )
    segments = [shapely.LineString(ends) for one in lines for ends in pairwise(one)]
    expected_m = sum(segment.difference(circles).length for segment in segments)
    assert (far[:, 1] - far[:, 0]).sum() == pytest.approx(expected_m, abs=0.5, rel=1e-3)
    if len(far):
        middles, _ = locate(network, far.mean(axis=1))
        for middle in middles:
            assert all(np.hypot(*(middle - point)) >= distance_m - 1e-4 for point in points)


def test_a_far_stretch_ends_where_its_street_ends():
    lines = np.array([shapely.LineString(xy) for xy in ([(0, 0), (50, 0)], [(0, 9), (70, 9)])])
    network = lay_out(lines, ["one", "other"])
    far = far_stretches(network, np.empty((0, 2)), 10)
    np.testing.assert_allclose(far[:, 1] - far[:, 0], [50, 70])


def test_without_roads_nothing_is_far():
    network = lay_out(np.array([], dtype=object), [])
    assert far_stretches(network, np.zeros((1, 2)), 10).shape == (0, 2)
