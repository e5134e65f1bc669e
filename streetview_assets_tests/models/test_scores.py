import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from streetview_assets.metrics import measure, resampled_scores, why_undefined
from streetview_assets.models.metrics.bootstrap import interval_of, resample_weights

VALUES = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=4, max_size=40
).filter(lambda pairs: len({a for a, _ in pairs}) > 1 and len({b for _, b in pairs}) > 1)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_metrics_are_those_of_scikit_learn_and_scipy(pairs):
    observed, predicted = np.array(pairs, dtype=float).T
    scores = measure(observed, predicted)
    assert scores["r2"] == pytest.approx(r2_score(observed, predicted))
    assert scores["rmse"] == pytest.approx(root_mean_squared_error(observed, predicted))
    assert scores["mae"] == pytest.approx(mean_absolute_error(observed, predicted))
    assert scores["spearman"] == pytest.approx(spearmanr(observed, predicted).statistic)
    assert scores["nrmse"] ** 2 + scores["r2"] == pytest.approx(1)
    assert scores["nrmse"] == pytest.approx(scores["rmse"] / observed.std())


@given(VALUES, st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_every_resample_scores_as_the_repeated_rows_do(pairs, seed):
    observed, predicted = np.array(pairs, dtype=float).T
    size = len(observed)
    counts = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=8)
    scores = resampled_scores(observed, predicted, counts)
    for number, count in enumerate(counts):
        repeated = measure(np.repeat(observed, count), np.repeat(predicted, count))
        for metric, value in repeated.items():
            if value is None:
                assert np.isnan(scores[metric][number])
            else:
                assert scores[metric][number] == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_what_is_not_defined_has_no_value_and_says_why():
    one = np.array([3.0])
    assert measure(one, one)["r2"] is None
    assert measure(one, np.array([5.0]))["mae"] == 2
    assert why_undefined(one, one) == "not defined: 1 area"
    same, varied = np.full(4, 0.1 + 0.2), np.arange(4.0)
    assert measure(same, varied)["nrmse"] is None
    assert "observed" in why_undefined(same, varied)
    constant = measure(varied, same)
    assert constant["spearman"] is None
    assert constant["r2"] is not None
    assert "predictions" in why_undefined(varied, same)


def test_the_interval_of_a_mean_error_is_the_textbook_one():
    rng = np.random.default_rng(0)
    residual = rng.exponential(size=400)
    weights = resample_weights(np.zeros((400, 2)), None, 1_000, 1).weights
    lower, upper = interval_of(resampled_scores(residual, np.zeros(400), weights)["mae"], 0.9)
    half = 1.645 * residual.std() / np.sqrt(400)
    assert lower == pytest.approx(residual.mean() - half, abs=0.02)
    assert upper == pytest.approx(residual.mean() + half, abs=0.02)


def test_many_areas_are_scored_in_parts_with_the_same_result(monkeypatch):
    rng = np.random.default_rng(0)
    observed = rng.normal(size=30)
    predicted = observed + rng.normal(size=30)
    counts = resample_weights(np.zeros((30, 2)), None, 50, 0).weights
    whole = resampled_scores(observed, predicted, counts)
    monkeypatch.setattr("streetview_assets.metrics._CELLS_AT_ONCE", 90)
    parts = resampled_scores(observed, predicted, counts)
    assert all(np.allclose(whole[metric], parts[metric]) for metric in whole)
