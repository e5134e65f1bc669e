"""What is said of an image that somebody brings, and of a place on the map."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.perception.prediction.answer import answer_for_image, answer_for_place
from streetview_assets.perception.prediction.final_model import final_model
from streetview_assets.perception.prediction.rated import rated_images
from streetview_assets.perception.prediction.validation.evaluation import evaluate
from streetview_assets_tests.simulations.perception import (
    QUALITY,
    no_agreement,
    plan,
    settings,
    town,
)

SCORES = {QUALITY: np.arange(1.0, 6.0)}


@pytest.fixture(scope="module")
def model():
    made = town(60, 2)
    how = plan(2, method="knn", k=(5,))
    predictions = evaluate(
        made.image_ratings, made.ratings.head(0), no_agreement(), made.embeddings, how
    )[1]
    rated = rated_images(made.image_ratings, made.embeddings)
    random = predictions.filter(validation="random")
    return final_model(rated, random, settings(method="knn", k=(5,)), "mean", 0.9)


def test_an_image_gets_scores_with_intervals_and_the_rated_ones_most_alike(model):
    vector = model.rated.vectors[7]
    answer = answer_for_image(
        "one.jpg", vector, None, {QUALITY: model, "calm": "too few"}, SCORES, 0.9
    )
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    calm, safety = answer["qualities"]
    assert (calm["status"], calm["reason"], calm["predicted"]) == ("no_model", "too few", None)
    assert safety["lower"] < safety["predicted"] < safety["upper"]
    assert safety["interval_level"] == 0.9
    first = safety["nearest"][0]
    assert first["image_id"] == "image 00007"
    assert first["cosine"] == pytest.approx(1)
    assert safety["score"] == first["score"] == model.rated.scores[7]
    assert calm["score"] is None
    assert calm["among"]["image_count"] == 0
    among = safety["among"]
    assert among["share_below"] == pytest.approx((safety["predicted"] // 1) / 5)
    assert (sum(among["counts"]), among["lowest"], among["highest"]) == (5, 1, 5)
    assert len(safety["nearest"]) == 5


def test_an_image_unlike_all_rated_ones_gets_none(model):
    (safety,) = answer_for_image(
        "odd.jpg",
        model.rated.vectors[7],
        None,
        {QUALITY: replace(model, least_cosine=1.1)},
        SCORES,
        0.9,
    )["qualities"]
    assert (safety["status"], safety["predicted"], safety["lower"]) == ("unlike", None, None)
    assert "at least" in safety["reason"]
    assert (safety["among"]["share_below"], safety["among"]["image_count"]) == (None, 5)
    assert len(safety["nearest"]) == 5


def test_an_image_that_cannot_be_read_says_why(model):
    answer = answer_for_image("broken.jpg", None, "it ends early", {QUALITY: model}, {}, 0.9)
    assert answer == {
        "image": "broken.jpg", "status": "failed", "reason": "it ends early", "qualities": []
    }  # fmt: skip


@pytest.fixture
def perceived():
    ids = [f"image {number}" for number in range(8)]
    images = pl.DataFrame(
        {"image_id": ids, "longitude": [0.001 * n for n in range(8)], "latitude": [51.0] * 8}
    )
    told = images.select("image_id").with_columns(
        quality=pl.lit(QUALITY), score=pl.lit(None, pl.Float64), predicted=pl.lit(3.0),
        lower=pl.lit(2.0), upper=pl.lit(4.0), interval_level=pl.lit(0.9), model=pl.lit("knn"),
        status=pl.lit("ok"), reason=pl.lit(None, pl.String),
    )  # fmt: skip
    square = shapely.to_wkb(shapely.box(-0.01, 50.99, 0.0035, 51.01))
    areas = pl.DataFrame({"area_code": ["A"], "area_name": ["<b>Ä</b>"], "geometry": [square]})
    of_areas = pl.DataFrame(
        {"area_code": ["A"], "quality": [QUALITY], "mean": [3.1], "lower": [2.9], "upper": [3.3],
         "interval_level": [0.9], "image_count": [8], "reason": [None]}
    )  # fmt: skip
    return images, told, areas, of_areas


def test_a_place_gets_the_nearest_images_and_its_area(perceived):
    answer = answer_for_place(0.0021, 51.0, *perceived)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert [one["image_id"] for one in answer["nearest"][:2]] == ["image 2", "image 3"]
    assert answer["nearest"][0]["distance_m"] == pytest.approx(7.0, abs=0.1)
    assert answer["nearest"][0]["qualities"][0]["predicted"] == 3.0
    assert answer["area"]["area_name"] == "<b>Ä</b>"
    assert answer["area"]["qualities"][0]["image_count"] == 8


def test_a_place_far_from_all_images_says_so(perceived):
    images, told, areas, of_areas = perceived
    answer = answer_for_place(5.0, 51.0, images, told, areas, of_areas.head(0))
    assert answer["nearest"] == []
    assert answer["area"] is None
    assert answer["reason"] == "no image lies within 1000 m"
    assert answer_for_place(0, 51, images, told, areas.head(0), of_areas)["area"] is None
    nowhere = images.with_columns(longitude=np.nan).fill_nan(None)
    assert answer_for_place(0, 51, nowhere, told, areas, of_areas)["nearest"] == []
