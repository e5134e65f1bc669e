import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score

from streetview_assets.areas.standing import deciles_among
from streetview_assets.metrics import DECILE, measure, resampled_scores

PAIRS = st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=2, max_size=60).filter(
    lambda pairs: len({decile for pair in pairs for decile in pair}) > 1
)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_decile_metrics_are_those_of_scikit_learn(pairs):
    observed, predicted = np.array(pairs).T
    scores = measure(observed, predicted, DECILE)
    kappa = cohen_kappa_score(observed, predicted, weights="quadratic", labels=range(1, 11))
    assert scores["decile_accuracy"] == pytest.approx(accuracy_score(observed, predicted))
    assert scores["decile_within_1"] == pytest.approx(np.mean(np.abs(observed - predicted) <= 1))
    assert scores["decile_kappa"] == pytest.approx(kappa, abs=1e-9)


def test_every_resample_scores_as_the_repeated_rows_do():
    rng = np.random.default_rng(0)
    observed, predicted = rng.integers(1, 11, size=(2, 30))
    counts = rng.multinomial(30, np.full(30, 1 / 30), size=6)
    resampled = resampled_scores(observed, predicted, counts, DECILE)
    for number, count in enumerate(counts):
        repeated = measure(np.repeat(observed, count), np.repeat(predicted, count), DECILE)
        for metric, value in repeated.items():
            assert resampled[metric][number] == pytest.approx(value)


def test_deciles_are_tenths_of_the_study_and_a_limit_belongs_to_the_lower():
    values = np.arange(1.0, 101)
    assert np.bincount(deciles_among(values, values)).tolist() == [0, *[10] * 10]
    assert deciles_among(np.array([-5.0, 500.0]), values).tolist() == [1, 10]
    assert deciles_among(np.array([2.0]), np.arange(1.0, 12)).tolist() == [1]
    few = np.array([7.0, 8, 9, 10])
    assert deciles_among(few, few, are_deciles=True).tolist() == [7, 8, 9, 10]
    guesses = deciles_among(np.array([0.2, 7.5, 12]), few, are_deciles=True)
    assert guesses.tolist() == [1, 8, 10], "a prediction of a decile is the nearest one"
    tenths = np.repeat(np.arange(1.0, 11), 7)
    assert np.array_equal(deciles_among(tenths, tenths), tenths)


def test_one_decile_has_no_kappa():
    same = np.full(5, 3)
    assert measure(same, same, DECILE) == {
        "decile_accuracy": 1.0,
        "decile_within_1": 1.0,
        "decile_kappa": None,
    }
