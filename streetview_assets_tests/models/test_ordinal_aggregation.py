"""Rules that make an area's decile, by hand; scores of deciles against scikit-learn."""

import numpy as np
import polars as pl
import pytest
from scipy.special import logit
from scipy.stats import pearsonr
from sklearn.metrics import accuracy_score, cohen_kappa_score, mean_absolute_error

from streetview_assets.models.ordinal.aggregation import RULES, to_areas
from streetview_assets.models.ordinal.baseline import by_nearest_areas
from streetview_assets.models.ordinal.decile_chart import draw_deciles
from streetview_assets.models.ordinal.score_rows import (
    METRICS,
    count_table,
    measure_tables,
    ordinal_score_rows,
)
from streetview_assets.tables.registry import TABLES, check_contract


def points(**of_area):
    """Points of areas, each given as pairs of decile and continuous output."""
    return pl.DataFrame(
        [
            {"area_code": area, "observed": 5, "decile": decile, "continuous": continuous}
            for area, pairs in of_area.items()
            for decile, continuous in pairs
        ],
        schema={"area_code": pl.String, "observed": pl.Int64, "decile": pl.Int64,
                "continuous": pl.Float64},
    )  # fmt: skip


def test_the_mean_of_outputs_is_taken_before_the_decile():
    # p = 0.5 lies between decile 5 and 6; a little above it is the sixth.
    low, high = logit(0.02), -logit(0.02) + 0.4
    made = to_areas(points(A=[(1, low), (10, high)], B=[(2, logit(0.15)), (2, logit(0.15))]))
    assert made["mean_continuous"].to_list() == [6, 2]
    assert made["point_count"].to_list() == [2, 2]


def test_deciles_of_points_are_averaged_counted_and_rounded_to_even():
    made = to_areas(
        points(
            A=[(2, 0.0), (3, 0.0)],
            B=[(1, 0.0), (1, 0.0), (10, 0.0)],
            C=[(4, 0.0), (4, 0.0), (7, 0.0), (7, 0.0), (1, 0.0)],
        )
    )
    assert made["mean_decile"].to_list() == [2, 4, 5]  # 2.5, 4, 4.6
    assert made["median_decile"].to_list() == [2, 1, 4]
    assert made["majority"].to_list() == [2, 1, 6]  # of 2 and 3, of 4 and 7: their mean


def test_a_cut_of_all_points_fills_the_deciles_whatever_the_outputs_are():
    outputs = np.linspace(2, 3, 40)
    areas = {f"A{n:02}": [(9, outputs[2 * n]), (9, outputs[2 * n + 1])] for n in range(20)}
    made = to_areas(points(**areas))
    assert made["cut_points"].to_list() == sorted([*range(1, 11)] * 2)
    assert made["cut_areas"].to_list() == sorted([*range(1, 11)] * 2)
    assert made["mean_continuous"].min() == 9


def test_equal_outputs_share_a_tenth():
    made = to_areas(points(**{f"A{n:02}": [(5, 0.0)] for n in range(12)}, B=[(6, 1.0)]))
    assert made["cut_areas"].to_list() == [1] * 12 + [10]


def test_nothing_depends_on_the_order_of_points():
    rng = np.random.default_rng(1)
    drawn = points(
        **{f"A{n}": [(int(rng.integers(1, 11)), float(h)) for h in rng.normal(size=7)]
           for n in range(9)}
    )  # fmt: skip
    assert to_areas(drawn).equals(to_areas(drawn.sample(fraction=1, shuffle=True, seed=3)))


def test_scores_are_those_of_scikit_learn_and_scipy():
    rng = np.random.default_rng(0)
    observed = rng.integers(1, 11, size=300)
    predicted = np.clip(observed + rng.integers(-3, 4, size=300), 1, 10)
    ours = {m: v[0] for m, v in measure_tables(count_table(observed, predicted)[None]).items()}
    theirs = {
        "pearson_r": pearsonr(observed, predicted)[0],
        "mae": mean_absolute_error(observed, predicted),
        "quadratic_kappa": cohen_kappa_score(observed, predicted, weights="quadratic"),
        "within_one": np.mean(np.abs(observed - predicted) <= 1),
        "accuracy": accuracy_score(observed, predicted),
    }
    assert ours == pytest.approx(theirs, abs=1e-9)
    constant = measure_tables(count_table(observed, np.full(300, 4))[None])
    assert np.isnan(constant["pearson_r"][0])
    assert constant["quadratic_kappa"][0] == pytest.approx(0)


def outputs_of(area_count, points_each=3, share_added=0.0, validation="random", seed=0):
    rng = np.random.default_rng(seed)
    observed = np.arange(area_count) % 10 + 1
    rows = [
        {
            "point_id": f"{area}_{n}",
            "area_code": f"A{area:03}",
            "target": "score",
            "encoder": "made-up",
            "fold": area % 4 + 1,
            "validation": validation,
            "continuous": logit((observed[area] - 0.5) / 10) + rng.normal() / 3,
            "decile": int(np.clip(observed[area] + rng.integers(-1, 2), 1, 10)),
            "observed": int(observed[area]),
            "share_added": share_added,
        }
        for area in range(area_count)
        for n in range(points_each)
    ]
    return TABLES["ordinal_outputs"].frame(rows)


AREAS = pl.DataFrame(
    {
        "area_code": [f"A{n:03}" for n in range(80)],
        "authority_code": ["E"] * 40 + ["W"] * 40,
        "longitude": [n / 100 for n in range(80)],
        "latitude": [50.0] * 80,
    }
)


# In a row, eight to a square.
PLACES = AREAS.select("area_code").with_columns(
    easting_m=pl.int_range(80) * 250.0, northing_m=pl.lit(0.0)
)


def test_scores_come_by_rule_and_authority_with_intervals():
    outputs = outputs_of(80)
    scores = ordinal_score_rows(outputs, AREAS, PLACES, level=0.9, seed=1)
    check_contract(TABLES["ordinal_scores"], scores)
    assert set(scores["group_name"]) == {"all", "E", "W"}
    assert set(scores["rule"]) == {*RULES, "most_probable", "coordinates"}
    assert set(scores["metric"]) == set(METRICS)
    assert (scores["lower"] <= scores["value"] + 1e-9).all()
    assert (scores["upper"] >= scores["value"] - 1e-9).all()
    at_points = scores.filter(group_name="all", unit="points", metric="mae")
    error = (outputs["decile"] - outputs["observed"]).abs().mean()
    assert at_points["value"].item() == pytest.approx(error)
    assert at_points["unit_count"].item() == 240
    assert scores.equals(ordinal_score_rows(outputs.reverse(), AREAS, PLACES, level=0.9, seed=1))


def test_an_interval_is_wider_where_near_areas_are_wrong_together():
    widths = {}
    for together in (1, 4):
        wrong = np.repeat(np.random.default_rng(3).random(80 // together) < 0.5, together)
        outputs = outputs_of(80, points_each=1).with_columns(
            continuous=pl.Series(logit((np.arange(80) % 2 + 3.5) / 10)),
            observed=pl.Series(np.where(wrong, 9, 4)),
        )
        scores = ordinal_score_rows(outputs, AREAS, PLACES, level=0.9, seed=1)
        mae = scores.filter(group_name="all", rule="mean_continuous", metric="mae")
        widths[together] = (mae["upper"] - mae["lower"]).item()
    assert widths[4] > 1.5 * widths[1]


def test_of_two_authorities_held_out_there_is_no_interval_over_both_and_it_says_why():
    outputs = outputs_of(80, validation="authorities")
    scores = ordinal_score_rows(outputs, AREAS, PLACES, level=0.9, seed=1)
    both = scores.filter(group_name="all")
    assert both["value"].null_count() == 0
    assert both["lower"].null_count() == both.height
    assert set(both["note"]) == {
        "no interval: as uncertain as 2 independent held-out groups, at least 10 needed"
    }


def test_the_chart_counts_areas_and_names_validation_and_score():
    outputs = pl.concat([outputs_of(80), outputs_of(80, validation="blocks", seed=3)])
    figure = draw_deciles(outputs, title="a study", credit="whom we owe")
    random, blocks = figure.axes
    assert random.get_title().startswith("random folds\nweighted kappa = 0.9")
    assert blocks.get_title().endswith("80 areas")
    assert sum(int(text.get_text()) for text in blocks.texts) == 80
    assert draw_deciles(outputs.with_columns(observed=None), title="a study") is None


def test_shares_that_were_added_are_scored_on_the_same_areas():
    alone = outputs_of(80, validation="authorities")
    tuned = outputs_of(80, validation="authorities", share_added=0.05, seed=2)
    tuned = tuned.filter(~pl.col("area_code").is_in(["A003", "A044"]))
    scores = ordinal_score_rows(pl.concat([alone, tuned]), AREAS, PLACES, level=0.9, seed=1)
    counts = scores.filter(group_name="all").group_by("share_added").agg(pl.col("area_count").max())
    assert dict(counts.iter_rows()) == {0.0: 78, 0.05: 78}


def test_the_baseline_of_coordinates_never_sees_an_area_of_its_own_fold():
    outputs = outputs_of(40, points_each=1)
    made = by_nearest_areas(outputs.with_columns(fold=pl.lit(1)), AREAS)
    assert made["coordinates"].null_count() == 40
    one = outputs.with_columns(
        fold=pl.when(pl.col("area_code") == "A000").then(1).otherwise(2),
        observed=pl.when(pl.col("area_code") == "A000").then(10).otherwise(pl.lit(3)),
    )
    made = dict(by_nearest_areas(one, AREAS).iter_rows())
    assert made["A000"] == 3
    assert made["A001"] == 10
