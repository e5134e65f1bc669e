"""Prices: the n-th request of a month, the free ones first, and sums that add up."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from streetview_assets.images.budget.prices import is_paid, price_microusd, price_of_next_usd


@pytest.mark.parametrize(
    ("nth", "free", "microusd"),
    [
        (1, 0, 7000),
        (100_000, 0, 7000),
        (100_001, 0, 5600),
        (900_000, 0, 5600),
        (10, 10, 0),
        (11, 10, 7000),
    ],
)
def test_the_price_depends_on_the_month_so_far(nth, free, microusd):
    assert price_microusd("google", nth, free) == microusd


def test_seventy_five_thousand_images_cost_five_hundred_and_twenty_nine_dollars():
    assert price_of_next_usd("google", 75_588, 0) == pytest.approx(529.116)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(99_700, 100_300), st.integers(0, 500))
def test_two_parts_cost_what_the_whole_costs(first, second, before, free):
    whole = price_of_next_usd("google", first + second, before, free)
    parts = price_of_next_usd("google", first, before, free) + price_of_next_usd(
        "google", second, before + first, free
    )
    assert whole == pytest.approx(parts, abs=1e-9)


@pytest.mark.parametrize("provider", ["mapillary", "panoramax", "folder", "hdf5", "synthetic"])
def test_all_others_cost_nothing(provider):
    assert not is_paid(provider)
    assert price_of_next_usd(provider, 1000, 0) == 0
