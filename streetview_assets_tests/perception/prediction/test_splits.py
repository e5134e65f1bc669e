"""The published split: the file's order, shuffled by one generator, stratified."""

import random

import numpy as np
import pytest

from streetview_assets.perception.prediction.splits import published_split


def test_the_first_share_of_the_order_rounded_down():
    train, test, counts = published_split(np.ones(13), 0.8)
    assert train.tolist() == list(range(10))
    assert test.tolist() == [10, 11, 12]
    assert counts == [(10, 3)]


def test_one_generator_runs_on_over_the_qualities():
    shuffler, known = random.Random(0), random.Random(0)
    for size in (20, 30):
        order = list(range(size))
        known.shuffle(order)
        train, test, _ = published_split(np.ones(size), 0.5, shuffler=shuffler)
        assert [*train, *test] == order
    again = published_split(np.ones(20), 0.5, shuffler=random.Random(0))[0]
    assert again.tolist() != list(range(10)), "seed 0 shuffles"


def test_stratified_by_the_whole_part_each_shuffled_by_itself():
    scores = np.array([5.0, 1.2, 4.9, 1.9, 3.0, 1.0, 4.0, 1.5, 3.3, 3.7, 1.1])
    train, test, counts = published_split(scores, 0.8, stratified=True)
    assert train.tolist() == [1, 3, 5, 7, 4, 8, 2]
    assert test.tolist() == [10, 9, 6, 0]
    assert counts == [(4, 1), (0, 0), (2, 1), (1, 1), (0, 1)]
    known = random.Random(7)
    bins = [[1, 3, 5, 7, 10], [], [4, 8, 9], [2, 6], [0]]
    for rows in bins:
        known.shuffle(rows)
    train, test, _ = published_split(scores, 0.8, shuffler=random.Random(7), stratified=True)
    assert train.tolist() == [*bins[0][:4], *bins[2][:2], *bins[3][:1]]
    assert test.tolist() == [*bins[0][4:], *bins[2][2:], *bins[3][1:], *bins[4]]


def test_scores_outside_1_to_5_are_kept():
    scores = np.array([0.5, 6.0, 2.0, 2.0, 6.5, 0.1])
    train, test, counts = published_split(scores, 0.5, stratified=True)
    assert sorted([*train, *test]) == list(range(6))
    assert counts == [(0, 0), (1, 1), (0, 0), (0, 0), (0, 0), (1, 1), (1, 1)]


@pytest.mark.parametrize(("count", "share"), [(0, 0.8), (1, 0.8), (10, 0.0), (10, 1.0)])
def test_a_side_that_would_be_empty_is_an_error(count, share):
    with pytest.raises(ValueError, match="leaves"):
        published_split(np.ones(count), share)
