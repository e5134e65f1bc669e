"""Images that nobody rated get scores with intervals, or a reason why not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.models.metrics.conformal import inside
from streetview_assets.perception.prediction.final_model import final_model
from streetview_assets.perception.prediction.image_scores import image_scores
from streetview_assets.perception.prediction.intervals import limits_of
from streetview_assets.perception.prediction.neighbours import predict_by_neighbours
from streetview_assets.perception.prediction.rated import rated_images
from streetview_assets.perception.prediction.validation.evaluation import evaluate
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.simulations.perception import (
    ENCODER,
    QUALITY,
    no_agreement,
    plan,
    settings,
    town,
)


@pytest.fixture(scope="module")
def made():
    return town(250, 5)


@pytest.fixture(scope="module")
def predictions(made):
    how = plan(5, method="ridge")
    return evaluate(made.image_ratings, made.ratings, no_agreement(), made.embeddings, how)[1]


def model(made, predictions, method):
    rated = rated_images(made.image_ratings, made.embeddings)
    random = predictions.filter(validation="random")
    return final_model(rated, random, settings(method=method), "mean", 0.9)


def test_intervals_hold_what_as_many_people_as_usual_would_say(made, predictions):
    told = model(made, predictions, "ridge").tell(made.new_vectors)
    assert 0.85 < np.nanmean(inside(made.new_scores, told.lower, told.upper)) < 0.97
    assert (told.lower[~told.is_unlike] >= 1).all()
    own = predictions.filter(validation="random")
    held = inside(own["score"].to_numpy(), own["lower"].to_numpy(), own["upper"].to_numpy())
    assert 0.85 < held.mean() < 0.95


def test_the_errors_of_a_fold_do_not_set_its_own_intervals(made):
    how = plan(5, method="ridge")
    spoilt = made.image_ratings.with_columns(
        score=pl.when(pl.col("image_id") == "image 00007").then(50.0).otherwise("score")
    )
    own = evaluate(spoilt, made.ratings, no_agreement(), made.embeddings, how)[1]
    row = own.filter(validation="random", image_id="image 00007").row(0, named=True)
    assert row["upper"] < 50


def test_neighbours_score_by_the_published_rule(made, predictions):
    chosen = model(made, predictions, "knn")
    told = chosen.tell(made.new_vectors, nearest_count=3)
    ours = told.predicted[~told.is_unlike]
    known = predict_by_neighbours(
        made.new_vectors[~told.is_unlike], chosen.rated.vectors, chosen.rated.scores, chosen.k
    )
    np.testing.assert_allclose(ours, known, atol=1e-12)
    assert told.nearest.shape == (250, 3)


def test_every_image_has_a_row_and_what_is_not_told_a_reason(made, predictions):
    rated = made.embeddings.select("image_id", "embedding").head(5)
    chosen = model(made, predictions, "ridge")
    cosines = chosen.tell(made.new_vectors).cosines[:, 0]
    vectors = made.new_vectors[np.argsort(cosines)[[-1, 0]]]
    chosen = replace(chosen, least_cosine=cosines.min() + 1e-6)
    new = pl.DataFrame({"image_id": ["new", "odd"], "embedding": vector_series("e", vectors)})
    without = pl.DataFrame({"image_id": ["blank"], "embedding": [None]}, schema=new.schema)
    images = pl.concat([rated, new, without]).with_columns(authority_code=pl.lit("E1"))
    table = image_scores(
        images,
        {QUALITY: chosen, "calm": "12 rated, at least 30 needed"},
        made.image_ratings,
        predictions.filter(validation="random"),
        encoder=ENCODER,
        level=0.9,
    )
    check_contract(TABLES["image_perception"], table)
    assert table.height == 2 * images.height
    mine = {row["image_id"]: row for row in table.filter(quality=QUALITY).iter_rows(named=True)}
    out_of_fold = predictions.filter(validation="random", image_id="image 00000")
    assert mine["image 00000"]["predicted"] == out_of_fold["predicted"][0]
    assert mine["image 00000"]["score"] == out_of_fold["score"][0]
    assert mine["new"]["lower"] < mine["new"]["predicted"] < mine["new"]["upper"]
    assert mine["new"]["score"] is None
    assert mine["odd"]["status"] == "unlike"
    assert mine["odd"]["predicted"] is mine["odd"]["lower"] is None
    assert "its cosine with the most alike rated image is" in mine["odd"]["reason"]
    assert mine["blank"]["status"] == "no_vector"
    assert set(table.filter(quality="calm", status="no_model")["reason"]) == {
        "12 rated, at least 30 needed"
    }


def test_limits_are_those_of_the_scale():
    scores = np.array([1.4, 3.0, 4.2])
    assert limits_of(scores, "mean") == (1, 5)
    assert limits_of(scores, "bradley_terry") == pytest.approx((0.7, 4.9))
