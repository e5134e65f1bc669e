import time
from typing import get_args

import numpy as np
import pytest
from sklearn.base import clone

from streetview_assets.models.candidates import base as candidates
from streetview_assets.models.candidates.base import Size
from streetview_assets.models.candidates.registry import CANDIDATES, candidates_for
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models


def test_every_candidate_that_a_study_can_name_is_there():
    one_of, _ = get_args(Models.model_fields["candidates"].annotation)
    assert set(get_args(one_of)) == set(CANDIDATES)


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_scalers_and_components_are_fitted_inside_the_pipeline(name, first_params):
    rng = np.random.default_rng(0)
    vectors, values = rng.normal(size=(40, 12)), rng.normal(size=40)
    candidate = CANDIDATES[name]
    params = first_params(candidate, Size(30, 12))
    with fitting_context(40):
        pipeline = candidate.build(params, 0).fit(vectors[:30], values[:30])
        again = clone(pipeline).fit(vectors[:30], values[:30])
        own = pipeline if name != "stack" else pipeline.named_steps["model"].estimators_[0]
        assert np.allclose(own.named_steps["scale"].mean_, vectors[:30].mean(axis=0))
        assert np.array_equal(again.predict(vectors[30:]), pipeline.predict(vectors[30:]))


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_a_change_of_units_changes_the_predictions_by_the_same(name, first_params):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 8))
    values = vectors[:, 0] + 0.1 * rng.normal(size=60)
    candidate = CANDIDATES[name]
    params = first_params(candidate, Size(60, 8))
    with fitting_context(60):
        plain = candidate.build(params, 0).fit(vectors, values).predict(vectors)
        other = vectors * 7 + 3
        scaled = candidate.build(params, 0).fit(other, values * 1000 + 5e4).predict(other)
    assert np.allclose(plain.ravel() * 1000 + 5e4, scaled.ravel(), rtol=1e-4)


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_a_fit_to_ninety_areas_is_quick_and_one_to_four_is_possible(name, first_params):
    rng = np.random.default_rng(0)
    candidate = CANDIDATES[name]
    params = first_params(candidate, Size(90, 500))
    vectors, values = rng.normal(size=(90, 500)), rng.normal(size=90)
    with fitting_context(90):
        candidate.build(params, 0).fit(vectors, values)
        started = time.process_time()
        candidate.build(params, 0).fit(vectors, values)
        most_s = 0.3 if candidate.cost_s < 1 else 2.0
        assert time.process_time() - started < most_s
        tiny = first_params(candidate, Size(4, 500))
        fitted = candidate.build(tiny, 0).fit(vectors[:4], values[:4])
        assert np.isfinite(fitted.predict(vectors)).all()


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_a_target_that_never_varies_is_predicted_as_it_is(name, first_params):
    candidate = CANDIDATES[name]
    vectors = np.random.default_rng(0).normal(size=(12, 5))
    with fitting_context(12):
        pipeline = candidate.build(first_params(candidate, Size(12, 5)), 0)
        guess = pipeline.fit(vectors, np.full(12, 250.0)).predict(vectors)
    assert np.allclose(guess, 250.0, rtol=1e-5)


def test_a_candidate_is_left_out_beyond_the_areas_it_can_take():
    names = ("ridge", "kernel_ridge")
    picked, left_out = candidates_for(names, 33_755)
    assert [candidate.name for candidate in picked] == ["ridge"]
    assert left_out == {"kernel_ridge": "left out: 33,755 areas, it takes at most 10,000"}
    assert candidates_for(names, candidates.MOST_AREAS_OF_A_KERNEL)[1] == {}


def test_a_stack_needs_another_candidate_beside_it():
    assert candidates_for(("stack",), 90) == (
        [],
        {"stack": "left out: no other candidate to stack"},
    )
    picked, left_out = candidates_for(("stack", "kernel_ridge"), 33_755)
    assert picked == []
    assert set(left_out) == {"stack", "kernel_ridge"}


@pytest.mark.parametrize("name", sorted(set(CANDIDATES) - {"ridge", "pls", "stack"}))
def test_every_candidate_whose_cost_grows_fast_states_the_areas_it_can_take(name):
    limit = CANDIDATES[name].most_areas
    picked, left_out = candidates_for((name,), limit + 1)
    if limit < candidates.NO_LIMIT:
        assert picked == []
        assert left_out[name].endswith(f"it takes at most {limit:,}")
    else:
        assert name == "gradient_boosting"
