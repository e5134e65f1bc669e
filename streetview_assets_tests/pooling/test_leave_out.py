"""What is pooled less what a vector adds: the closed forms are what counting it out gives."""

from itertools import combinations

import numpy as np
import pytest

from streetview_assets.pooling.leave_out import (
    MOST_SIZES,
    dispersion_without_each,
    pooled,
    pooled_less_each,
)
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
def test_a_mean_less_each_is_what_pooling_the_others_gives(count):
    vectors = vectors_of(count, seed=count)
    found = pooled_less_each(vectors, "mean")
    anew = [pooled(np.delete(vectors, one, axis=0), "mean") for one in range(count)]
    assert np.abs(found - np.stack(anew)).max() < 1e-9


@pytest.mark.parametrize("count", [2, 3, 6, 7])
@pytest.mark.parametrize("statistic", [one for one in STATISTICS if one != "mean"])
def test_what_each_adds_is_its_mean_over_all_groups_of_the_others(statistic, count):
    vectors = vectors_of(count, seed=count)

    def of(group):
        """Pool a group; of none, expect any one of them."""
        return pooled(vectors[list(group)] if group else vectors, statistic if group else "mean")

    def adds(one, size):
        groups = combinations([other for other in range(count) if other != one], size)
        return np.mean([of((*group, one)) - of(group) for group in groups], axis=0)

    counted = [np.mean([adds(one, size) for size in range(count)], axis=0) for one in range(count)]
    found = pooled(vectors, statistic) - pooled_less_each(vectors, statistic)
    assert np.abs(found - np.stack(counted)).max() < 1e-9


def test_of_a_median_it_counts_how_far_off_a_vector_lies():
    vectors = np.append(np.linspace(-1, 1, 200), [2.0, 20.0])[:, None]
    assert len(vectors) > MOST_SIZES
    added = np.median(vectors) - pooled_less_each(vectors, "median")[:, 0]
    assert added[-1] > 3 * added[-2] > 0
    assert (np.diff(added) > 0).all()


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
        pooled_less_each(np.ones((1, 3)), "mean")
    with pytest.raises(ValueError, match="no such statistic: mode"):
        pooled(np.ones((2, 3)), "mode")
