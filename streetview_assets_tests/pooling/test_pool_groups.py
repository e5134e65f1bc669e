"""Groups of vectors, small and large, are pooled as numpy pools each of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streetview_assets.pooling.pool_groups import pool_groups

NUMPY = {"median": np.median, "mean": np.mean, "max": np.max, "min": np.min}
numbers = st.floats(-1, 1, width=32)


@pytest.mark.parametrize("statistic", list(NUMPY))
def test_each_group_is_pooled_as_numpy_does(statistic: str) -> None:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(200, 6)).astype(np.float32)
    groups = rng.choice(np.array(["E01", "E02", "E03", "W01"]), 200)
    keys, counts, pooled = pool_groups(vectors, groups, statistic)
    assert keys.tolist() == ["E01", "E02", "E03", "W01"]
    assert counts.sum() == 200
    assert pooled.dtype == np.float32
    for key, row in zip(keys, pooled, strict=True):
        own = vectors[groups == key].astype(np.float64)
        assert row == pytest.approx(NUMPY[statistic](own, axis=0), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    vectors=st.integers(1, 12).flatmap(lambda n: arrays(np.float32, (n, 3), elements=numbers)),
    seed=st.integers(0, 10_000),
    statistic=st.sampled_from(list(NUMPY)),
)
def test_the_order_of_rows_does_not_matter(vectors: np.ndarray, seed: int, statistic: str) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 4, len(vectors))
    order = rng.permutation(len(vectors))
    keys, counts, pooled = pool_groups(vectors, groups, statistic)
    again = pool_groups(vectors[order], groups[order], statistic)
    assert np.array_equal(again[0], keys)
    assert np.array_equal(again[1], counts)
    assert again[2] == pytest.approx(pooled, abs=1e-7)
    assert (pooled <= vectors.max(axis=0) + 1e-6).all()
    assert (pooled >= vectors.min(axis=0) - 1e-6).all()


@pytest.mark.parametrize("statistic", list(NUMPY))
def test_groups_of_every_size_are_pooled_as_numpy_does(statistic: str) -> None:
    rng = np.random.default_rng(3)
    sizes = [*range(1, 56), 130]
    groups = rng.permutation(np.repeat(rng.permutation(len(sizes)), sizes))
    vectors = rng.normal(size=(len(groups), 7)).round(1).astype(np.float32)
    before = vectors.copy()
    keys, counts, pooled = pool_groups(vectors, groups, statistic)
    assert keys.tolist() == list(range(len(sizes)))
    assert sorted(counts) == sizes
    for key, row in zip(keys, pooled, strict=True):
        own = vectors[groups == key].astype(np.float64)
        assert row == pytest.approx(NUMPY[statistic](own, axis=0), abs=1e-6)
    assert (vectors == before).all()


def test_nothing_gives_nothing() -> None:
    keys, counts, pooled = pool_groups(np.empty((0, 4), np.float32), np.empty(0, int), "median")
    assert (len(keys), len(counts), pooled.shape) == (0, 0, (0, 4))


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(ValueError, match="no such statistic: mode"):
        pool_groups(np.ones((2, 2)), np.array([1, 2]), "mode")
