"""Ridge chooses by what is left out, whole units at a time."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.perception.prediction import ridge
from streetview_assets.perception.prediction.ridge import (
    PENALTIES,
    decompose,
    fit_ridge,
    fit_ridges,
)


def drawn(count, width, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, width)) * rng.exponential(size=width)
    return vectors, vectors[:, 0] + rng.normal(size=count)


@pytest.mark.parametrize(("count", "width"), [(60, 20), (40, 90)])
def test_as_scikit_learn_fits_and_chooses(count, width):
    vectors, scores = drawn(count, width)
    ours = fit_ridge(decompose(vectors, ("standardised",)), scores, np.arange(count))
    known = make_pipeline(StandardScaler(), RidgeCV(alphas=PENALTIES * width)).fit(vectors, scores)
    assert ours.penalty * width == pytest.approx(known[1].alpha_)
    new = drawn(10, width, 1)[0]
    np.testing.assert_allclose(ours.predict(new), known.predict(new), rtol=1e-8)


@pytest.mark.parametrize(("count", "width"), [(60, 20), (40, 90)])
def test_units_are_left_out_whole(count, width):
    vectors, scores = drawn(count, width)
    units = np.repeat(np.arange(count // 2), 2)[np.random.default_rng(1).permutation(count)]
    ours = fit_ridge(decompose(vectors, ("unit",)), scores, units)
    even = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    centred = even - even.mean(axis=0)
    own = float((centred**2).sum()) / count
    errors = []
    for penalty in PENALTIES * own:
        missed = np.empty(count)
        for unit in np.unique(units):
            out = units == unit
            fit = Ridge(penalty).fit(centred[~out], scores[~out])
            missed[out] = scores[out] - fit.predict(centred[out])
        errors.append(np.mean(missed**2))
    assert ours.left_out_mse == pytest.approx(min(errors), rel=1e-6)
    assert ours.penalty == PENALTIES[int(np.argmin(errors))]


def test_nearness_is_chosen_where_no_line_fits():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(300, 5)) + 0.5
    scores = np.cos(2 * vectors[:, 0] / np.linalg.norm(vectors, axis=1))
    fit = fit_ridge(decompose(vectors), scores, np.arange(300))
    assert fit.kernel == "gaussian"
    new = rng.normal(size=(500, 5)) + 0.5
    truth = np.cos(2 * new[:, 0] / np.linalg.norm(new, axis=1))
    assert 1 - np.mean((fit.predict(new) - truth) ** 2) / truth.var() > 0.9


def test_many_rated_images_take_no_matrix_of_pairs(monkeypatch):
    monkeypatch.setattr(ridge, "MOST_FOR_NEARNESS", 50)
    vectors, scores = drawn(60, 20)
    assert fit_ridge(decompose(vectors), scores, np.arange(60)).kernel != "gaussian"


def test_a_number_that_never_varies_and_few_images():
    vectors, scores = drawn(30, 4)
    vectors[:, 2] = 7
    assert np.isfinite(fit_ridge(decompose(vectors), scores, np.arange(30)).predict(vectors)).all()
    with pytest.raises(ValueError, match="2 rated images, at least 3"):
        fit_ridge(decompose(vectors[:2]), scores[:2], np.arange(2))


def test_several_scores_of_the_same_images_are_fitted_as_each_alone(monkeypatch):
    vectors, first = drawn(60, 20)
    scores = np.column_stack([first, first**2, np.random.default_rng(3).normal(size=60)])
    units = np.repeat(np.arange(20), 3)
    alone = [fit_ridge(decompose(vectors), said, units) for said in scores.T]
    monkeypatch.setattr(ridge, "_PAIRS_AT_ONCE", 1)  # unit by unit
    together = fit_ridges(decompose(vectors), scores, units)
    assert len({(fit.kernel, fit.penalty) for fit in together}) > 1
    new = drawn(10, 20, 1)[0]
    for one, other in zip(alone, together, strict=True):
        assert (one.kernel, one.penalty) == (other.kernel, other.penalty)
        np.testing.assert_allclose(one.predict(new), other.predict(new), rtol=1e-9)
