from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.evaluations.selection import headline, select_models
from streetview_assets.tables.registry import TABLES, check_contract


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(width=60, noise=0.25)


@pytest.fixture(scope="module")
def selection(data, quick, scored):
    settings = quick(
        candidates=("ridge", "kernel_ridge", "pls", "gradient_boosting"), trials=6, folds=3
    )
    return select_models(data, scored(settings, 42))


def test_scores_and_predictions_keep_their_contracts(selection, data):
    check_contract(TABLES["model_scores"], selection.scores)
    check_contract(TABLES["predictions"], selection.predictions)
    models = selection.predictions["model"].unique()
    assert selection.predictions.height == (3 * len(data) + 18) * len(models)


def test_validations_stand_side_by_side_with_the_baselines_beside_the_models(selection):
    pooled = selection.scores.filter(pl.col("fold") == 0, pl.col("metric") == "r2")
    both = pooled.group_by("model").agg(pl.col("validation").sort())
    assert set(both["model"]) == {
        "tuned", "ridge", "kernel_ridge", "pls", "gradient_boosting",
        "mean", "place", "image_count", "mean_colour", "place_and_images",
        "images_around", "images_calibrated", "images_kriged", "composite",
    }  # fmt: skip
    every = ["blocks", "holdout", "knndm", "random"]
    assert all(names.to_list() == every for names in both["validation"])
    assert headline(selection.scores)["value"] == pytest.approx(
        pooled.filter(pl.col("model") == "tuned", pl.col("validation") == "knndm")["value"].item()
    )


def test_influence_on_models_of_place_is_of_every_fold_in_which_an_area_was_learned_from(selection):
    known = selection.predictions.drop_nulls("influence")
    assert {"place", "place_and_images"} == set(known["model"])
    assert set(known["validation"]) == {"random", "knndm", "blocks"}, "a hold-out predicts some"
    # Were every value higher by one, so would be every prediction that is not cut off.
    for (_, model), rows in known.group_by("validation", "model"):
        if model == "place":
            assert rows["influence"].sum() == pytest.approx(rows["residual"].sum(), abs=1e-6)
        assert rows["influence"].std() > 0


def test_pooled_scores_are_those_of_the_published_predictions(selection, pooled, told):
    for validation in ("random", "blocks"):
        rows = selection.predictions.filter(
            pl.col("model") == "tuned", pl.col("validation") == validation
        )
        observed, predicted = rows["observed"].to_numpy(), rows["predicted"].to_numpy()
        unexplained = np.sum((observed - predicted) ** 2) / np.sum(
            (observed - observed.mean()) ** 2
        )
        score = pooled(selection.scores, "tuned", validation)
        assert score["value"] == pytest.approx(1 - unexplained)
        assert told(score)
        inside = (rows["lower"] <= rows["observed"]) & (rows["observed"] <= rows["upper"])
        covered = pooled(selection.scores, "tuned", validation, "coverage")["value"]
        assert covered == pytest.approx(inside.mean())
        assert covered == pytest.approx(0.9, abs=0.08)


def test_residuals_are_tested_for_what_is_left_in_space(selection, pooled):
    observed = pooled(selection.scores, "observed", "blocks", "morans_i")["value"]
    assert observed > 0.3
    assert pooled(selection.scores, "observed", "blocks", "morans_p")["value"] == 0.001
    assert pooled(selection.scores, "tuned", "blocks", "morans_i")["value"] < observed


def test_place_alone_scores_at_random_and_not_by_blocks(areas_of, quick, scored, pooled):
    """Vectors that show nothing but where they are: a random split flatters them."""
    data = areas_of(columns=12, rows=12, side_m=400)
    rng = np.random.default_rng(5)
    centres = data.place_m[rng.choice(len(data), 60)]
    distance = np.linalg.norm(data.place_m[:, None] - centres, axis=2)
    leaky = replace(data, vectors=np.exp(-((distance / 500) ** 2)))
    scores = select_models(leaky, scored(quick(candidates=("kernel_ridge",)), 1)).scores
    flattered = pooled(scores, "tuned", "random")["value"]
    assert flattered > 0.4
    assert flattered > pooled(scores, "tuned", "blocks")["value"] + 0.3


def test_the_order_of_rows_and_folds_computed_at_once_change_nothing(
    data, quick, scored, monkeypatch
):
    data = data.take(np.arange(0, len(data), 2))
    settings = quick(candidates=("ridge", "gradient_boosting"), folds=2)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    first = select_models(data, scored(settings, 7))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    order = np.random.default_rng(0).permutation(len(data))
    second = select_models(data.take(order), scored(settings, 7))
    assert_frame_equal(first.scores, second.scores, abs_tol=1e-9, rel_tol=1e-9)
    assert_frame_equal(first.predictions, second.predictions, abs_tol=1e-9, rel_tol=1e-9)
    other = select_models(data, scored(quick(candidates=("ridge",), folds=2), 8))
    both = set(first.predictions["predicted"]) & set(other.predictions["predicted"])
    assert both <= set(data.observed), "only what was kept at the end of the values learned from"


def test_too_few_areas_are_a_result_that_says_so(data, quick, scored):
    result = select_models(data.take(np.arange(7)), scored(quick(), 1))
    check_contract(TABLES["model_scores"], result.scores)
    row = result.scores.row(0, named=True)
    assert result.scores.height == 1
    assert (row["metric"], row["value"], row["area_count"]) == ("r2", None, 7)
    assert row["note"] == "too few areas: 7, at least 10 needed"
    assert result.predictions.is_empty()
    assert result.note == row["note"]


def test_ten_areas_are_enough_for_a_model(data, quick, scored):
    result = select_models(data.take(np.arange(10) * 7), scored(quick(), 1))
    check_contract(TABLES["model_scores"], result.scores)
    assert headline(result.scores) is not None
    assert result.note is None


def test_areas_of_one_block_have_random_scores_and_a_reason_for_the_rest(
    data, quick, scored, pooled
):
    result = select_models(data, scored(quick(block_km=900), 1))
    check_contract(TABLES["model_scores"], result.scores)
    refused = pooled(result.scores, "tuned", "blocks")
    assert refused["value"] is None
    assert refused["note"] == "no score: the areas lie in 1 block of 900 km, at least 2 needed"
    assert pooled(result.scores, "tuned", "random")["value"] > 0
    assert set(result.predictions["validation"]) == {"random", "holdout", "knndm"}


def test_what_is_left_out_has_a_row_that_says_why(data, quick, scored, pooled):
    colours = data.mean_colour.copy()
    colours[3] = np.nan
    result = select_models(replace(data, mean_colour=colours), scored(quick(), 1))
    assert pooled(result.scores, "mean_colour", "blocks")["note"] == (
        "left out: no mean colour of 1 area"
    )
    assert "mean_colour" not in set(result.predictions["model"])


def test_a_candidate_beyond_its_most_areas_has_a_row_that_says_so(
    data, quick, scored, pooled, monkeypatch
):
    small = replace(CANDIDATES["pls"], most_areas=50)
    monkeypatch.setitem(CANDIDATES, "pls", small)
    result = select_models(data, scored(quick(), 1))
    for validation in ("random", "blocks"):
        row = pooled(result.scores, "pls", validation)
        assert (row["value"], row["note"]) == (None, "left out: 90 areas, it takes at most 50")
    assert "pls" not in set(result.predictions["model"])
    alone = select_models(data, scored(quick(candidates=("pls",)), 1))
    assert alone.note == "pls left out: 90 areas, it takes at most 50"
    assert alone.predictions.is_empty()


def test_vectors_of_another_encoder_are_a_baseline(data, quick, scored, pooled):
    extra = {"colour-texture": data.vectors[:, :10]}
    result = select_models(replace(data, extra=extra), scored(quick(), 1))
    assert pooled(result.scores, "colour-texture", "blocks")["value"] > 0


def test_a_target_that_never_varies_has_no_scores_but_ends(data, quick, scored, pooled):
    flat = replace(data, observed=np.full(len(data), 5.0))
    result = select_models(flat, scored(quick(), 1))
    check_contract(TABLES["model_scores"], result.scores)
    row = pooled(result.scores, "tuned", "blocks")
    assert row["value"] is None
    assert row["note"] == "not defined: the observed values are all the same"


def test_progress_ends_at_its_total(data, quick, scored):
    seen = []
    select_models(data, scored(quick()), on_progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (10, 10)
