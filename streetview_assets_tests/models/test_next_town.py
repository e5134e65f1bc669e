"""What scores of towns say of the next: a published example, a reckoning by hand, known truth."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from streetview_assets.metrics import GAIN, OF_TOWNS
from streetview_assets.models.candidates.composite import Shrinkage
from streetview_assets.models.towns.fay_herriot import fay_herriot
from streetview_assets.models.towns.next_town import next_town, next_town_scores
from streetview_assets.tables.registry import TABLES, check_contract

MILK = """
1.099 .163, 1.075 .080, 1.105 .083, 0.628 .109, 0.753 .119, 0.981 .141, 1.257 .202; 1.095 .127,
1.405 .168, 1.356 .178, 0.615 .100, 1.460 .201, 1.338 .148, 0.854 .143; 1.176 .149, 1.111 .145,
1.257 .135, 1.430 .172, 1.278 .137, 1.292 .163, 1.002 .125, 1.183 .247, 1.044 .140, 1.267 .171,
1.193 .106; 0.791 .121, 0.795 .121, 0.759 .259, 0.796 .106, 0.565 .089, 0.886 .225, 0.952 .205,
0.807 .119, 0.582 .067, 0.684 .106, 0.787 .126, 0.440 .092, 0.759 .132, 0.770 .100, 0.800 .113,
0.756 .083, 0.865 .121, 0.640 .129
"""
"""Expenditure on fresh milk in 43 areas, with standard errors, by major area (Arora and Lahiri
1997, Statistica Sinica 7: 1053-1063; the data `milk` of the R package sae)."""
COEFFICIENTS = [0.968189, 0.132780, 0.226946, -0.241301]
STANDARD_ERRORS = [0.069362, 0.103001, 0.092330, 0.081617]
"""By restricted likelihood, as the R packages sae and saens print them."""
ESTIMATES = {0: 1.021971, 3: 0.760817, 10: 0.785215, 11: 1.213946, 21: 1.192306, 36: 0.529886}
"""Of areas by number, as sae gives them, and as samplics 0.6.1 does to 4e-9 of ours, all 43."""


@pytest.fixture(scope="module")
def milk() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    majors = [major.split(",") for major in MILK.replace("\n", " ").split(";")]
    numbers = np.array([area.split() for major in majors for area in major], dtype=float)
    of_major = np.repeat(np.arange(4), [len(major) for major in majors])
    covariates = np.column_stack([np.ones(43), *(of_major == one for one in (1, 2, 3))])
    return numbers[:, 0], numbers[:, 1] ** 2, covariates


def test_a_published_example_of_fay_and_herriot_comes_out(milk):
    found = fay_herriot(*milk)
    assert found.coefficients == pytest.approx(COEFFICIENTS, abs=1e-6)
    assert found.standard_errors == pytest.approx(STANDARD_ERRORS, abs=1e-6)
    assert found.between == pytest.approx(0.018550, abs=1e-6)
    for area, estimate in ESTIMATES.items():
        assert found.estimates[area] == pytest.approx(estimate, abs=1e-6)


def test_the_composite_shrinks_as_fay_and_herriot_do_where_they_know_the_variances(milk):
    """An area's images are as many as its estimate is precise: half is believed at 1 / between."""
    direct, sampling, covariates = milk
    shrinkage = Shrinkage(
        centre=COEFFICIENTS[0], slopes=tuple(COEFFICIENTS[1:]), most=1.0, half=1 / 0.0185503
    )
    made = shrinkage.composite(direct, covariates[:, 1:], 1 / sampling)
    assert [made[area] for area in ESTIMATES] == pytest.approx(list(ESTIMATES.values()), abs=2e-6)


def test_areas_that_do_not_differ_are_shrunk_to_their_mean():
    found = fay_herriot(np.array([1.0, 1.1, 0.9, 1.0]), np.full(4, 1.0))
    assert found.between == 0
    assert found.estimates == pytest.approx(np.full(4, 1.0))


def test_intervals_are_those_of_a_reckoning_by_hand():
    errors = np.array([2.0, 3.0, 4.0, 6.0])
    found, values = next_town("rmse", errors, 0.9), np.log(errors)
    reach = t.ppf(0.95, 2) * values.std(ddof=1) * np.sqrt(1 + 1 / 4)
    assert found.typical == pytest.approx(np.exp(values.mean()))
    assert found.interval == pytest.approx(tuple(np.exp(values.mean() + np.array([-reach, reach]))))
    assert "of 4 towns alone" in found.note
    (lower, upper), plain = next_town(GAIN, errors, 0.9).interval, errors.mean()
    assert upper - plain == pytest.approx(plain - lower)


@pytest.mark.parametrize(("metric", "least", "most"), [("r2", None, 1), ("coverage", 0, 1)])
def test_no_interval_leaves_what_a_score_may_be(metric, least, most):
    lower, upper = next_town(metric, np.array([0.99, 0.5, 0.9, 0.2]), 0.9).interval
    assert upper <= most
    assert least is None or lower >= least


def test_every_metric_of_towns_has_a_scale():
    for metric in OF_TOWNS:
        assert next_town(metric, np.array([0.2, 0.3, 0.4]), 0.9).interval


def test_two_towns_have_no_interval_and_none_no_score():
    two = next_town("r2", np.array([0.2, 0.4, np.nan]), 0.9)
    assert (two.interval, two.note) == (None, "no interval: 2 towns, at least 3 needed")
    assert next_town("r2", np.array([np.nan]), 0.9).note == "no town has a score"


@pytest.mark.parametrize("count", [5, 10, 30])
def test_the_next_town_is_in_its_interval_as_often_as_is_said(count):
    """Towns of 40 to 400 areas, of which the smaller show more of chance; truth is drawn."""
    draws, rng = 800, np.random.default_rng(count)
    sampling = 0.1 / np.sqrt(rng.choice([0.4, 0.8, 1.6, 4.0], size=(draws, count + 1)))
    noise = rng.normal(size=(2, *sampling.shape))
    scores = np.tanh(0.5 + 0.2 * noise[0] + sampling * noise[1])
    held = [
        lower <= row[-1] <= upper
        for row in scores
        for lower, upper in [next_town("spearman", row[:-1], 0.9).interval]
    ]
    assert 0.87 <= np.mean(held) <= 0.95


def held_out(towns: dict[str, float], model="tuned", metric="r2", width=0.1) -> pl.DataFrame:
    rows = [
        {
            **{"authority_code": code, "target": "t", "encoder": "e", "features": "f"},
            **{"model": model, "group_name": "all", "validation": "authorities", "repeat": 1},
            **{"fold": 0, "metric": metric, "value": value, "area_count": 40},
            **{"lower": value - width, "upper": value + width, "interval_level": 0.9},
        }
        for code, value in towns.items()
    ]
    return TABLES["held_out_scores"].frame(
        [{name: row.get(name) for name in TABLES["held_out_scores"].schema} for row in rows]
    )


def test_every_model_has_a_row_and_images_their_gain_over_place():
    place, both = {"E1": 0.1, "E2": 0.3, "E3": 0.2}, {"E1": 0.4, "E2": 0.5, "E3": 0.5}
    scores = pl.concat([held_out(place, "place"), held_out(both, "place_and_images")])
    table = next_town_scores(scores, 0.9)
    check_contract(TABLES["next_town_scores"], table)
    assert table.select("model", "metric").rows() == [
        ("place", "r2"), ("place_and_images", "r2"), ("place_and_images", GAIN)
    ]  # fmt: skip
    gain = table.filter(metric=GAIN).row(0, named=True)
    assert gain["value"] == pytest.approx(np.mean([0.3, 0.2, 0.3]))
    assert (gain["town_count"], gain["area_count"]) == (3, 120)
    assert gain["between_share"] is None


def test_chance_is_told_from_towns_that_differ():
    rng = np.random.default_rng(1)
    towns = {f"E{one:02}": 0.4 + 0.2 * rng.normal() for one in range(20)}
    share = [
        next_town_scores(held_out(towns, width=width), 0.9)["between_share"].item()
        for width in (0.02, 0.4)
    ]
    assert share[0] > 0.9
    assert share[1] < 0.6
    assert next_town_scores(TABLES["held_out_scores"].frame(), 0.9).is_empty()
