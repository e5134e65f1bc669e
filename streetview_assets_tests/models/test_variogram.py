"""How far values resemble each other, on fields whose range is known."""

import numpy as np

from streetview_assets.models.data.variogram import practical_range_m
from streetview_assets_tests.simulations.fields import centres, gaussian_field

SEEDS = range(12)


def ranges_m(place_m: np.ndarray, range_m: float, noise: float = 0.0) -> np.ndarray:
    found = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        values = gaussian_field(place_m, range_m, rng) + noise * rng.normal(size=len(place_m))
        found.append(practical_range_m(values, place_m).range_m)
    return np.array(found)


def test_the_range_of_a_field_is_found_with_and_without_noise_on_top():
    place_m = centres(400, seed=1)

    assert 1_700 < np.median(ranges_m(place_m, 2_000)) < 2_600
    assert 1_300 < np.median(ranges_m(place_m, 2_000, noise=0.7)) < 2_900


def test_pure_noise_has_no_range():
    assert np.sum(ranges_m(centres(400, seed=1), 0.0) > 0) <= 2


def test_towns_far_apart_do_not_make_a_range_of_the_gap_between_them():
    town = centres(144, seed=1)
    towns = np.vstack([town + shift for shift in ((0, 0), (40_000, 0), (0, 40_000))])
    rng = np.random.default_rng(3)
    values = np.concatenate([gaussian_field(town, 1_500, rng) + level for level in (-1, 0, 1)])

    found = practical_range_m(values, towns)

    assert 500 < found.range_m < 9_000


def test_order_and_shift_do_not_matter_and_the_unit_of_the_values_neither():
    rng = np.random.default_rng(4)
    place_m = centres(200, seed=2)
    values = gaussian_field(place_m, 2_000, rng)
    mixed = rng.permutation(200)

    first = practical_range_m(values, place_m)
    again = practical_range_m(1_000 * values[mixed] + 7, place_m[mixed])

    assert np.isclose(first.range_m, again.range_m)
    assert np.isclose(first.sill * 1e6, again.sill)


def test_few_places_and_constant_values_say_why_there_is_no_range():
    place_m = centres(30, seed=1)

    few = practical_range_m(np.arange(10.0), place_m[:10])
    constant = practical_range_m(np.ones(30), place_m)

    assert few.range_m == 0
    assert "10 places" in str(few.note)
    assert constant.range_m == 0
    assert constant.sill == 0
    assert practical_range_m(np.arange(30.0), np.ones((30, 2))).range_m == 0
