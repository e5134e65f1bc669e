"""Whom the model serves worse: what is planted is found, chance is not; one reckoning by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.metrics.simultaneous import simultaneous_intervals
from streetview_assets.models.results.subgroup_errors import (
    BY_AGE,
    BY_DENSITY,
    area_traits,
    held_out_areas,
    subgroup_errors,
)
from streetview_assets.tables.registry import TABLES, check_contract

AREAS = 600


@pytest.fixture(scope="module")
def measure(quick, scored):
    """Measures subgroups of areas, some of which are predicted so far off, or so badly."""

    def of(off=0.0, noise=1.0, flat=1.0, seed=0, count=AREAS, density=None):
        rng = np.random.default_rng(seed)
        density = rng.permutation(count) / 10 if density is None else density
        rural = density < count / 30
        known = rng.normal(size=count)
        observed = known + np.where(rural, noise, 1) * rng.normal(size=count)
        predicted = np.where(rural, known / flat + off, known)
        predictions = pl.DataFrame(
            {
                "area_code": [f"A{one:04}" for one in range(count)],
                "observed": observed,
                "predicted": predicted,
                "lower": predicted - 1.645,
                "upper": predicted + 1.645,
            }
        )
        traits = predictions.select("area_code").with_columns(
            authority_code=pl.lit("E1"),
            easting_m=pl.Series(1e5 * rng.random(count)),
            northing_m=pl.Series(1e5 * rng.random(count)),
            points_per_km2=pl.Series(density),
            captured_on=pl.Series(
                [date(2010 + one % 3, 5, 1) for one in range(count - 20)] + [None] * 20
            ),
        )
        areas = held_out_areas(predictions, traits, whole_authorities=False, are_deciles=False)
        return subgroup_errors(areas, scored(quick()), "blocks"), predictions, rural

    return of


def test_values_are_those_of_a_reckoning_by_hand(measure):
    rows, predictions, rural = measure(off=0.5)
    check_contract(TABLES["subgroup_errors"], rows)
    of_rural = predictions.filter(pl.Series(rural))
    observed, predicted = of_rural["observed"].to_numpy(), of_rural["predicted"].to_numpy()
    of_density = rows.filter(grouping=BY_DENSITY).sort("area_count", "group_name")
    mine = {
        metric: of_density.filter(pl.col("group_name").str.starts_with("0 to"), metric=metric)
        for metric in ("bias", "slope", "coverage")
    }
    assert mine["bias"]["value"].item() == pytest.approx((predicted - observed).mean())
    assert mine["slope"]["value"].item() == pytest.approx(np.polyfit(predicted, observed, 1)[0])
    inside = (np.abs(predicted - observed) <= 1.645).mean()
    assert mine["coverage"]["value"].item() == pytest.approx(inside)
    assert mine["coverage"]["reference"].item() == 0.9


@pytest.mark.parametrize(
    ("planted", "metric"),
    [({"off": 0.5}, "bias"), ({"flat": 0.5}, "slope"), ({"noise": 2.0}, "coverage")],
)
def test_what_is_planted_in_the_country_is_found_there_alone(measure, planted, metric):
    rows, *_ = measure(**planted)
    found = rows.filter("differs", grouping=BY_DENSITY, metric=metric)
    assert [name.split()[0] for name in found["group_name"]] == ["0"]


def test_what_is_chance_is_not_told_as_a_disparity(measure):
    others = pl.col("grouping") != "decile"
    found = [measure(seed=seed)[0].filter(others).filter("differs").height for seed in range(20)]
    assert np.count_nonzero(found) <= 4


def test_areas_of_one_date_stay_together_and_unknown_ones_apart(measure):
    rows, *_ = measure()
    ages = rows.filter(grouping=BY_AGE, metric="bias").sort("group_name")
    assert ages["group_name"].to_list() == [
        *(f"{year}-05 to {year}-05" for year in (2010, 2011, 2012)), "not known",
    ]  # fmt: skip
    assert ages["area_count"].sum() == AREAS
    assert not rows.filter(grouping="decile", metric="slope").height


def test_areas_whose_traits_are_told_alike_are_of_one_kind(measure):
    rows, _, _ = measure(density=4 + np.linspace(0, 1e-6, AREAS))
    check_contract(TABLES["subgroup_errors"], rows)
    told = rows.filter(grouping=BY_DENSITY, metric="bias")
    assert told["group_name"].to_list() == ["4 to 4 points per km²"]


def test_few_areas_have_no_interval_and_say_so(measure):
    rows, *_ = measure(count=40)
    few = rows.filter(grouping="decile", metric="bias")
    assert few["lower"].is_null().all()
    assert few["note"][0] == "no interval: 4 areas, at least 10 needed"
    assert few["differs"].is_null().all()


def test_intervals_hold_all_at_once():
    """Sixteen means of 100 normal values each: all are held by 90 %, not by 0.9 ** 16 = 19 %."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        values = rng.normal(size=16) / 10
        lower, upper = simultaneous_intervals(values, values + rng.normal(size=(400, 16)) / 10, 0.9)
        held += bool(((lower <= 0) & (upper >= 0)).all())
    assert held / 300 == pytest.approx(0.9, abs=0.05)


def test_traits_are_told_of_every_area():
    areas = pl.DataFrame(
        {"area_code": ["A", "B"], "authority_code": ["E1", "E1"], "area_km2": [0.5, 2.0],
         "longitude": [3.0, 3.1], "latitude": [50.0, 50.0]}
    )  # fmt: skip
    points = pl.DataFrame({"area_code": ["A", "A", "A"]})
    days = [date(2012, 1, 1), date(2014, 1, 1), date(2016, 1, 1), date(1, 1, 1)]
    images = pl.DataFrame(
        {"area_code": ["A"] * 4, "captured_on": days, "status": "ok", "is_current": True}
    )
    traits = area_traits(areas, points, images, "EPSG:32631")
    assert traits["points_per_km2"].to_list() == [6.0, 0.0]
    assert traits["captured_on"].to_list() == [date(2014, 1, 1), None]
    assert traits["easting_m"][0] == pytest.approx(500_000)
