"""Prediction intervals that adapt: what they promise, in every kind of area, and nothing beyond."""

import numpy as np
import pytest

from streetview_assets.models.metrics.conformal import (
    LEAST_TO_ADAPT,
    HeldOut,
    calibrate,
    conformal_quantile,
    for_unseen,
)
from streetview_assets.models.validation import prediction_intervals

COUNT_CLASSES = ((1, 2), (3, 9), (10, 39), (40, 400))


def ranked(count, rng, r2=0.6):
    """Ranks, predictions that are the worse the fewer the images, and the images' numbers."""
    images = np.clip(np.exp(rng.normal(2.2, 1.1, count)).round(), 1, 400)
    share = (1 - r2) * (0.5 + 3 / images) / 1.1
    truth = rng.normal(size=count)
    shown = np.sqrt(r2) * truth + np.sqrt(share * r2) * rng.normal(size=count)
    rank = np.argsort(np.argsort(truth)) + 1.0
    guess = np.interp(shown * 0.9, np.sort(truth), np.sort(rank))
    return rank, guess, images


@pytest.fixture(scope="module")
def measured():
    """Coverage by class of image count, in outer tenths, and the width beside one width for all."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(12):
        observed, predicted, images = ranked(2_000, rng)
        learned = np.arange(2_000) < 1_000
        known = HeldOut(observed[learned], predicted[learned], images[learned])
        made = calibrate(known, (1, 2_000), 0.9)
        tested, guess, count = observed[~learned], predicted[~learned], images[~learned]
        lower, upper = made.interval(guess, count)
        assert (lower >= 1).all()
        assert (upper <= 2_000).all()
        held = (lower <= tested) & (tested <= upper)
        width = 2 * conformal_quantile(np.abs(known.observed - known.predicted), 0.9)
        rows.append(
            [held[(count >= least) & (count <= most)].mean() for least, most in COUNT_CLASSES]
            + [held[tested <= 200].mean(), held[tested > 1_800].mean(), held.mean()]
            + [(upper - lower).mean() / width]
        )
    return np.mean(rows, axis=0)


def test_areas_of_few_images_and_of_many_are_covered_alike(measured):
    assert measured[: len(COUNT_CLASSES)] == pytest.approx(0.9, abs=0.025)
    assert measured[6] == pytest.approx(0.9, abs=0.01)


def test_the_outer_tenths_are_covered_without_wider_intervals_on_average(measured):
    assert (measured[4:6] > 0.84).all()
    assert measured[7] < 1


def test_the_quantile_is_the_conformal_order_statistic():
    scores = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0, 5.0, 3.5])
    assert conformal_quantile(scores, 0.9) == 9
    assert conformal_quantile(scores, 0.5) == 3.5
    assert conformal_quantile(scores[:8], 0.9) is None


def test_few_areas_have_one_width_and_too_few_no_interval():
    rng = np.random.default_rng(1)
    observed, predicted, images = ranked(LEAST_TO_ADAPT - 1, rng)
    made = calibrate(HeldOut(observed, predicted, images), (-1e9, 1e9), 0.9)
    lower, upper = made.interval(predicted, images)
    assert upper - predicted == pytest.approx(conformal_quantile(abs(observed - predicted), 0.9))
    assert upper - lower == pytest.approx(2 * (upper - predicted))
    few = HeldOut(observed[:8], predicted[:8], images[:8])
    assert calibrate(few, (0, 1), 0.9) is None


def test_a_prediction_far_out_is_brought_back_with_its_interval():
    observed, predicted, images = ranked(500, np.random.default_rng(2))
    made = calibrate(HeldOut(observed, predicted, images), (1, 500), 0.9)
    far = np.array([-1.7e6, 1e9])
    lower, upper = made.interval(far, np.array([3.0, 3.0]))
    assert made.within(far).tolist() == [1, 500]
    assert lower[0] == 1 < upper[0] < 500
    assert 1 < lower[1] < upper[1] == 500


def test_an_authority_never_seen_has_wider_intervals_that_hold():
    rng = np.random.default_rng(3)
    held, seen = [], []
    for _ in range(60):
        shift = np.repeat(rng.normal(0, 0.5, 6), 150)
        truth, images = rng.normal(size=900), np.full(900, 20.0)
        predicted = truth + shift + 0.6 * rng.normal(size=900)
        codes = np.repeat([f"E{number}" for number in range(6)], 150)
        others = codes != "E5"
        known = HeldOut(truth[others], predicted[others], images[others])
        made = for_unseen(calibrate(known, (-9, 9), 0.9), known, codes[others])
        assert made.unseen >= 1
        for unseen, found in ((True, held), (False, seen)):
            lower, upper = made.interval(predicted[~others], images[~others], unseen=unseen)
            found.append(((lower <= truth[~others]) & (truth[~others] <= upper)).mean())
    assert np.mean(np.array(held) >= 0.85) > 0.9 > np.mean(np.array(seen) >= 0.85)


def test_one_authority_tells_nothing_of_another():
    known = HeldOut(*ranked(500, np.random.default_rng(2)))
    alone = for_unseen(calibrate(known, (1, 500), 0.9), known, np.full(500, "E1"))
    assert alone.unseen is None


def test_areas_near_to_what_was_learned_and_far_from_it_are_covered_alike():
    rng = np.random.default_rng(5)
    distance_m = rng.exponential(1_000, 6_000)
    truth, images = rng.normal(size=6_000), np.full(6_000, 20.0)
    # As far from what was learned as that a kriged field is guessed by its mean.
    variance = 0.2 + 0.8 * (1 - np.exp(-distance_m / 700))
    predicted = truth + np.sqrt(variance) * rng.normal(size=6_000)
    held = {}
    for known_m in (distance_m, None):
        learned = HeldOut(truth, predicted, images, known_m)
        lower, upper = calibrate(learned, (-9, 9), 0.9).interval(*learned.given)
        inside = (lower <= truth) & (truth <= upper)
        held[known_m is None] = inside[distance_m < 300].mean(), inside[distance_m > 2_000].mean()
    assert held[False] == pytest.approx((0.9, 0.9), abs=0.03)
    assert held[True][0] - held[True][1] > 0.1


def test_an_area_whose_distance_is_not_known_has_the_usual_width():
    rng = np.random.default_rng(6)
    distance_m = rng.exponential(1_000, 600)
    known = HeldOut(*ranked(600, rng), distance_m)
    made = calibrate(known, (1, 600), 0.9)
    at_usual = made.interval(np.array([300.0]), np.array([9]), np.array([np.median(distance_m)]))
    assert made.interval(np.array([300.0]), np.array([9])) == at_usual


def test_of_many_authorities_a_group_sets_no_interval_of_its_own(monkeypatch):
    """Else each of them asks for an interval made of all areas: the square of a country."""
    codes = [f"E{number // 10:02}" for number in range(300)]
    none = np.zeros(300)

    def apart(validation="random"):
        return prediction_intervals.places_apart(codes, none, none, validation)

    assert list(apart()) == codes
    monkeypatch.setattr(prediction_intervals, "MANY_AREAS", 299)
    of = dict(zip(codes, apart(), strict=True))
    assert [of[code] for code in codes] == list(apart()), "an authority is in one of them"
    assert len(set(of.values())) == 20
    assert list(apart("authorities")) == codes, "each is one that was never seen"
