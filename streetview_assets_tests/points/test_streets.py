import numpy as np
import shapely

from streetview_assets.points.network_distance import join_into_streets


def joined(lines, streets=None):
    shapes = np.array([shapely.LineString(line) for line in lines])
    chains = join_into_streets(shapes, streets or ["s"] * len(lines))
    return sorted(sorted(piece for piece, _ in chain) for chain in chains)


def test_pieces_join_whichever_way_they_are_drawn():
    lines = [[(0, 0), (10, 0)], [(20, 0), (10, 0)], [(20, 0), (30, 5)]]
    assert joined(lines) == [[0, 1, 2]]


def test_another_street_is_not_joined():
    lines = [[(0, 0), (10, 0)], [(10, 0), (20, 0)]]
    assert joined(lines, ["High Street", "Mill Lane"]) == [[0], [1]]


def test_at_a_junction_the_straight_way_goes_on():
    lines = [[(0, 0), (10, 0)], [(10, 0), (20, 1)], [(10, 0), (10, 10)]]
    assert joined(lines) == [[0, 1], [2]]


def test_a_ring_is_one_street():
    ring = [[(0, 0), (10, 0)], [(10, 0), (10, 10)], [(10, 10), (0, 10)], [(0, 10), (0, 0)]]
    assert joined(ring) == [[0, 1, 2, 3]]
    assert joined([[(0, 0), (10, 0), (10, 10), (0, 0)]]) == [[0]]


def test_the_chain_says_which_pieces_are_walked_backwards():
    lines = [[(0, 0), (10, 0)], [(20, 0), (10, 0)]]
    shapes = np.array([shapely.LineString(line) for line in lines])
    assert join_into_streets(shapes, ["s", "s"]) == [[(0, False), (1, True)]]
