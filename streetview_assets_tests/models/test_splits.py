"""The ways to hold areas out that a study can name: a hold-out, repeats, a buffer."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, r2_score
from sklearn.model_selection import train_test_split

from streetview_assets.areas.standing import deciles_among
from streetview_assets.models.data.splits import TooFewGroupsError, holdout_split
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.validation.competitors import Competitors, competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.out_of_fold import folds_of
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.tables.registry import TABLES, check_contract


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(width=20, noise=0.3)


@pytest.fixture(scope="module")
def selection(data, quick, scored):
    return select_models(data, scored(quick(repeats=3), 42))


def alone(data, settings):
    return Competitors(competitors_for(data, settings).candidates, [], {})


def rows_of(selection, model, validation):
    return selection.predictions.filter(
        pl.col("model") == model, pl.col("validation") == validation, pl.col("repeat") == 1
    )


def test_the_hold_out_is_that_of_scikit_learn_on_areas_by_code(selection, data, pooled):
    codes = sorted(data.area_codes)
    learned, expected = train_test_split(codes, test_size=0.2, random_state=42)
    held_out = rows_of(selection, "tuned", "holdout")
    assert held_out["area_code"].to_list() == sorted(expected)
    shuffled = [codes[place] for place in np.random.default_rng(0).permutation(len(codes))]
    train, test = holdout_split(shuffled, 0.2, 42)
    assert sorted(shuffled[row] for row in test) == sorted(expected)
    assert [shuffled[row] for row in train] == learned
    score = pooled(selection.scores, "tuned", "holdout")
    assert score["area_count"] == len(expected)
    assert score["value"] == pytest.approx(
        r2_score(held_out["observed"], held_out["predicted"]), abs=1e-9
    )


def test_what_is_held_out_once_changes_neither_its_predictions_nor_their_intervals(data, quick):
    settings = quick()
    honest = cross_validate(alone(data, settings), data, settings, "holdout", 1)
    observed = data.observed.copy()
    observed[np.isin(data.area_codes, honest.areas.area_codes)] *= -1e6
    spoiled = replace(data, observed=observed)
    after = cross_validate(alone(data, settings), spoiled, settings, "holdout", 1)
    assert honest.areas.area_codes == after.areas.area_codes
    for model, predicted in honest.predicted.items():
        assert np.array_equal(predicted, after.predicted[model])
        assert np.array_equal(honest.lower[model], after.lower[model])
        assert np.array_equal(honest.upper[model], after.upper[model])


def test_a_hold_out_can_be_left_out_or_leave_too_few_to_learn_from(data, quick, scored, pooled):
    few = data.take(np.arange(0, 90, 6))
    settings = {"candidates": ("ridge",), "trials": 1, "folds": 2}
    without = select_models(few, scored(quick(holdout=None, **settings), 1))
    assert set(without.scores["validation"]) == {"random", "blocks", "knndm"}
    most = select_models(few, scored(quick(holdout=0.8, **settings), 1))
    assert pooled(most.scores, "tuned", "holdout")["note"] == (
        "no score: the hold-out leaves 3 of 15 areas to learn from, at least 5 needed"
    )


def test_repeats_are_other_random_folds_and_the_first_is_as_without(selection, data, quick, pooled):
    check_contract(TABLES["model_scores"], selection.scores)
    check_contract(TABLES["predictions"], selection.predictions)
    tuned = selection.scores.filter(
        pl.col("model") == "tuned", pl.col("metric") == "r2", pl.col("fold") == 0
    )
    by_repeat = dict(
        tuned.filter(pl.col("validation") == "random").select("repeat", "value").rows()
    )
    assert set(by_repeat) == {1, 2, 3}
    assert len(set(by_repeat.values())) == 3
    assert set(tuned.filter(pl.col("validation") != "random")["repeat"]) == {1}
    once = cross_validate(alone(data, quick()), data, quick(), "random", 42)
    assert r2_score(data.observed, once.predicted[TUNED]) == pytest.approx(by_repeat[1])
    values = np.array(list(by_repeat.values()))
    mean = pooled(selection.scores, "tuned", "random", "r2_mean_of_repeats")
    spread = pooled(selection.scores, "tuned", "random", "r2_sd_of_repeats")
    assert mean["value"] == pytest.approx(values.mean())
    assert spread["value"] == pytest.approx(values.std())
    folds = rows_of(selection, "tuned", "random")["fold"]
    second = selection.predictions.filter(model="tuned", validation="random", repeat=2)["fold"]
    assert folds.to_list() != second.to_list()


def test_deciles_of_every_model_are_scored_as_scikit_learn_does(selection, data, pooled, told):
    for model in ("tuned", "ridge", "place"):
        for validation in ("blocks", "holdout"):
            rows = rows_of(selection, model, validation)
            truth = deciles_among(rows["observed"].to_numpy(), data.observed)
            guess = deciles_among(rows["predicted"].to_numpy(), data.observed)
            accuracy = pooled(selection.scores, model, validation, "decile_accuracy")
            kappa = pooled(selection.scores, model, validation, "decile_kappa")
            assert accuracy["value"] == pytest.approx(accuracy_score(truth, guess))
            assert kappa["value"] == pytest.approx(
                cohen_kappa_score(truth, guess, weights="quadratic", labels=range(1, 11))
            )
            assert told(kappa)


def test_a_buffer_keeps_the_neighbours_of_a_block_from_its_training(data, quick):
    settings = quick(buffer_km=1.0, candidates=("ridge",), trials=1)
    split = cross_validate(alone(data, settings), data, settings, "blocks", 1)
    first = folds_of(data, "blocks", settings, 1)[0]
    held_out, learning = first.held_out, first.learning
    assert np.array_equal(held_out, split.fold == 1)
    apart = data.place_m[:, None] - data.place_m[held_out]
    assert np.array_equal(learning, np.linalg.norm(apart, axis=2).min(axis=1) > 1_000)
    near = ~learning & ~held_out
    assert near.any()
    spoiled = replace(data, observed=np.where(near, 1e6, data.observed))
    after = cross_validate(alone(data, settings), spoiled, settings, "blocks", 1)
    assert np.array_equal(split.predicted[TUNED][held_out], after.predicted[TUNED][held_out])


def test_a_buffer_that_leaves_too_few_is_refused(data, quick):
    settings = quick(buffer_km=50)
    with pytest.raises(TooFewGroupsError, match="a buffer of 50 km leaves 0 of 90 areas"):
        cross_validate(alone(data, settings), data, settings, "blocks", 1)


def test_coverage_is_measured_by_authority_and_over_blocks(selection, data, pooled):
    held = rows_of(selection, "tuned", "blocks").with_columns(
        inside=pl.col("observed").is_between("lower", "upper")
    )
    authorities = dict(zip(data.area_codes, data.authority_codes, strict=True))
    by_authority = held.group_by(pl.col("area_code").replace_strict(authorities)).agg(
        pl.col("inside").mean()
    )
    rows = selection.scores.filter(
        pl.col("metric") == "coverage",
        pl.col("validation") == "blocks",
        pl.col("group_name").is_in(data.authority_codes),
    )
    assert dict(rows.filter(model="tuned").select("group_name", "value").rows()) == pytest.approx(
        dict(by_authority.rows())
    )
    assert set(rows["model"]) == {"tuned", "composite"}
    spread = pooled(selection.scores, "tuned", "blocks", "coverage_spread_over_space")
    inside = held["inside"].to_numpy()
    square = (data.place_m // 2_000) @ [1e6, 1]
    shares = [inside[square == one].mean() for one in set(square) if (square == one).sum() >= 5]
    assert spread["value"] == pytest.approx(np.std(shares))
    assert spread["note"].startswith(f"{len(shares)} blocks, coverage ")


def test_intervals_hold_what_they_promise_on_2_000_areas(areas_of, quick):
    data = areas_of(columns=50, rows=40, width=12, noise=0.3)
    settings = quick(candidates=("ridge",), trials=1, folds=5)
    competing = alone(data, settings)
    for validation in ("random", "blocks", "holdout"):
        split = cross_validate(competing, data, settings, validation, 1)
        assert split.inside(TUNED).mean() == pytest.approx(0.9, abs=0.03), validation
    unseen = cross_validate(competing, data, settings, "authorities", 1)
    assert 0.88 < unseen.inside(TUNED).mean() < 0.99, "never seen: wider, and so they hold"
