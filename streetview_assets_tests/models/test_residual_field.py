import numpy as np
import pytest

from streetview_assets.models.metrics.residual_field import field_posterior
from streetview_assets_tests.simulations.fields import centres, gaussian_field

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("count", [400, 900])
def test_the_range_and_the_nugget_of_a_known_field_are_found(count):
    place_m = centres(count, 1)
    field = gaussian_field(place_m, 2_000, RNG)
    smooth = field_posterior(field, place_m)
    assert 1_300 < smooth.mean_range_m < 3_000
    assert smooth.weight @ smooth.share > 0.8
    assert smooth.likely_alike == pytest.approx(1)
    half = field_posterior(field + RNG.normal(size=count), place_m)
    assert 0.3 < half.weight @ half.share < 0.8
    assert half.weight.sum() == pytest.approx(1)


def test_that_errors_are_not_alike_is_surer_the_larger_the_town():
    place_m = centres(400, 1)
    likely = [
        [field_posterior(noise[:count], place_m[:count]).likely_alike for count in (40, 400)]
        for noise in RNG.normal(size=(10, 400))
    ]
    few, many = np.median(likely, axis=0)
    assert many < 0.35 < few < 0.9


def test_correlations_are_those_of_the_fields_weighed():
    found = field_posterior(gaussian_field(centres(200, 2), 2_000, RNG), centres(200, 2))
    errors, squares = found.correlation(np.array([1.0, 1e6]))
    assert errors == pytest.approx([found.weight @ found.share, 0], abs=0.01)
    assert errors[0] ** 2 <= squares[0] + 1e-9 < errors[0]


def test_neither_an_outlier_nor_the_order_of_areas_says_how_far_errors_are_alike():
    place_m = centres(300, 3)
    errors = gaussian_field(place_m, 3_000, RNG)
    whole = field_posterior(errors, place_m)
    far = errors.copy()
    far[errors.argmax()] += 1_000
    shuffled = RNG.permutation(300)
    for again in (
        field_posterior(far, place_m),
        field_posterior(errors[shuffled], place_m[shuffled]),
    ):
        assert again.weight == pytest.approx(whole.weight)
        assert again.range_m == pytest.approx(whole.range_m)


@pytest.mark.parametrize(
    ("errors", "place_m"),
    [
        (np.arange(19.0), centres(19, 1)),
        (np.ones(50), centres(50, 1)),
        (np.arange(50.0), np.zeros((50, 2))),
    ],
)
def test_of_few_places_or_none_apart_errors_are_not_told_alike(errors, place_m):
    found = field_posterior(errors, place_m)
    assert (found.mean_range_m, found.likely_alike) == (0, 0)
