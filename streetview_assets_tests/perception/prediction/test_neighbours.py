"""The published rule, against a reckoning row by row."""

import math
import time

import numpy as np
import pytest

from streetview_assets.perception.prediction import neighbours
from streetview_assets.perception.prediction.neighbours import neighbours_of, predict_by_neighbours
from streetview_assets.perception.prediction.normalisation import (
    NAMES,
    CancellingCosinesError,
    weights_of,
)


def reckoned(test, train, scores, k, normalisation):
    """Reckon one image after the other, one cosine after the other."""
    unit = [np.float64(row) / math.sqrt(math.fsum(float(x) ** 2 for x in row)) for row in train]
    out = []
    for image in np.float64(test):
        length = math.sqrt(math.fsum(x * x for x in image))
        cosines = [float((image / length * row).sum()) for row in unit]
        best = sorted(range(len(train)), key=lambda j: (cosines[j], j), reverse=True)[:k]
        alike = [cosines[j] for j in best]
        raised = {
            "softmax10**": [math.exp(10**c) for c in alike],
            "softmax": [math.exp(c) for c in alike],
            "softmax**8": [math.exp(c**8) for c in alike],
            "fixed": [math.exp(place - k) for place in range(k, 0, -1)],
            "divbysum": alike,
        }[normalisation]
        total = math.fsum(raised)
        out.append(math.fsum(w / total * scores[j] for w, j in zip(raised, best, strict=True)))
    return np.array(out)


@pytest.fixture(scope="module")
def made_up():
    rng = np.random.default_rng(3)
    vectors = rng.normal(0.3, 1, (400, 64)) * rng.uniform(0.5, 3, (400, 1))
    return vectors, rng.integers(1, 6, 400).astype(float)


@pytest.mark.parametrize("normalisation", NAMES)
@pytest.mark.parametrize("kind", [np.float64, np.float16])
def test_as_reckoned_row_by_row(made_up, normalisation, kind, monkeypatch):
    monkeypatch.setattr(neighbours, "NUMBERS_AT_ONCE", 320 * 7)
    vectors, scores = made_up[0].astype(kind), made_up[1]
    test, train = vectors[320:], vectors[:320]
    for k in (1, 10, 320 if normalisation == "softmax" else 50):
        ours = predict_by_neighbours(test, train, scores[:320], k, normalisation)
        known = reckoned(test, train, scores[:320], k, normalisation)
        np.testing.assert_allclose(ours, known, rtol=0, atol=1e-12)


def test_of_equals_the_later_comes_first_and_is_chosen_first(made_up):
    vectors, scores = made_up[0][:50], np.arange(200.0)
    train = np.concatenate([vectors] * 4)[np.random.default_rng(0).permutation(200)]
    test = made_up[0][50:80]
    for k in (1, 3, 10, 199, 200):
        ours = predict_by_neighbours(test, train, scores, k, "fixed")
        np.testing.assert_allclose(ours, reckoned(test, train, scores, k, "fixed"), atol=1e-12)
    places, cosines = neighbours_of(test, train, 4)
    assert (np.diff(places) < 0).all()
    assert (cosines == cosines[:, :1]).all()


def test_cosines_that_cancel_have_no_shares_of_their_sum():
    train = np.array([[1.0, 0.0], [-1.0, 0.0]])
    with pytest.raises(CancellingCosinesError, match=r"1 of 1 image .* take the normalisation"):
        predict_by_neighbours(train[:1], train, np.array([1.0, 5.0]), 2, "divbysum")
    with pytest.raises(CancellingCosinesError):
        weights_of(np.array([[-0.1, -0.2]]), "divbysum")


def test_more_neighbours_than_rated_images_are_an_error(made_up):
    vectors, scores = made_up
    with pytest.raises(ValueError, match="11 neighbours cannot be had of 10 rated images"):
        predict_by_neighbours(vectors, vectors[:10], scores[:10], 11)
    with pytest.raises(ValueError, match="normalisation is one of"):
        predict_by_neighbours(vectors, vectors[:10], scores[:10], 5, "softmin")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not finite"):
        predict_by_neighbours(np.full((1, 64), np.nan), vectors, scores, 5)
    with pytest.raises(ValueError, match="as many scores, all finite"):
        predict_by_neighbours(vectors, vectors, np.full(400, np.nan), 5)


def test_many_images_take_seconds():
    rng = np.random.default_rng(1)
    rated = rng.normal(size=(1000, 512)).astype(np.float32)
    images = rng.normal(size=(5000, 512)).astype(np.float32)
    start = time.process_time()
    predict_by_neighbours(images, rated, rng.uniform(1, 5, 1000), 50)
    assert time.process_time() - start < 2
