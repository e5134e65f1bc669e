"""What each candidate learns, and that it is the library's own model."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from xgboost import XGBRegressor

from streetview_assets.models.candidates.published_recipe import GRID, PUBLISHED
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.splits import seed_of, splits_of
from streetview_assets.models.evaluations.final_fit import Choice, fit_final
from streetview_assets.models.validation.competitors import Competitors, competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.tuned_models import TUNED, tune_all
from streetview_assets.models.validation.tuning import fitting_context, tune_candidates

LEARNERS = ("svr", "gaussian_process", "nearest_neighbours", "random_forest", "xgboost")
RNG = np.random.default_rng(4)
VECTORS, HELD_OUT = RNG.normal(size=(70, 12)), RNG.normal(size=(20, 12))
VALUES = 900 + 200 * (VECTORS[:, 0] - VECTORS[:, 1] ** 2)


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(columns=7, noise=0.3)


@pytest.fixture(scope="module")
def small_recipe():
    grid = tuple(
        {"n_estimators": trees, "max_depth": 3, "learning_rate": rate, "subsample": 0.8}
        for rate in (0.1, 0.3)
        for trees in (10, 20)
    )
    return replace(PUBLISHED, grid=grid)


@pytest.fixture(scope="module")
def split(data, quick, small_recipe):
    return validate(data, quick, small_recipe)


def validate(data, quick, small_recipe):
    settings = quick(candidates=(*LEARNERS, "ridge", "stack"), trials=7)
    competing = competitors_for(data, settings)
    competing = Competitors([*competing.candidates, small_recipe], [], {})
    return cross_validate(competing, data, settings, "random", 1)


def r2(observed, guess):
    return 1 - np.sum((observed - guess) ** 2) / np.sum((observed - observed.mean()) ** 2)


@pytest.mark.parametrize("name", [*LEARNERS, "published", "stack"])
def test_each_learns_a_planted_signal_inside_nested_folds(data, split, name):
    assert r2(data.observed, split.predicted[name]) > 0.25


def test_the_stack_is_no_worse_than_most_of_its_members(data, split):
    score = {name: r2(data.observed, guess) for name, guess in split.predicted.items()}
    members = [score[name] for name in (*LEARNERS, "ridge", "published")]
    assert score["stack"] > np.median(members)


def test_all_is_the_same_a_second_time_and_never_saw_the_test_fold(
    data, quick, small_recipe, split
):
    hidden = split.fold == 2
    garbage = np.where(hidden, -1e4 * data.observed, data.observed)
    again = validate(replace(data, observed=garbage), quick, small_recipe)
    for name in (TUNED, *LEARNERS, "published", "stack"):
        assert np.array_equal(again.predicted[name][hidden], split.predicted[name][hidden]), name


@pytest.mark.parametrize(
    ("name", "params", "direct", "scaled"),
    [
        ("svr", {"cost": 2.0, "epsilon": 0.05, "gamma": 0.02},
         SVR(C=2.0, epsilon=0.05, gamma=0.02), True),
        ("gaussian_process", {"reach": 4.0, "noise": 0.2, "smoothness": 1.5},
         GaussianProcessRegressor(Matern(4.0, nu=1.5), alpha=0.2, optimizer=None), True),
        ("nearest_neighbours", {"neighbours": 5, "metric": "cosine"},
         KNeighborsRegressor(5, weights="distance", metric="cosine"), False),
        ("random_forest", {"max_features": 0.5, "min_samples_leaf": 2},
         RandomForestRegressor(100, max_features=0.5, min_samples_leaf=2, random_state=7), False),
        ("xgboost", {"max_depth": 3, "learning_rate": 0.1, "subsample": 0.8},
         XGBRegressor(n_estimators=100, max_depth=3, learning_rate=0.1, subsample=0.8,
                      random_state=7, n_jobs=1), False),
    ],
)  # fmt: skip
def test_each_is_the_model_of_its_library(name, params, direct, scaled):
    ours = CANDIDATES[name].build(params, 7).fit(VECTORS, VALUES).predict(HELD_OUT)
    scale = StandardScaler().fit(VECTORS)
    mean, sd = (VALUES.mean(), VALUES.std()) if scaled else (0.0, 1.0)
    direct.fit(scale.transform(VECTORS), (VALUES - mean) / sd)
    theirs = direct.predict(scale.transform(HELD_OUT)) * sd + mean
    assert np.allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_the_grid_of_the_published_recipe_has_36_settings():
    assert len(GRID) == 36
    assert len({tuple(sorted(params.items())) for params in GRID}) == 36
    assert {params["max_depth"] for params in GRID} == {3, 6, 10}


def test_the_published_recipe_is_a_grid_search_called_directly(data, quick, small_recipe):
    rows = np.arange(len(data))
    train_rows, test_rows = train_test_split(rows, test_size=0.2, random_state=42)
    train, test = data.take(train_rows), data.take(np.sort(test_rows))
    splits = splits_of(np.arange(len(train)) % 3 + 1)
    with fitting_context(len(train)):
        (tuned,) = tune_candidates([small_recipe], train, splits, trials=1, seed=5)
    alone = Competitors([small_recipe], [], {})
    settings = quick(candidates=("published",), holdout=0.2)
    held_out = cross_validate(alone, data, settings, "holdout", 42)
    assert held_out.areas.area_codes == test.area_codes
    ours = held_out.predicted["published"]
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("model", XGBRegressor(random_state=42, n_jobs=1))]
    )
    grid = {
        "model__learning_rate": [0.1, 0.3],
        "model__max_depth": [3],
        "model__n_estimators": [10, 20],
        "model__subsample": [0.8],
    }
    inner = KFold(5, shuffle=True, random_state=42)
    search = GridSearchCV(pipeline, grid, scoring="r2", cv=inner)
    search.fit(train.vectors, train.observed)
    assert {f"model__{key}": value for key, value in tuned.params.items()} == search.best_params_
    assert np.allclose(ours, search.predict(test.vectors), rtol=1e-6, atol=1e-6)
    own = search.cv_results_["mean_test_score"]
    assert np.allclose(sorted(trial["own_r2"] for trial in tuned.trials), sorted(own), rtol=1e-6)
    assert [t["rmse"] for t in tuned.trials if t["rmse"] < np.inf] == [tuned.inner_rmse]
    assert not tuned.truncated


def test_a_recipe_out_of_time_has_tried_its_cheapest_setting(data, small_recipe):
    splits = splits_of(np.arange(len(data)) % 3 + 1)
    (tuned,) = tune_candidates([small_recipe], data, splits, trials=1, seed=5, timeout_s=1e-6)
    assert tuned.truncated
    assert [trial["n_estimators"] for trial in tuned.trials] == [10]


def test_a_stack_is_the_weighted_mean_of_its_members_fitted_alone(data, quick):
    splits = splits_of(np.arange(len(data)) % 3 + 1)
    chosen = [CANDIDATES[name] for name in ("stack", "ridge", "pls")]
    with fitting_context(len(data)):
        stack, *members = tune_candidates(chosen, data, splits, trials=4, seed=5)
        guess = stack.predict(stack.fit(data, 5), data)
        alone = {m.model.name: m.predict(m.fit(data, 5), data) for m in members}
    weights = stack.params["weights"]
    assert sum(weights.values()) == pytest.approx(1)
    assert np.allclose(guess, sum(weight * alone[name] for name, weight in weights.items()))
    assert len(members[0].trials) == len(members[1].trials) == 2


def test_a_stack_of_reduced_features_is_fitted_to_all_areas_and_saved(data, quick, scored):
    settings = quick(candidates=("ridge", "xgboost", "stack"), components=5)
    competing = Competitors(competitors_for(data, settings).candidates, [], {})
    with fitting_context(len(data)):
        *_, stack = tune_all(competing, data, settings, "blocks", 1).candidates
        expected = stack.predict(stack.fit(data, seed_of(1, "final")), data)
    choice = Choice("stack", stack.params)
    final = fit_final(data, choice, scored(settings), statistic="median")
    again = pickle.loads(pickle.dumps(final.estimator))
    assert np.allclose(again.predict(data.vectors), expected)
    assert r2(data.observed, expected) > 0.5
    assert json.loads(json.dumps(stack.params)) == stack.params


def test_no_candidate_is_fooled_by_noise(areas_of, quick):
    data = areas_of(columns=6)
    shuffled = replace(data, observed=np.random.default_rng(3).permutation(data.observed))
    settings = quick(candidates=(*LEARNERS, "stack"), trials=1, folds=2)
    competing = Competitors(competitors_for(shuffled, settings).candidates, [], {})
    split = cross_validate(competing, shuffled, settings, "random", 1)
    for name, guess in split.predicted.items():
        assert r2(shuffled.observed, guess) < 0.15, name
