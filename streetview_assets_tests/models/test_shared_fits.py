"""What fits of a fold share is computed once, and changes nothing of what is chosen."""

from dataclasses import replace

import numpy as np
import optuna
import pytest

from streetview_assets.models.candidates.base import Size, fits_of, predicted
from streetview_assets.models.candidates.place_process import Triangles, _deviance
from streetview_assets.models.candidates.preprocessing import Preparation, prepared
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.splits import splits_of
from streetview_assets.models.validation.tuning import fitting_context, tune_candidates

SHARING = [one for one in CANDIDATES.values() if one.shared]
RNG = np.random.default_rng(2)
WIDE = RNG.normal(size=(70, 3)) @ RNG.normal(size=(3, 90)) + RNG.normal(size=(70, 90))
WIDE[:, 4] = 0.1  # A column that does not vary.
VALUES = 16_000 + 6_000 * (WIDE[:, 0] - WIDE[:, 1] ** 2 / 4)


def drawn(candidate, size, count=8):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    return [candidate.suggest(study.ask(), size) for _ in range(count)]


@pytest.mark.parametrize("candidate", SHARING, ids=lambda one: one.name)
@pytest.mark.parametrize("width", [8, 90])
def test_fits_that_share_predict_what_the_pipeline_predicts(candidate, width):
    learned, tested = WIDE[:50, :width], WIDE[50:, :width]
    with fitting_context(50):
        predict = fits_of(candidate, learned, VALUES[:50], tested, 7)
        for params in drawn(candidate, Size(50, width)):
            plain = candidate.build(params, 7).fit(learned, VALUES[:50])
            np.testing.assert_allclose(predict(params), predicted(plain, tested), rtol=1e-9)


@pytest.mark.parametrize("candidate", SHARING, ids=lambda one: one.name)
def test_so_they_do_behind_the_steps_that_features_need(candidate):
    features = WIDE[:, :20].copy()
    features[::7, 2] = np.nan
    flat = np.full_like(features, 3.0)
    (steps,) = prepared([candidate], Preparation(None, True, 6, may_not_vary=True))
    params = drawn(steps, Size(50, 20), 1)[0]
    with fitting_context(50):
        for inputs in (features, flat):
            plain = steps.build(params, 7).fit(inputs[:50], VALUES[:50])
            made = fits_of(steps, inputs[:50], VALUES[:50], inputs[50:], 7)(params)
            np.testing.assert_allclose(made, predicted(plain, inputs[50:]), rtol=1e-9)


def test_a_search_makes_the_same_choices_and_prepares_each_fold_once(areas_of):
    data, calls = areas_of(columns=6), []

    def counted(candidate):
        def shared(*args):
            calls.append(candidate.name)
            return candidate.shared(*args)

        return replace(candidate, shared=shared)

    splits = splits_of(np.arange(len(data)) % 4 + 1)
    with fitting_context(len(data)):
        shared, plain = (
            tune_candidates(asked, data, splits, trials=20, seed=2)
            for asked in (
                [counted(one) for one in SHARING],
                [replace(one, shared=None) for one in SHARING],
            )
        )
    assert sorted(calls) == sorted(4 * [one.name for one in SHARING])
    for one, other in zip(shared, plain, strict=True):
        assert one.params == other.params
        assert [trial["pruned"] for trial in one.trials] == [
            trial["pruned"] for trial in other.trials
        ]
        np.testing.assert_allclose(one.inner_predicted, other.inner_predicted, rtol=1e-6)


def test_the_restricted_likelihood_by_triangles_is_that_of_the_textbook():
    count, rng = 23, np.random.default_rng(5)
    roots = rng.normal(size=(3, count, count))
    parts = roots @ roots.transpose(0, 2, 1) / count
    observed, logs = rng.normal(size=count), np.log([0.3, 0.02, 1.1, 0.4])

    def plain(logs):
        *variances, noise = np.exp(logs)
        covariance = np.tensordot(variances, parts, 1) + noise * np.eye(count)
        inverse, ones = np.linalg.inv(covariance), np.ones(count)
        total = ones @ inverse @ ones
        rest = observed - (ones @ inverse @ observed) / total
        return np.linalg.slogdet(covariance)[1] + np.log(total) + rest @ inverse @ rest

    packed = Triangles.of([lambda part=part: part for part in parts], count)
    deviance, slopes = _deviance(logs, packed, observed)
    assert deviance == pytest.approx(plain(logs), rel=1e-10)
    steps = 1e-5 * np.eye(4)
    rises = [(plain(logs + step) - plain(logs - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(slopes, rises, rtol=1e-5, atol=1e-7)
