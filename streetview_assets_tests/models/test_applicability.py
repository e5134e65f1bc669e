"""The area of applicability: a known answer, garbage, and areas left as they are."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.metrics.applicability import area_of_applicability

FOLD = np.array([1, 1, 2, 2])


class Weighing:
    """A model that was told how much each number counts."""

    feature_importances_ = np.array([3.0, 1.0])


def test_the_index_is_that_of_a_reckoning_by_hand():
    """Spreads are 2 and 1, weights 1.5 and 0.5: the areas lie at 0, 3, 0 + 1 up, 3 + 1 up."""
    features = np.array([[0.0, 0], [4, 0], [0, 2], [4, 2]])
    found = area_of_applicability(Pipeline([("model", Weighing())]), features, FOLD)
    diagonal = np.sqrt(10)
    usual = (3 + 1 + diagonal) / 3
    assert found.usual_distance == pytest.approx(usual)
    assert found.held_out == pytest.approx([1 / usual] * 4)
    assert found.threshold == pytest.approx(1 / usual)
    unlike = found.dissimilarity(np.array([[4.0, 2.0], [8.0, 0.0], [4.0, 3.0], [0.0, -9.0]]))
    assert unlike == pytest.approx(np.array([0, 3, 0.5, 4.5]) / usual)
    assert found.applies(unlike).tolist() == [True, False, True, False]


def test_an_outlier_does_not_set_the_threshold():
    rng = np.random.default_rng(0)
    features = np.vstack([rng.normal(size=(60, 3)), [[40.0, 40, 40]]])
    model = Pipeline([("scale", StandardScaler()), ("model", Ridge())])
    found = area_of_applicability(model.fit(features, features[:, 0]), features, np.arange(61) % 5)
    assert found.held_out[-1] > found.threshold
    assert (found.held_out[:-1] <= found.threshold).mean() > 0.9


@pytest.mark.parametrize("candidate", ["ridge", "pls", "svr", "random_forest", "stack"])
def test_garbage_is_outside_and_another_area_of_the_kind_is_not(areas_of, candidate):
    data = areas_of(noise=0.2)
    half = np.arange(len(data)) % 2 == 0
    known, others = data.take(half), data.take(~half)
    params = {"alpha": 1.0}, {"n_components": 2}, {"cost": 1.0, "epsilon": 0.1, "gamma": 0.01}
    of = dict(zip(("ridge", "pls", "svr"), params, strict=True))
    of["random_forest"] = {"max_features": 0.2, "min_samples_leaf": 3}
    of["stack"] = {"members": {"ridge": params[0]}, "weights": {"ridge": 1.0}}
    model = CANDIDATES[candidate].build(of[candidate], 0).fit(known.vectors, known.observed)
    found = area_of_applicability(model, known.vectors, np.arange(len(known)) % 3)
    assert found.applies(found.dissimilarity(others.vectors)).mean() > 0.8
    garbage = 10 * np.random.default_rng(1).normal(size=(200, data.vectors.shape[1]))
    assert found.applies(found.dissimilarity(garbage)).mean() <= 0.01


def test_without_folds_or_differences_nothing_is_said(areas_of):
    data = areas_of()
    model = Pipeline([("model", Ridge())]).fit(data.vectors, data.observed)
    assert area_of_applicability(model, data.vectors, np.zeros(len(data))) is None
    same = np.ones((4, 2))
    model = Pipeline([("model", Ridge())]).fit(same, np.arange(4))
    assert area_of_applicability(model, same, FOLD) is None
