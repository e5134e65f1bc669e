"""What moves a prediction: features without an image, known answers, and planted signs."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.clusters.group_embeddings import area_group_embeddings, label_groups
from streetview_assets.clusters.shares import label_shares
from streetview_assets.embeddings.vectors import unit
from streetview_assets.models.data.cluster_features import AreaImages
from streetview_assets.models.data.features import area_features
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.explanations.explained_models import (
    FINAL,
    ExplainedModel,
    final_model,
    fold_models,
    folds_by_area,
    model_of_all,
    models_of_folds,
)
from streetview_assets.models.explanations.features_left import FeatureMaker, ImagesOfArea
from streetview_assets.models.explanations.influence import influences
from streetview_assets.models.explanations.influence_rows import (
    InfluenceRows,
    add_influences,
    images_by_area,
)
from streetview_assets.pooling.pool import of_areas, pool_areas
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.simulations import planted_images

LABELS = ("field", "shop", "station")
EVERY_FEATURE = ("pooled_unit", "mean", "dispersion", "label_shares", "by_label")
WEIGHTS = np.array([3.0, -1.0, 0.5])


def linear(rows):
    return rows @ WEIGHTS


def area_of(vectors, same_as=None, labels=()):
    ids = tuple(f"image-{number}" for number in range(len(vectors)))
    return ImagesOfArea(ids, np.array(vectors, dtype=np.float32), same_as or ids, tuple(labels))


def only(area, predict=linear, statistic="mean"):
    (found,) = influences([area], FeatureMaker(("pooled",), statistic), predict, seed=1)
    return found


def lake_tables(count=5, width=4):
    """Two areas' images with vectors and labels, as tables of the lake."""
    rng = np.random.default_rng(3)
    ids = [f"i{number}" for number in range(2 * count)]
    common = {"authority_code": "E", "encoder": "made-up", "status": "ok"}
    embeddings = TABLES["image_embeddings"].frame(
        [common | {"image_id": one, "embedding": rng.normal(size=width).tolist()} for one in ids]
    )
    images = TABLES["images"].frame(
        [
            {"authority_code": "E", "image_id": one, "area_code": f"A{place // count}",
             "status": "ok", "is_current": True}
            for place, one in enumerate(ids)
        ]
    )  # fmt: skip
    best = ["field", "shop", "shop", "field", "shop"] + ["field"] * 4 + ["shop"]
    scores = TABLES["label_scores"].frame(
        [
            {"authority_code": "E", "image_id": one, "encoder": "made-up", "label": label,
             "similarity": 0.2, "probability": 0.3, "is_best": label == mine}
            for one, mine in zip(ids, best, strict=True) for label in LABELS
        ]
    )  # fmt: skip
    return images, embeddings, scores


def test_features_without_an_image_are_those_of_an_area_that_never_had_it():
    images, embeddings, scores = lake_tables()

    def whole(rows):
        groups = area_group_embeddings(label_groups(scores), rows, embeddings)
        return area_features(
            EVERY_FEATURE,
            pool_areas(rows, embeddings, encoder="made-up"),
            statistic="mean",
            encoder="made-up",
            label_shares=label_shares(scores, rows),
            label_embeddings=groups,
        ).values[0]

    own = images_by_area(of_areas(images, embeddings), images, scores)["A0"]
    maker = FeatureMaker(EVERY_FEATURE, "mean", LABELS, LABELS[:2])
    told = maker.of(own, np.ones(5, dtype=bool))
    assert told == pytest.approx(whole(images), abs=1e-6, nan_ok=True)
    for row, image_id in zip(maker.less_each(own), own.image_ids, strict=True):
        anew = whole(images.filter(pl.col("image_id") != image_id))
        assert row == pytest.approx(anew, abs=1e-6, nan_ok=True)


def test_the_influence_on_a_mean_is_known():
    """Without image i a linear model of the mean changes by w · (v_i - m) / (n - 1)."""
    vectors = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    found = only(area_of(vectors))
    exact = vectors.astype(np.float64)
    known = (exact - exact.mean(axis=0)) @ WEIGHTS / 11
    assert np.abs(np.array(list(found.of_images.values())) - known).max() < 1e-9
    assert found.predicted == pytest.approx(exact.mean(axis=0) @ WEIGHTS)
    assert found.top_tenth == pytest.approx(np.abs(known).max())


def test_images_that_are_all_but_the_same_go_together():
    vectors = np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    ids = ("image-0", "image-0", "image-2", "image-3")
    found = only(area_of(vectors, same_as=ids))
    assert list(found.of_images) == ["image-0", "image-2", "image-3"]
    assert found.copies["image-0"] == 2
    assert found.of_images["image-0"] == pytest.approx((6 - 1 + 0.5) / 4 - (-1 + 0.5) / 2)


def test_under_a_median_what_images_that_are_the_same_add_is_summed():
    vectors = np.random.default_rng(4).normal(size=(9, 3))
    ids = tuple(f"image-{number}" for number in (0, 0, *range(2, 9)))
    alone = only(area_of(vectors), statistic="median")
    found = only(area_of(vectors, same_as=ids), statistic="median")
    both = alone.of_images["image-0"] + alone.of_images["image-1"]
    assert found.of_images["image-0"] == pytest.approx(both)
    assert found.of_images["image-5"] == pytest.approx(alone.of_images["image-5"])
    words = only(area_of(vectors, labels=("shop", *["field"] * 8)), statistic="median").of_words
    assert words["shop"] == pytest.approx(
        linear(np.median(vectors, axis=0)) - linear(np.median(vectors[1:], axis=0)), abs=1e-6
    )


def test_images_of_other_areas_do_not_go_with_it():
    images, embeddings, _ = lake_tables()
    original = pl.when(pl.col("image_id").is_in(["i1", "i7"])).then(pl.lit("i0"))
    marked = images.with_columns(duplicate_of=original)
    areas = images_by_area(of_areas(images, embeddings), marked)
    assert areas["A0"].same_as == ("i0", "i0", "i2", "i3", "i4")
    assert areas["A1"].same_as == ("i5", "i6", "i7", "i8", "i9")


def test_a_word_goes_with_all_images_that_are_most_like_it():
    vectors = np.array([[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]])
    found = only(area_of(vectors, labels=("shop", "shop", "field", "field")))
    everything, fields = linear(vectors.mean(axis=0)), linear(vectors[2:].mean(axis=0))
    assert found.of_words["shop"] == pytest.approx(everything - fields)
    assert found.word_counts == {"field": 2, "shop": 2}


@pytest.fixture(scope="module")
def selected(areas_of, quick, scored):
    data = areas_of(columns=8, rows=8, width=8)
    settings = quick(candidates=("ridge", "kernel_ridge", "stack"), trials=2, holdout=None)
    scoring = scored(settings, 4)
    return data, scoring, select_models(data, scoring)


@pytest.mark.parametrize("validation", ["knndm", "blocks", "random"])
def test_the_models_of_folds_say_again_what_they_said_when_they_were_scored(selected, validation):
    data, scoring, selection = selected
    taken = fold_models(selection.trials, scoring)
    check_contract(TABLES["fold_models"], taken)
    held_out = selection.predictions.filter(validation=validation, model="tuned", repeat=1)
    said = dict(held_out.select("area_code", "predicted").iter_rows())
    fold_of = folds_by_area(selection.predictions, validation)
    vectors = dict(zip(data.area_codes, data.vectors, strict=True))
    models = models_of_folds(data, scoring, validation, taken)
    assert {one.fold for one in models} == set(fold_of.values())
    for model in models:
        mine = [code for code, fold in fold_of.items() if fold == model.fold]
        again = np.clip(model.predict(np.stack([vectors[code] for code in mine])), *ends(data))
        then = np.clip([said[code] for code in mine], *ends(data))
        inside = np.abs(again - then) < 1e-9
        # What was held inside the values of the fold's training part lies at its end.
        at_end = np.isin(then, [max(then), min(then)])
        assert (inside | at_end).all()
        assert inside.mean() > 0.8


def ends(data):
    return data.observed.min(), data.observed.max()


def test_what_is_fitted_to_all_is_told_and_fitted_again(selected):
    data, scoring, _ = selected
    told = final_model("ridge", {"alpha": 2.5}, scoring)
    check_contract(TABLES["final_model"], told)
    again = model_of_all(data, scoring, told)
    assert (again.name, again.validation, again.fold) == ("ridge", None, FINAL)
    assert np.corrcoef(again.predict(data.vectors), data.observed)[0, 1] > 0.5
    assert model_of_all(data, scoring, final_model(None, {}, scoring)) is None


class Linear:
    def predict(self, rows):
        return linear(rows)


def rows_of(areas, scored, quick, most=2):
    made = InfluenceRows()
    model = ExplainedModel("ridge", "knndm", 2, Linear())
    maker = FeatureMaker(("pooled",), "mean")
    add_influences(made, areas, model, maker, scored(quick()), most=most)
    frames = made.frames()
    for name, frame in frames.items():
        check_contract(TABLES[name], frame)
    return frames


def test_of_each_area_the_largest_are_told_and_the_others_summed(scored, quick):
    vectors = np.random.default_rng(1).normal(size=(30, 3))
    frames = rows_of({"A": area_of(vectors), "B": area_of(vectors[:8])}, scored, quick)
    (one,) = frames["area_influences"].filter(area_code="A").to_dicts()
    told = frames["image_influences"].filter(area_code="A").sort("side", "rank")
    assert told["rank"].to_list() == [1, 2, 1, 2]
    lowers, raises = told.filter(side="lowers"), told.filter(side="raises")
    assert lowers["change"].is_sorted()
    assert raises["change"].is_sorted(descending=True)
    assert lowers["change"].max() < 0 < raises["change"].min()
    assert one["untold_count"] == 26
    summed = told["change"].sum() + one["untold_change"]
    assert summed == pytest.approx(one["raised"] + one["lowered"])
    assert summed == pytest.approx(0, abs=1e-9), "of a mean the influences cancel out"
    known = told["predicted_without"] + told["change"]
    assert known.to_list() == pytest.approx([one["predicted"]] * 4)
    assert (one["validation"], one["fold"], one["model"]) == ("knndm", 2, "ridge")


def test_an_area_of_one_image_says_why_nothing_is_told(scored, quick):
    single = area_of([[1.0, 2, 3]], labels=("shop",))
    twice = replace(area_of([[1.0, 2, 3]] * 2), same_as=("image-0", "image-0"))
    frames = rows_of({"A": single, "B": twice}, scored, quick)
    told = frames["area_influences"]
    assert told["note"].unique().to_list() == ["the area has no other image"]
    assert told["predicted"].to_list() == pytest.approx([2.5, 2.5])
    assert told["raised"].null_count() == told["top_tenth_change"].null_count() == 2
    assert frames["image_influences"].is_empty()
    (word,) = frames["word_influences"].to_dicts()
    assert word["change"] is None
    assert word["note"] == "all images of the area are most like this one"


def test_the_order_of_rows_changes_nothing(scored, quick):
    images, embeddings, scores = lake_tables(width=3)
    as_they_are = images_by_area(of_areas(images, embeddings), images, scores)
    turned = images_by_area(
        of_areas(images.reverse(), embeddings.reverse()), images.reverse(), scores.reverse()
    )
    one, other = (rows_of(areas, scored, quick) for areas in (as_they_are, turned))
    assert all(one[name].equals(other[name]) for name in one)


@pytest.mark.parametrize("name", ["cluster_shares", "by_cluster"])
def test_features_by_clusters_are_made_anew_by_the_clusters_of_the_model(
    areas_of, scored, quick, name
):
    data = replace(areas_of(columns=4, rows=3), vectors=np.empty((12, 0)))
    vectors = unit(np.random.default_rng(2).normal(size=(120, 3)))
    ids = [f"i{number:03}" for number in range(120)]
    area = np.repeat(np.arange(12), 10)
    images = AreaImages(
        tuple(data.area_codes), area, vectors, np.tile(np.arange(10), 12), k=3, pca=None, seed=1,
        statistic="mean", names=(name,), image_ids=tuple(ids),
    )  # fmt: skip
    data = replace(data, images=images)
    scoring = scored(quick(features=(name,)))
    model = model_of_all(data, scoring, final_model("ridge", {"alpha": 1.0}, scoring))
    maker = FeatureMaker((name,), "mean", clusters=model.clusters)
    own = ImagesOfArea(tuple(ids[:10]), vectors[:10], tuple(ids[:10]))
    whole = images.features(np.arange(12))[0]
    assert maker.of(own, np.ones(10, dtype=bool)) == pytest.approx(whole, abs=1e-6, nan_ok=True)
    (found,) = influences([own], maker, model.predict, seed=1)
    assert np.isfinite(found.predicted)
    assert sum(abs(change) for change in found.of_images.values()) > 0
    unsampled = replace(model.clusters, sampled=model.clusters.sampled - {"i000"})
    (found,) = influences([own], replace(maker, clusters=unsampled), model.predict, seed=1)
    assert found.of_images["i000"] == pytest.approx(0)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_a_planted_sign_is_found_and_the_largest_tenth_moves_three_times_as_much(statistic):
    """Whole: `python -m streetview_assets_tests.simulations.planted_images`."""
    found, ratios, words = [], [], []
    for seed in (1, 2):
        made = planted_images.town(100, 40, 0.2, statistic, seed)
        one = planted_images.measured(made, ("ridge",), 0.2, 10, seed)
        ratios.append(one.ratio)
        found.append(one.found.mean())
        words.append(one.words.mean())
    assert np.mean(found) > 0.95
    assert min(ratios) > 3
    assert np.mean(words) > 0.9
