import time

import numpy as np
import optuna
import pytest
from sklearn.base import clone

from streetview_assets.models import candidates
from streetview_assets.models.candidates import CANDIDATES, Size, candidates_for
from streetview_assets.models.tuning import calm_computing
from streetview_assets.study import Models


def test_every_candidate_that_a_study_can_name_is_there():
    assert set(Models().candidates) == set(CANDIDATES)


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_scalers_and_components_are_fitted_inside_the_pipeline(name):
    rng = np.random.default_rng(0)
    vectors, values = rng.normal(size=(40, 12)), rng.normal(size=40)
    candidate = CANDIDATES[name]
    params = _first_params(candidate, Size(30, 12))
    with calm_computing(40):
        pipeline = candidate.build(params, 0).fit(vectors[:30], values[:30])
        again = clone(pipeline).fit(vectors[:30], values[:30])
        assert np.allclose(pipeline.named_steps["scale"].mean_, vectors[:30].mean(axis=0))
        assert np.array_equal(again.predict(vectors[30:]), pipeline.predict(vectors[30:]))


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_a_change_of_units_changes_the_predictions_by_the_same(name):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 8))
    values = vectors[:, 0] + 0.1 * rng.normal(size=60)
    candidate = CANDIDATES[name]
    params = _first_params(candidate, Size(60, 8))
    with calm_computing(60):
        plain = candidate.build(params, 0).fit(vectors, values).predict(vectors)
        other = vectors * 7 + 3
        scaled = candidate.build(params, 0).fit(other, values * 1000 + 5e4).predict(other)
    assert np.allclose(plain.ravel() * 1000 + 5e4, scaled.ravel(), rtol=1e-4)


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_a_fit_to_ninety_areas_is_quick_and_one_to_four_is_possible(name):
    rng = np.random.default_rng(0)
    candidate = CANDIDATES[name]
    params = _first_params(candidate, Size(90, 500))
    vectors, values = rng.normal(size=(90, 500)), rng.normal(size=90)
    with calm_computing(90):
        candidate.build(params, 0).fit(vectors, values)
        started = time.process_time()
        candidate.build(params, 0).fit(vectors, values)
        assert time.process_time() - started < 0.3
        tiny = _first_params(candidate, Size(4, 500))
        fitted = candidate.build(tiny, 0).fit(vectors[:4], values[:4])
        assert np.isfinite(fitted.predict(vectors)).all()


def test_a_candidate_is_left_out_beyond_the_areas_it_can_take():
    names = ("ridge", "kernel_ridge")
    picked, left_out = candidates_for(names, 33_755)
    assert [candidate.name for candidate in picked] == ["ridge"]
    assert left_out == {"kernel_ridge": "left out: 33,755 areas, it takes at most 10,000"}
    assert candidates_for(names, candidates.MOST_AREAS_OF_A_KERNEL)[1] == {}


def _first_params(candidate, size):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(candidate.default(size))
    return candidate.suggest(study.ask(), size)
