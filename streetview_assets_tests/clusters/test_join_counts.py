"""Join counts against counts by hand, and on patterns that are compact or shuffled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetview_assets.clusters.profile.join_counts import join_counts, nearest_joins


def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Give places on a grid, its rows a little farther apart than its columns."""
    north, east = np.divmod(np.arange(side * side), side)
    return 1.0 + 0.001 * east, 0.0011 * north


def test_joins_within_clusters_are_those_counted_by_hand():
    # A line of six: 1 1 1 2 2 1, each joined to the next.
    joins = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]])
    tested = join_counts(np.array([1, 1, 1, 2, 2, 1]), joins, k=3, seed=1, permutations=199)
    assert tested.counts.tolist() == [2, 1, 0, 3]
    # 5 joins, 4 * 3 and 2 * 1 of the 6 * 5 ordered pairs.
    assert tested.expected == pytest.approx([2, 1 / 3, 0, 7 / 3])


def test_the_p_value_is_near_that_of_all_ways_to_deal():
    joins = np.array([[0, 1], [1, 2], [2, 3]])
    # Of the 6 ways to place two 1s on a line of four, 3 put them side by side.
    tested = join_counts(np.array([1, 1, 2, 2]), joins, k=2, seed=1, permutations=3999)
    assert tested.p_values[:2] == pytest.approx([0.5, 0.5], abs=0.03)


def test_a_compact_pattern_is_told_from_a_shuffled_one():
    joins = nearest_joins(*grid(14))
    halves = np.repeat([1, 2], 98)
    compact = join_counts(halves, joins, k=2, seed=3, permutations=199)
    assert compact.p_values.tolist() == [1 / 200] * 3
    deals = np.random.default_rng(4)
    shuffled = [
        join_counts(deals.permutation(halves), joins, k=2, seed=3, permutations=99).p_values[2]
        for _ in range(40)
    ]
    assert 0.35 < np.mean(shuffled) < 0.65
    assert sum(p <= 0.1 for p in shuffled) <= 10


def test_neighbours_are_the_nearest_on_the_ground_wherever_points_lie():
    # At 60 degrees north a degree of longitude is half as long as one of latitude.
    joins = nearest_joins(np.array([0.0, 1.0, 0.0]), np.array([60.0, 60.0, 60.7]), count=1)
    assert joins.tolist() == [[0, 1], [0, 2]]
    across = nearest_joins(np.array([179.9, -179.9, 170.0]), np.zeros(3), count=1)
    assert across.tolist() == [[0, 1], [0, 2]]


@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.integers(0, 5), min_size=0, max_size=30), count=st.integers(1, 8))
def test_every_point_is_joined_to_others_and_never_to_itself(places: list[int], count: int):
    joins = nearest_joins(0.001 * np.array(places, dtype=float), np.zeros(len(places)), count)
    assert (joins[:, 0] < joins[:, 1]).all()
    assert len(np.unique(joins, axis=0)) == len(joins)
    degree = np.bincount(joins.reshape(-1), minlength=len(places))
    if len(places) > 1:
        assert degree.min() >= min(count, len(places) - 1)
    else:
        assert not len(joins)
