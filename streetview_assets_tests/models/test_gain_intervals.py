"""The interval of a gain knows that each area is learned from in the other folds."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from streetview_assets.metrics import measure
from streetview_assets.models.candidates.place_process import PlaceProcess
from streetview_assets.models.evaluations.gains import paired_gain, slopes_of_gain
from streetview_assets.models.metrics.bootstrap import resample_weights
from streetview_assets.models.metrics.residual_field import ErrorField, FieldPosterior
from streetview_assets_tests.simulations.fields import centres, gaussian_field

COUNT, FOLDS, DRAWS, LEVEL = 225, 5, 40, 0.9
ABOUT_PLACE = {"ranges_m": (1e3, 2e3, 4e3, 8e3), "reach": ()}
OF_PLACE = (0.0, 0.45, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def place_m():
    return centres(COUNT, seed=3)


@pytest.fixture(scope="module")
def seen():
    return np.random.default_rng(1).normal(size=(COUNT, 12))


def out_of_fold(inputs, observed, variances, reach=()):
    """Predict by kriging of known variances; give predictions and influence, each (1, n)."""
    fold = np.arange(len(observed)) % FOLDS
    predicted, influence = np.zeros((2, 1, len(observed)))
    how = {**ABOUT_PLACE, "reach": reach, "variances": variances}
    for number in range(FOLDS):
        test, learned = fold == number, fold != number
        process = PlaceProcess(**how).fit(inputs[learned], observed[learned])
        predicted[0, test] = process.predict(inputs[test])
        errors = observed[test] - predicted[0, test]
        influence[0, learned] += process.influence(inputs[test], errors)
    return predicted, influence


def both_models(place_m, seen, observed):
    alone = out_of_fold(place_m, observed, (*OF_PLACE, 0.55))
    inputs = np.hstack([place_m, seen])
    with_images = out_of_fold(inputs, observed, (*OF_PLACE, 0.3, 0.0, 0.0, 0.25), (4.0,))
    return tuple(zip(with_images, alone, strict=True))


def test_slopes_are_the_derivatives_of_the_gain_through_what_was_learned_too(place_m, seen):
    # Of images alone, whose variances are nobody's estimate, predictions are linear in values.
    rng = np.random.default_rng(2)
    observed, along = rng.normal(size=(2, COUNT))
    inputs = np.hstack([place_m, seen])
    noises = (0.5, 5.0)

    def made(values):
        found = [
            out_of_fold(inputs, values, (0.0,) * 7 + (1.0, 0.0, 0.0, noise), (4.0,))
            for noise in noises
        ]
        return tuple(zip(*found, strict=True))

    def gain(values):
        (one, other), _ = made(values)
        return measure(values, one[0])["r2"] - measure(values, other[0])["r2"]

    found = (gain(observed + 1e-4 * along) - gain(observed - 1e-4 * along)) / 2e-4
    assert slopes_of_gain(observed, *made(observed)) @ along == pytest.approx(found, rel=1e-5)


def test_the_standard_error_is_that_of_errors_that_are_alike_where_areas_are_near(place_m):
    posterior = FieldPosterior(np.array([0, 2_000.0]), np.array([0, 0.7]), np.array([0.25, 0.75]))
    slopes = np.random.default_rng(4).normal(size=COUNT)
    covariance = 0.75 * 0.7 * np.exp(-3 * cdist(place_m, place_m) / 2_000)
    np.fill_diagonal(covariance, 1)
    expected = np.sqrt(1.7 * slopes @ covariance @ slopes)
    assert ErrorField(place_m, 1.7, posterior).standard_error(slopes) == pytest.approx(expected)


def test_an_interval_is_wide_enough_for_what_comes_out_when_errors_are_drawn_anew(place_m, seen):
    rng = np.random.default_rng(5)
    shown = seen[:, :3] @ [0.4, 0.3, 0.2]
    gains, known, held = [], [], []
    for number in range(DRAWS):
        field = 0.7 * gaussian_field(place_m, 2_000, rng)
        observed = field + shown + 0.5 * rng.normal(size=COUNT)
        (one, other), influences = both_models(place_m, seen, observed)
        drawn = resample_weights(place_m, observed - one[0], 200, number, told=one[0])
        gain = paired_gain(observed, one, other, drawn, LEVEL, influences)
        gains.append(gain.value)
        known.append(gain.upper - gain.lower)
        still = paired_gain(observed, one, other, drawn, LEVEL, (0 * one, 0 * one))
        held.append(still.upper - still.lower)
    scatter = 2 * 1.645 * np.std(gains, ddof=1)
    assert np.mean(known) > 0.9 * scatter
    assert np.mean(held) < 0.9 * scatter, "predictions that are taken as given tell too little"
    assert np.mean(known) < 1.6 * scatter
