from dataclasses import replace

import numpy as np
import optuna
import pytest

from streetview_assets.models.candidates.base import Size
from streetview_assets.models.candidates.baselines import baselines_for
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.splits import splits_of
from streetview_assets.models.validation import tuning
from streetview_assets.models.validation.fold_fits import fold_fits, inner_predictions
from streetview_assets.models.validation.tuning import (
    fitting_context,
    tune_baseline,
    tune_candidates,
)

NAMES = ("ridge", "kernel_ridge", "pls", "svr")


def tuned(data, candidates, trials=24):
    splits = splits_of(np.arange(len(data)) % 4 + 1)
    with fitting_context(len(data)):
        return tune_candidates(candidates, data, splits, trials=trials, seed=2)


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(columns=6)


def given_up(one):
    return [trial["trial"] for trial in one.trials if trial["pruned"]]


def test_giving_up_leaves_the_winner_and_saves_fits(data, monkeypatch):
    chosen = [CANDIDATES[name] for name in NAMES]
    pruned = tuned(data, chosen)
    assert sum(len(given_up(one)) for one in pruned) >= 4
    monkeypatch.setattr(tuning, "pruner_for", lambda candidate: optuna.pruners.NopPruner())
    patient = tuned(data, chosen)
    for one, other in zip(pruned, patient, strict=True):
        assert len(one.trials) == len(other.trials)
        assert given_up(other) == []
        assert one.params == other.params
        assert np.array_equal(one.inner_predicted, other.inner_predicted)
        lost = given_up(one)
        assert all(other.trials[number]["rmse"] > other.inner_rmse for number in lost)


def test_a_baseline_that_stops_early_takes_the_best_of_its_settings(data):
    splits = splits_of(np.arange(len(data)) % 4 + 1)
    baselines, _ = baselines_for(data)
    with fitting_context(len(data)):
        for baseline in (one for one in baselines if one.estimate is None):
            inputs = baseline.inputs(data)
            errors, folds = {}, fold_fits(baseline, inputs, data.observed, splits, 1)
            for place, params in enumerate(baseline.settings(Size(45, inputs.shape[1]))):
                guess = inner_predictions(folds, params)
                errors[place] = np.sqrt(np.mean((data.observed - guess) ** 2))
            best = min(errors, key=errors.get)
            one = tune_baseline(baseline, data, splits, 1)
            assert one.params == baseline.settings(Size(45, inputs.shape[1]))[best]
            assert one.inner_rmse == errors[best]


def test_the_winner_went_through_every_fold(data):
    for one in tuned(data, [replace(CANDIDATES["svr"], cost_s=9.0)]):
        assert given_up(one)
        finished = [trial["rmse"] for trial in one.trials if trial["rmse"] < np.inf]
        assert one.inner_rmse == min(finished)
        rmse = np.sqrt(np.mean((data.observed - one.inner_predicted) ** 2))
        assert one.inner_rmse == pytest.approx(rmse)


def test_a_costly_candidate_gives_up_sooner_and_the_same_trials_each_time(data):
    patient, costly, again = (
        tuned(data, [replace(CANDIDATES["kernel_ridge"], cost_s=cost_s)], 10)[0]
        for cost_s in (0.1, 9.0, 9.0)
    )
    assert set(given_up(costly)) >= set(given_up(patient))
    assert costly.trials == again.trials


def test_cheap_candidates_go_first_and_the_results_keep_the_order_asked_for(data):
    seen = []

    def watched(candidate):
        def inputs(data):
            seen.append(candidate.name)
            return candidate.inputs(data)

        return replace(candidate, inputs=inputs)

    names = ["random_forest", "svr", "ridge"]
    result = tuned(data, [watched(CANDIDATES[name]) for name in names], 3)
    assert [one.model.name for one in result] == names
    assert list(dict.fromkeys(seen)) == ["ridge", "svr", "random_forest"]
