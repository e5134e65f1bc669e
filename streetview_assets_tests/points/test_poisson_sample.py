"""INTEGRATE's sampling: a Poisson draw for each direction of a road, places by its formula."""

import numpy as np
import pytest
import shapely

from streetview_assets.points.poisson_sample import MOST_PER_ROAD, poisson_sample
from streetview_assets.points.sampling import sample_points
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.points.test_sampling import CRS, metres

LONG = [[(0, 100.0 * row), (4000, 100.0 * row)] for row in range(40)]


def test_places_lie_at_the_fractions_of_the_drawn_numbers_and_ten_are_the_most():
    lines = np.array([shapely.LineString([(0, 0), (length, 0)]) for length in (30_000, 3000, 90)])
    is_oneway = np.array([False, True, False])
    places, piece = poisson_sample(lines, is_oneway, 1.0, seed=5)
    drawn = np.random.default_rng(5).poisson([[30.0] * 2, [3.0] * 2, [0.09] * 2])
    assert (drawn[0] > MOST_PER_ROAD).all(), "the first road is cut"
    for road, length in enumerate((30_000, 3000, 90)):
        counts = np.minimum(drawn[road], 10)[: 1 if is_oneway[road] else 2]
        wanted = sorted(length * i / (n + 1) for n in counts for i in range(1, n + 1))
        assert places[piece == road, 0] == pytest.approx(wanted)


@pytest.mark.parametrize(("oneway", "directions"), [(False, 2), (True, 1)])
def test_streets_of_two_directions_are_sampled_twice(make_network, make_areas, oneway, directions):
    areas = make_areas({"a": (-100, -100, 5000, 5000)})
    rule = Points(rule="poisson", per_km=0.3)
    roads = make_network(LONG, oneway=oneway)
    placed = sample_points(roads, areas, rule, CRS, seed=7)
    check_contract(TABLES["sample_points"], placed)
    # Of 160 km, 48 in each direction, those of both at one spot once.
    assert placed.height == pytest.approx(48 * directions, abs=3 * np.sqrt(48 * directions))
    north = metres(placed)[:, 1]
    assert north == pytest.approx(north.round(-2), abs=0.2), "on the roads, 100 m apart"
    assert placed.equals(sample_points(roads.sample(fraction=1, shuffle=True), areas, rule, CRS, 7))
    assert not placed.equals(sample_points(roads, areas, rule, CRS, seed=8))
