"""Heavy tails, ranks and the outer deciles: what the ends of a target do to its scores."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from streetview_assets.metrics import OF_RANKS, measure
from streetview_assets.models.metrics.heavy_tails import HEAVY, largest_robust_z
from streetview_assets.models.metrics.morans_i import neighbour_weights
from streetview_assets.models.results.findings import findings
from streetview_assets.models.results.rows import scores_frame
from streetview_assets.models.results.tail_rows import tail_rows
from streetview_assets.models.results.validation_rows import resamples_of, score_rows
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.tables.registry import TABLES

TENTH = 1.755
"""Mean distance of the outer tenths of a normal distribution from its middle, in its deviations."""


@pytest.fixture
def told(areas_of, quick, scored):
    """Score given predictions of given values under blocks: the rows by metric, and sentences."""
    areas = areas_of(columns=20, rows=20)

    def tell(observed, predicted):
        data = replace(areas.take(range(len(observed))), observed=observed)
        nowhere = {"tuned": np.full(len(data), np.nan)}
        split = OutOfFold(
            areas=data, validation="blocks", repeat=1, fold=np.arange(len(data)) % 5 + 1,
            predicted={"tuned": predicted}, lower=nowhere, upper=nowhere,
            competing=Competitors([], [], {}), block=np.arange(len(data)) // 8,
            distance_m=np.full(len(data), np.nan), learned_share=np.full(len(data), 0.8),
        )  # fmt: skip
        scoring = scored(quick())
        rows = tail_rows(scoring, split, resamples_of(split, 1))
        scores = scores_frame(score_rows(scoring, split, neighbour_weights(data.geometry)))
        said = findings(scores, TABLES["gains"].frame(), scoring, "blocks")
        return {row["metric"]: row for row in rows}, " ".join(said["sentence"])

    return tell


def halves(seed=0, size=400):
    """A normal value of which half of the variance is predicted, as well as can be."""
    known, unknown = np.random.default_rng(seed).normal(size=(2, size))
    return 1000 + 100 * (known + unknown), 1000 + 100 * known


def test_the_outer_deciles_are_predicted_towards_the_middle_by_the_share_that_is_not_told(told):
    rows, said = told(*halves())
    expected = 0.5 * TENTH * np.sqrt(2) * 100
    low, high = rows["bias_of_lowest_decile"], rows["bias_of_highest_decile"]
    assert low["lower"] < expected < low["upper"]
    assert high["lower"] < -expected < high["upper"]
    assert (low["area_count"], high["area_count"]) == (40, 40)
    assert (
        f"lowest decile of the target are predicted {low['value']:.0f} too high on average" in said
    )
    assert f"highest decile of the target are predicted {-high['value']:.0f} too low" in said
    assert f"interval {-high['upper']:.0f} to {-high['lower']:.0f})" in said
    assert "heavy tails" not in said


def test_of_equal_values_at_the_edge_of_a_tenth_each_counts_in_part(told):
    values = np.random.default_rng(0).permutation(np.repeat([1.0, 4.0, 9.0], [5, 300, 95]))
    predicted = np.where(values == 4, 4.0 + np.arange(400) % 2, 4.0)
    rows, _ = told(values, predicted)
    among_the_tied = np.mean(predicted[values == 4] - 4)
    expected = (5 * 3 + 35 * among_the_tied) / 40
    assert rows["bias_of_lowest_decile"]["value"] == pytest.approx(expected)
    assert rows["bias_of_highest_decile"]["value"] == -5


def test_a_tenth_of_few_areas_has_no_interval_and_says_so(told):
    rows, said = told(*halves(size=80))
    low = rows["bias_of_lowest_decile"]
    assert (low["lower"], low["area_count"]) == (None, 8)
    assert low["note"] == "no interval: 8 areas in the decile, at least 10 needed"
    assert f"{low['value']:.0f} too high on average (no interval)" in said


def test_one_outlier_is_told_with_the_score_of_ranks_beside_its_r2(told):
    observed, predicted = halves()
    observed[17] = 1e6
    rows, said = told(observed, predicted)
    farthest, ranks = rows["largest_robust_z"], rows["r2_of_ranks"]
    assert (farthest["model"], ranks["model"]) == ("observed", "tuned")
    assert farthest["value"] > 1000
    assert ranks["value"] > 0.4
    assert ranks["lower"] < ranks["value"] < ranks["upper"]
    assert "imd_rank has heavy tails or an outlier" in said
    assert f"on ranks R² is {ranks['value']:.2f} (90% interval" in said
    assert "on values 0.00" in said


def test_an_order_that_is_told_better_than_the_values_is_said(told):
    observed, predicted = halves()
    _, said = told(observed, 1000 + (predicted - 1000) / 10)
    assert "The order of areas is told better than their values: on ranks R² is 0.5" in said


@given(st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_r2_of_ranks_is_that_of_scipys_ranks_with_its_sign(seed):
    observed, predicted = np.random.default_rng(seed).integers(0, 9, size=(2, 30)).astype(float)
    rho = spearmanr(observed, predicted).statistic
    found = measure(observed, predicted, OF_RANKS)["r2_of_ranks"]
    assert found == pytest.approx(rho * abs(rho))


def test_tails_are_heavy_where_no_normal_value_lies():
    rng = np.random.default_rng(3)
    assert largest_robust_z(rng.normal(size=30_000)) < 6
    assert largest_robust_z(rng.exponential(size=300) * 1e6) < 12
    assert largest_robust_z(np.exp(1.5 * rng.normal(size=300))) > HEAVY
    mostly_zero = np.array([0.0] * 8 + [1.0, 2.0])
    assert largest_robust_z(mostly_zero) == pytest.approx(2 * 0.7979 / 0.3)
    assert largest_robust_z(np.full(9, 3.0)) is None


def test_rows_of_the_target_are_there_without_a_model(told):
    rows, _ = told(np.full(400, 2.0), np.full(400, 2.0))
    assert rows["largest_robust_z"]["note"] == "not defined: the values are all the same"
    assert pl.DataFrame(rows["r2_of_ranks"])["value"].is_null().all()
