import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from streetview_assets.models.candidates.stack import PENALTY, blend_weights, cross_blend


def predictions(seed, members, count=40):
    rng = np.random.default_rng(seed)
    observed = rng.normal(size=count)
    noise = rng.normal(size=(count, members)) * rng.uniform(0.2, 2, size=members)
    return observed[:, None] + noise + 0.5 * rng.normal(size=(count, 1)), observed


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_weights_are_the_constrained_minimum(seed, members):
    held_out, observed = predictions(seed, members)
    weights = blend_weights(held_out, observed)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    error = held_out - observed[:, None]
    unit = (error**2).mean(axis=0).min()

    def loss(w):
        return np.mean((error @ w) ** 2) / unit + PENALTY * (w @ w)

    found = minimize(
        loss, np.full(members, 1 / members), bounds=[(0, 1)] * members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert loss(weights) <= found.fun + 1e-6


def test_a_member_without_error_takes_all_and_the_units_do_not_matter():
    held_out, observed = predictions(1, 3)
    held_out[:, 1] = observed
    assert blend_weights(held_out, observed).tolist() == [0, 1, 0]
    held_out, observed = predictions(2, 3)
    other = blend_weights(held_out * 700 + 5, observed * 700 + 5)
    assert np.allclose(blend_weights(held_out, observed), other)


def test_an_area_s_value_does_not_enter_its_own_blend():
    held_out, observed = predictions(3, 4)
    fold = np.arange(len(observed)) % 4
    spoiled = np.where(fold == 2, 1e3, observed)
    folds = [fold == number for number in range(4)]
    before, after = cross_blend(held_out, observed, folds), cross_blend(held_out, spoiled, folds)
    assert np.array_equal(before[fold == 2], after[fold == 2])
    assert not np.allclose(before[fold != 2], after[fold != 2])
