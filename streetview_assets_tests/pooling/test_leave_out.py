"""What is pooled without a vector: the closed form is what pooling the others anew gives."""

import numpy as np
import pytest

from streetview_assets.pooling.leave_out import dispersion_without_each, pooled, pooled_without_each
from streetview_assets.pooling.pool import dispersion, pool_by
from streetview_assets.tables.contract import STATISTICS
from streetview_assets_tests.simulations.planted_images import frame_of


def vectors_of(count, *, seed):
    """Vectors, some of whose values are the same."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 7)).astype(np.float32)
    vectors[:, 3] = rng.integers(0, 3, size=count)
    return vectors


@pytest.mark.parametrize("count", [2, 3, 4, 9, 40])
@pytest.mark.parametrize("statistic", STATISTICS)
def test_without_each_is_what_pooling_the_others_gives(statistic, count):
    vectors = vectors_of(count, seed=count)
    found = pooled_without_each(vectors, statistic)
    anew = [pooled(np.delete(vectors, one, axis=0), statistic) for one in range(count)]
    assert np.abs(found - np.stack(anew)).max() < 1e-9


@pytest.mark.parametrize("statistic", STATISTICS)
def test_pooling_is_that_of_the_stage(statistic):
    vectors = vectors_of(6, seed=1)
    of_stage = pool_by(frame_of(vectors), ["area_code"]).filter(statistic=statistic)
    assert pooled(vectors, statistic) == pytest.approx(of_stage["embedding"][0].to_list(), abs=1e-6)


def test_dispersion_without_each_is_that_of_the_others():
    vectors = vectors_of(8, seed=2)
    anew = [dispersion(np.delete(vectors, one, axis=0)) for one in range(8)]
    assert np.abs(dispersion_without_each(vectors) - anew).max() < 1e-9


def test_of_one_vector_nothing_is_left():
    with pytest.raises(ValueError, match="nothing is left"):
        pooled_without_each(np.ones((1, 3)), "mean")
    with pytest.raises(ValueError, match="no such statistic: mode"):
        pooled(np.ones((2, 3)), "mode")
