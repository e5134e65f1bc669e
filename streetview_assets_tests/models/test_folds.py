import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetview_assets.models.data.splits import (
    TooFewGroupsError,
    authority_folds,
    block_folds,
    blocks_of,
    group_folds,
    held_out_together,
    outer_folds,
    random_folds,
    seed_of,
)
from streetview_assets.models.validation.inner_folds import inner_splits


@given(st.integers(2, 80), st.integers(2, 8), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_random_folds_have_equal_sizes_and_do_not_depend_on_the_order_of_rows(n, folds, seed):
    codes = [f"A{number:03}" for number in range(n)]
    fold = random_folds(codes, folds, seed)
    sizes = np.bincount(fold, minlength=folds + 1)[1:]
    assert sizes.max() - sizes.min() <= 1
    order = np.random.default_rng(1).permutation(n)
    assert (random_folds([codes[row] for row in order], folds, seed) == fold[order]).all()


def test_another_seed_gives_another_split():
    codes = [f"A{number}" for number in range(50)]
    assert (random_folds(codes, 5, 1) != random_folds(codes, 5, 2)).any()
    assert seed_of(1, "a") != seed_of(1, "b") != seed_of(2, "b")
    assert seed_of(-3, "a") == seed_of(-3, "a")


def test_neighbours_in_one_block_are_held_out_together(areas_of):
    data = areas_of()
    fold = block_folds(data.place_m, 5, 2, seed=3)
    square = (data.place_m // 2_000).astype(int)
    for corner in np.unique(square, axis=0):
        inside = (square == corner).all(axis=1)
        assert len(set(fold[inside])) == 1
    assert set(fold) == {1, 2, 3, 4, 5}


def test_blocks_of_an_area_do_not_depend_on_the_other_areas(areas_of):
    data = areas_of()
    order = np.random.default_rng(1).permutation(len(data))
    fold = block_folds(data.place_m, 4, 2, seed=3)
    assert (block_folds(data.place_m[order], 4, 2, seed=3) == fold[order]).all()
    some = data.take(np.arange(len(data)) % 3 == 0)
    together = blocks_of(some.place_m, 2)[:, None] == blocks_of(some.place_m, 2)
    all_together = (blocks_of(data.place_m, 2)[:, None] == blocks_of(data.place_m, 2))[::3, ::3]
    assert (together == all_together).all()


@given(st.lists(st.integers(0, 30), min_size=2, max_size=200), st.integers(2, 10))
@settings(max_examples=60, deadline=None)
def test_groups_stay_whole_and_folds_are_balanced(groups, folds):
    groups = np.array(groups)
    if len(set(groups)) < 2:
        with pytest.raises(TooFewGroupsError):
            group_folds(groups, folds, 0)
        return
    fold = group_folds(groups, folds, 0)
    for group in set(groups):
        assert len(set(fold[groups == group])) == 1
    sizes = np.bincount(fold)[1:]
    assert sizes.min() > 0
    assert sizes.max() - sizes.min() <= np.bincount(groups).max()


def test_areas_of_one_block_cannot_be_held_out_by_blocks():
    place_m = np.array([[10.0, 10.0], [900.0, 1_500.0]])
    with pytest.raises(TooFewGroupsError, match="lie in 1 block of 2 km, at least 2 needed"):
        block_folds(place_m, 5, 2, 0)


def test_a_block_that_holds_nearly_all_areas_leaves_too_little_to_learn_from(areas_of):
    data = areas_of(columns=3, rows=4, side_m=100)
    far = data.place_m.copy()
    far[:3] += 50_000
    data = type(data)(**{**data.__dict__, "place_m": far})
    with pytest.raises(TooFewGroupsError, match="leaves 3 to learn from"):
        outer_folds(data, "blocks", 5, 2, 0)


def test_each_authority_is_a_fold_up_to_twenty_and_a_group_of_twenty_above():
    few = [f"E{number % 7}" for number in range(70)]
    assert len(set(authority_folds(few, 0))) == 7
    many = [f"E{number:03}" for number in range(60)] * 3
    fold = authority_folds(many, 0)
    assert set(fold) == set(range(1, 21))
    assert (fold[:60] == fold[60:120]).all()


def test_authorities_held_out_together_form_twenty_groups_that_cover_all():
    codes = [f"E{number:03}" for number in range(50)]
    groups = {frozenset(held_out_together(codes, code, 42)) for code in codes}
    assert len(groups) == 20
    assert sorted(code for group in groups for code in group) == codes
    assert held_out_together(codes[:20], "E003", 42) == {"E003"}


def numbers(splits):
    return sum(place * split.held_out for place, split in enumerate(splits, 1))


def test_inner_folds_hold_out_in_the_way_of_the_outer(areas_of, quick):
    data = areas_of()
    settings = quick(folds=5, block_km=2, buffer_km=0)
    assert len(inner_splits(data, "authorities", settings, 0)) == 3
    fold = numbers(inner_splits(data, "blocks", settings, 0))
    block = blocks_of(data.place_m, 2)
    assert all(len(set(fold[block == number])) == 1 for number in set(block))


def test_a_training_part_in_one_block_is_split_into_smaller_blocks(areas_of, quick):
    data = areas_of(columns=4, rows=4, side_m=200)
    splits = inner_splits(data, "blocks", quick(folds=4, block_km=50, buffer_km=0), 0)
    fold = numbers(splits)
    assert len(splits) > 1
    assert min(split.learning.sum() for split in splits) >= len(data) / 3
    halved = [50 / 2**times for times in range(12)]
    assert any(
        all(
            len(set(fold[blocks_of(data.place_m, side) == number])) == 1
            for number in set(blocks_of(data.place_m, side))
        )
        and blocks_of(data.place_m, side).max() > 0
        for side in halved
    )


def test_areas_in_one_place_fall_to_chance(areas_of, quick):
    data = areas_of(columns=2, rows=5)
    data = type(data)(**{**data.__dict__, "place_m": np.zeros((10, 2))})
    assert len(inner_splits(data, "blocks", quick(folds=5, block_km=2, buffer_km=1), 0)) == 5


def test_tuning_keeps_the_buffer_too_as_far_as_a_third_is_left(areas_of, quick):
    data = areas_of()
    for buffer_km, least_m in ((1.0, 1_000), (6.0, 700)):
        splits = inner_splits(data, "blocks", quick(folds=5, block_km=2, buffer_km=buffer_km), 0)
        assert sum(split.held_out for split in splits).tolist() == [1] * len(data)
        for split in splits:
            apart = data.place_m[split.learning][:, None] - data.place_m[split.held_out]
            assert np.linalg.norm(apart, axis=2).min() > least_m
            assert split.learning.sum() >= len(data) / 3
