import numpy as np
import pytest

from streetview_assets.metrics import measure, resampled_scores
from streetview_assets.models.evaluations.gains import paired_gain
from streetview_assets.models.metrics.bootstrap import LEAST_GROUPS, interval_of, resample_weights
from streetview_assets.processes.threads import limit_threads
from streetview_assets_tests.simulations.fields import centres, gaussian_field, gaussian_fields
from streetview_assets_tests.simulations.score_intervals import out_of_fold, signal

PLACES = centres(400, 1)


def error_of(range_m):
    return gaussian_field(PLACES, range_m, np.random.default_rng(4))


def test_areas_whose_errors_are_not_alike_are_weighted_each_by_itself():
    drawn = resample_weights(PLACES, error_of(0), 2_000, 1)
    assert drawn.weights.shape == (2_000, 400)
    assert drawn.weights.mean(axis=1) == pytest.approx(1)
    assert drawn.weights.var() == pytest.approx(1, abs=0.05)
    together = np.corrcoef(drawn.weights.T) - np.eye(400)
    assert np.abs(together).max() < 0.15
    # Nobody can be quite sure that they are not.
    assert drawn.independent_count == pytest.approx(400, rel=0.05)
    assert drawn.note is None


def test_near_areas_are_weighted_alike_as_far_as_errors_are_alike():
    drawn = resample_weights(PLACES, error_of(2_000), 2_000, 1)
    together = np.corrcoef(drawn.weights.T)
    lag_m = np.linalg.norm(PLACES[:, None] - PLACES[None], axis=2)
    assert together[(lag_m > 0) & (lag_m < 700)].min() > 0.5
    assert np.abs(together[lag_m > 7_000]).mean() < 0.15
    assert LEAST_GROUPS < drawn.independent_count < 200


def test_an_interval_widens_as_the_variance_of_a_mean_of_alike_errors_does():
    rng = np.random.default_rng(0)
    lag_m = np.linalg.norm(PLACES[:, None] - PLACES[None], axis=2)
    known = np.sqrt(2 * np.mean(np.exp(-3 * lag_m / 2_000) ** 2))
    widths = []
    for _ in range(8):
        error = gaussian_field(PLACES, 2_000, rng)
        weights = resample_weights(PLACES, error, 400, 1).weights
        lower, upper = interval_of(resampled_scores(error, 0 * error, weights)["rmse"] ** 2, 0.9)
        widths.append(upper - lower)
    # Wider than of a known spread: it is estimated from few squares that are independent.
    assert 1 < np.mean(widths) / (2 * 1.645 * known) < 1.5


def test_a_whole_group_has_one_weight_wherever_its_areas_lie():
    groups = np.arange(400) % 16
    drawn = resample_weights(PLACES, error_of(0), 50, 1, groups=groups)
    assert np.array_equal(drawn.weights[:, :16], drawn.weights[:, 16:32])
    assert drawn.independent_count == 16


def test_fewer_than_ten_independent_groups_give_no_interval_and_say_so():
    nine = resample_weights(PLACES, None, 50, 1, groups=np.arange(400) % 9)
    smooth = resample_weights(PLACES, PLACES[:, 0] / 1_000, 50, 1)
    for drawn in (nine, smooth):
        assert drawn.weights.shape == (0, 400)
        assert "at least 10 needed" in drawn.note
    assert "9 independent" in nine.note
    nearly = gaussian_field(PLACES, 4_500, np.random.default_rng(29))
    short = resample_weights(PLACES, nearly, 50, 1)
    assert 9.5 < short.independent_count < 10
    assert "9 independent areas (errors alike over" in short.note
    scores = resampled_scores(np.arange(400.0), np.arange(400.0) ** 2, nine.weights)
    assert interval_of(scores["r2"], 0.9) == (None, None)


def test_weights_do_not_hang_on_the_order_of_what_is_scored_with_them():
    first, again = (resample_weights(PLACES, error_of(2_000), 20, 5).weights for _ in range(2))
    assert np.array_equal(first, again)


def test_weights_do_not_hang_on_how_many_threads_there_are():
    drawn = []
    for threads in (1, 2):
        with limit_threads(threads):
            drawn.append(resample_weights(PLACES, error_of(2_000), 20, 5).weights)
    assert np.array_equal(*drawn)


def test_the_interval_lies_about_the_score_of_the_areas_as_they_are():
    drawn = np.array([0.1, 0.2, 0.3, 0.4])
    lower, upper = interval_of(drawn, 0.9, centre=0.5)
    assert (lower + upper) / 2 == pytest.approx(0.5)


def test_weights_hold_the_mean_of_what_is_told_at_the_plain_one():
    told = gaussian_field(PLACES, 2_000, np.random.default_rng(6))
    spread = []
    for given in (None, told):
        weights = resample_weights(PLACES, error_of(1_000), 500, 1, told=given).weights
        assert weights.min() >= 0
        means = [(weights * value).mean(axis=1) / weights.mean(axis=1) for value in (told, told**2)]
        spread.append(np.std(means, axis=1))
    assert (spread[1] < 0.2 * spread[0]).all()


def test_the_interval_of_r2_knows_whether_what_is_told_lies_as_the_errors_do():
    rng = np.random.default_rng(0)
    errors = [gaussian_field(PLACES, 2_000, rng) for _ in range(120)]
    for told_m in (0, 4_000):
        told = gaussian_field(PLACES, told_m, np.random.default_rng(3))
        known = [measure(told + error, told)["r2"] for error in errors]
        widths = []
        for error in errors[:6]:
            weights = resample_weights(PLACES, error, 400, 1, told=told).weights
            lower, upper = interval_of(resampled_scores(told + error, told, weights)["r2"], 0.9)
            widths.append(upper - lower)
        # Wider than of a known range: of this town it is told by the errors of a few patches.
        assert 1.1 < np.mean(widths) / (2 * 1.645 * np.std(known)) < 1.5


@pytest.mark.parametrize("range_m", [0, 2_000])
def test_the_interval_of_a_gain_knows_that_both_models_learn_anew(range_m):
    rng = np.random.default_rng(7)
    clear, seen = signal(PLACES, 2_000, rng)
    fold = rng.permutation(np.arange(400) % 5)
    gains, widths = [], []
    for number, noise in enumerate(gaussian_fields(PLACES, range_m, 100, rng)):
        observed = clear + noise
        one, other = (out_of_fold(part, observed, fold) for part in (seen, seen[:, 1:]))
        told = measure(observed, one)["r2"] - measure(observed, other)["r2"]
        gains.append(told)
        if number < 6:
            drawn = resample_weights(PLACES, observed - one, 400, 1, told=one)
            gain = paired_gain(observed, one[None], other[None], drawn, 0.9)
            assert gain.value == pytest.approx(told)
            widths.append(gain.upper - gain.lower)
    # Weights that hold what both told, as if no model learned anew, give 0.82 and 0.98.
    assert 0.88 < np.mean(widths) / (2 * 1.645 * np.std(gains)) < 1.25


def test_errors_and_predictions_of_few_values_have_an_interval_as_wide_as_chance_is():
    rng = np.random.default_rng(3)
    place_m = np.column_stack([np.arange(120) * 250.0, np.zeros(120)])
    told = np.arange(120) % 2 + 3.5
    residuals = np.where(rng.random(120) < 0.5, 9.0, 4.0) - told
    by_chance = np.abs(residuals).std() / np.sqrt(120)
    for known in (None, told):
        drawn = resample_weights(place_m, residuals, 1_000, 1, told=known)
        errors = drawn.weights @ np.abs(residuals) / drawn.weights.sum(axis=1)
        assert 0.9 < errors.std() / by_chance < 2.0
