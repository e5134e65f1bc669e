"""The quick way to pool gives what the slow one gives."""

import numpy as np
import pytest

from streetview_assets.pooling.pool import pool
from streetview_assets.pooling.quick_pool import quick_pool
from streetview_assets.tables import STATISTICS


@pytest.mark.parametrize("statistic", STATISTICS)
def test_groups_of_every_size_are_pooled_as_by_pool(statistic):
    rng = np.random.default_rng(3)
    sizes = [*range(1, 56), 130]
    groups = rng.permutation(np.repeat(rng.permutation(len(sizes)), sizes))
    vectors = rng.normal(size=(len(groups), 7)).round(1).astype(np.float32)
    before = vectors.copy()
    keys, counts, pooled = quick_pool(vectors, groups, statistic)
    expected = pool(vectors, groups, statistic)
    assert (keys == expected[0]).all()
    assert (counts == expected[1]).all()
    if statistic == "mean":  # Sums may round in another order.
        assert pooled == pytest.approx(expected[2], abs=1e-6)
    else:
        assert (pooled == expected[2]).all()
    assert pooled.dtype == np.float32
    assert (vectors == before).all()


def test_nothing_gives_nothing():
    keys, counts, pooled = quick_pool(np.empty((0, 4), np.float32), np.empty(0, int), "median")
    assert (len(keys), len(counts), pooled.shape) == (0, 0, (0, 4))
