"""The quick ridge is scikit-learn's, with more areas than numbers and with fewer."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.validation.ridge_cv import PENALTIES_PER_FEATURE
from streetview_assets.models.validation.ridge_cv_fast import predict_by_ridge


@pytest.mark.parametrize(("count", "width"), [(90, 12), (12, 12), (30, 60), (3, 8)])
@pytest.mark.parametrize("noise", [0.05, 3.0])
def test_it_predicts_what_ridgecv_behind_a_scaler_predicts(count, width, noise):
    rng = np.random.default_rng(count + width)
    inputs = 5 + rng.normal(size=(count + 20, width)) * rng.uniform(0.01, 9, size=width)
    inputs[:, 0] = 4.2  # A column that does not vary.
    observed = inputs[:, 1:4] @ [1.0, -2.0, 0.5] + noise * rng.normal(size=len(inputs)) + 1000
    train, new = inputs[:count], inputs[count:]
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=PENALTIES_PER_FEATURE * width))
    expected = model.fit(train, observed[:count]).predict(new)
    found = predict_by_ridge(train, observed[:count], new)
    assert found == pytest.approx(expected, rel=1e-9)


def test_inputs_that_are_all_equal_give_the_mean():
    predicted = predict_by_ridge(np.ones((12, 5)), np.arange(12.0), np.ones((2, 5)))
    assert predicted == pytest.approx([5.5, 5.5])
