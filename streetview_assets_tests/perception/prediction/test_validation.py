"""Images are held out without leaks, and scored beside what they have to beat."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.data.splits import TooFewGroupsError
from streetview_assets.perception.prediction.predictors import best_k, predict
from streetview_assets.perception.prediction.rated import rated_images
from streetview_assets.perception.prediction.validation import rater_folds
from streetview_assets.perception.prediction.validation.evaluation import evaluate
from streetview_assets.perception.prediction.validation.folds import MODES, folds_of
from streetview_assets.perception.prediction.validation.out_of_fold import out_of_fold
from streetview_assets.perception.prediction.validation.scores import Ceiling, Scored, score_rows
from streetview_assets_tests.simulations.perception import no_agreement, plan, settings, town


@pytest.fixture(scope="module")
def made():
    return town(120, 1, per_unit=2)


@pytest.fixture(scope="module")
def rated(made):
    return rated_images(made.image_ratings, made.embeddings)


@pytest.fixture(scope="module")
def evaluated(made):
    return evaluate(
        made.image_ratings, made.ratings, no_agreement(), made.embeddings, plan(1, method="ridge")
    )


@pytest.mark.parametrize("mode", MODES)
def test_what_was_rated_as_one_is_held_out_as_one(rated, mode):
    fold = folds_of(rated, mode, 1.0, 0)
    assert len(np.unique(fold)) > 1
    for unit in np.unique(rated.units):
        assert len(set(fold[rated.units == unit])) == 1
    shuffled = np.random.default_rng(0).permutation(len(rated))
    assert (folds_of(rated.take(shuffled), mode, 1.0, 0) == fold[shuffled]).all()


def test_near_duplicates_of_two_units_are_one(made):
    first, other = "image 00000", "image 00050"
    alike = made.embeddings.with_columns(
        same_as=pl.when(image_id=other).then(pl.lit(first)).otherwise("same_as")
    )
    units = rated_images(made.image_ratings, alike).units
    assert units[0] == units[1] == units[50] == units[51]
    assert len(np.unique(units)) == 59


def test_an_image_rated_by_many_is_never_on_both_sides(made, rated, monkeypatch):
    sides = []

    def watched(train, test, *others, **named):
        sides.append((set(train.units), set(test.units), train, test))
        return predict(train, test, *others, **named)

    monkeypatch.setattr(rater_folds, "predict", watched)
    test, _ = rater_folds.raters_held_out(rated, made.ratings, settings(), 3)
    assert len(sides) == 5
    assert all(not learning & held_out for learning, held_out, _, _ in sides)
    assert len(np.unique(test.image_ids)) == len(test)


def test_what_held_out_raters_say_is_not_learned_from(made, rated):
    test, before = rater_folds.raters_held_out(rated, made.ratings, settings(), 3)
    changed = made.ratings.with_columns(
        value=pl.when(pl.col("image_id") == test.image_ids[0])
        .then(5 - pl.col("value"))
        .otherwise("value")
    )
    again, after = rater_folds.raters_held_out(rated, changed, settings(), 3)
    assert again.scores[0] != test.scores[0]
    for model, values in before.items():
        assert after[model][0] == values[0], model


def test_too_few_raters_or_images_say_so(made, rated):
    few = made.ratings.filter(pl.col("rater_id").is_in([f"rater {one}" for one in range(9)]))
    with pytest.raises(TooFewGroupsError, match="9 raters are known, at least 10 needed"):
        rater_folds.raters_held_out(rated, few, settings(), 0)
    with pytest.raises(TooFewGroupsError, match="at least 30 needed"):
        folds_of(rated.take(np.arange(40)), "random", 1.0, 0)
    with pytest.raises(TooFewGroupsError, match="0 rated whose place is known"):
        folds_of(replace(rated, place_m=rated.place_m * np.nan), "blocks", 1.0, 0)
    with pytest.raises(TooFewGroupsError, match="1 authority"):
        folds_of(rated.take(rated.authority_codes == "E1"), "authorities", 1.0, 0)


def test_the_number_of_neighbours_is_chosen_by_other_units(rated):
    # Where each image repeats the other of its unit, one neighbour would be perfect.
    twins = replace(rated, vectors=rated.vectors[np.arange(120) // 2 * 2])
    noise = replace(twins, scores=np.random.default_rng(0).normal(size=60).repeat(2))
    assert best_k(noise, settings(k=(1, 40))) == 40


def test_predictions_do_not_hang_on_how_many_folds_are_computed_at_once(rated, monkeypatch):
    fold = folds_of(rated, "random", 1.0, 0)
    told = []
    for granted in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", granted)
        told += out_of_fold([rated], fold, settings(), [True])
    one, several = told
    assert one.keys() == several.keys()
    assert all(np.array_equal(one[model], several[model]) for model in one)


def test_every_model_is_scored_under_every_validation(evaluated):
    scores, predictions = evaluated
    named = {(model, k) for model, k in scores.select("model", "k").iter_rows()}
    assert named == {
        ("chosen", 0), ("knn", 10), ("knn", 20), ("knn", 50), ("mean", 0),
        ("mean_colour", 0), ("place", 0), ("ridge", 0),
    }  # fmt: skip
    r2 = {
        (row["validation"], row["model"], row["k"]): row["value"]
        for row in scores.filter(metric="r2").iter_rows(named=True)
    }
    assert {name for name, _, _ in r2} == {"random", "raters", "blocks", "authorities", "published"}
    assert r2["random", "ridge", 0] > r2["random", "mean_colour", 0] > r2["random", "mean", 0]
    assert r2["random", "chosen", 0] == r2["random", "ridge", 0]
    assert predictions.filter(validation="random").height == 120
    assert (predictions["nearest_rated_id"] != predictions["image_id"]).all()


def test_more_neighbours_than_rated_images_are_told(made):
    few = made.image_ratings.head(80)
    how = plan(1, method="knn", k=(5, 72, 500))
    scores, _ = evaluate(few, made.ratings.head(0), no_agreement(), made.embeddings, how)
    random = {
        row["k"]: (row["value"], row["image_count"], row["note"])
        for row in scores.filter(validation="random", metric="r2", model="knn").to_dicts()
    }
    assert random[5][:2] == (pytest.approx(random[5][0]), 80)
    assert random[72][1:] == (80, None), "every fold leaves 72"
    assert random[500][0] is None
    assert "more neighbours than a fold leaves" in random[500][2]


def test_scores_do_not_depend_on_the_order_of_rows(made, evaluated):
    turned = evaluate(
        made.image_ratings[::-1], made.ratings[::-1], no_agreement(), made.embeddings[::-1],
        plan(1, method="ridge"),
    )  # fmt: skip
    for mine, theirs in zip(turned, evaluated, strict=True):
        assert mine.equals(theirs)


def test_r2_is_told_as_a_share_of_what_people_agree(rated):
    made = {("chosen", 0): np.random.default_rng(0).normal(size=120) * 0.1 + rated.scores}
    scored = Scored("safety", "all", "made_up", "images", 0.9, 0, Ceiling(0.8, 0.7, 0.9))
    rows = {row["metric"]: row for row in score_rows(scored, rated, made, "random")}
    share, r2 = rows["ceiling_share"], rows["r2"]
    assert share["value"] == pytest.approx(r2["value"] / 0.8)
    assert (share["lower"], share["upper"]) == (r2["lower"] / 0.9, r2["upper"] / 0.7)
    unknown = replace(scored, ceiling=Ceiling())
    (row,) = [
        row
        for row in score_rows(unknown, rated, made, "random")
        if row["metric"] == "ceiling_share"
    ]
    assert row["value"] is None
    assert "rating_agreement" in row["note"]
