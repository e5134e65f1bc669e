"""Scores by the years between images and target: what is planted is told, chance is not."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.results.age_gap import age_gap_scores, classes_told, growth_told
from streetview_assets.tables.registry import TABLES, check_contract

AREAS = 500
MEASURED_ON = date(2019, 1, 1)


@pytest.fixture(scope="module")
def measure(quick, scored):
    """Scores areas whose errors grow by so much in a year, and gives them with their gaps."""

    def of(growth=0.0, seed=0, measured_on=MEASURED_ON, dated=True):
        rng = np.random.default_rng(seed)
        gap, known = rng.uniform(0, 7, size=AREAS), rng.normal(size=AREAS)
        observed = known + (0.5 + growth * gap) * rng.normal(size=AREAS)
        side = np.where(rng.random(AREAS) < 0.5, -1, 1)
        dates = [MEASURED_ON + timedelta(days=round(365.2425 * one)) for one in side * gap]
        predictions = pl.DataFrame(
            {
                "area_code": [f"A{one:04}" for one in range(AREAS)],
                "observed": observed,
                "predicted": known,
            }
        )
        traits = predictions.select("area_code").with_columns(
            authority_code=pl.lit("E1"),
            easting_m=pl.Series(1e5 * rng.random(AREAS)),
            northing_m=pl.Series(1e5 * rng.random(AREAS)),
            captured_on=pl.Series(dates if dated else [None] * AREAS, dtype=pl.Date),
        )
        rows = age_gap_scores(predictions, traits, measured_on, scored(quick()), "blocks")
        return rows, gap, np.abs(observed - known)

    return of


def test_values_are_those_of_a_reckoning_by_hand_whichever_came_first(measure):
    rows, gap, error = measure(growth=0.1)
    check_contract(TABLES["age_gap_scores"], rows)
    near = rows.filter(group_name="2 to 4 years", metric="rmse").row(0, named=True)
    mine = (gap >= 2) & (gap < 4)
    assert near["value"] == pytest.approx(np.sqrt(np.mean(error[mine] ** 2)), rel=1e-2)
    assert near["gap_years"] == pytest.approx(gap[mine].mean(), rel=1e-2)
    growth = rows.filter(metric="error_per_year").row(0, named=True)
    assert growth["value"] == pytest.approx(np.polyfit(gap, error, 1)[0], rel=1e-2)
    assert growth["lower"] > 0
    assert growth_told(rows).startswith("Errors grow as imagery and target lie apart: 0.0")
    assert list(classes_told(rows)) == ["0 to 1 years", "1 to 2 years", "2 to 4 years",
                                        "4 to 8 years"]  # fmt: skip


def test_chance_is_not_told_for_growth(measure):
    told = [growth_told(measure(seed=seed)[0]) for seed in range(12)]
    assert sum("not shown to grow" in one for one in told) >= 11


@pytest.mark.parametrize("without", [{"measured_on": None}, {"dated": False}])
def test_without_dates_nothing_is_scored(measure, without):
    rows, *_ = measure(**without)
    assert rows.is_empty()
    assert growth_told(rows) == ""
