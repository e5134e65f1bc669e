"""Candidates whose prediction is a weighted sum of the features."""

import numpy as np
from scipy.linalg import pinv
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import (
    Candidate,
    Params,
    Predict,
    Setting,
    Size,
    components,
    scaled_alike,
    standardised,
)

MOST_OF_PLS = 12


def build_ridge(params: Params, seed: int) -> Pipeline:
    """Make ridge on standardised features.

    Parameters
    ----------
    params
        Its penalty, `alpha`.
    seed
        It draws nothing.
    """
    return standardised(model=Ridge(alpha=params["alpha"]))


def shared_ridge(
    inputs: np.ndarray, observed: np.ndarray, tested: np.ndarray, seed: int
) -> Predict:
    """Decompose the features once: of that, any penalty's weights take no time.

    Parameters
    ----------
    inputs, observed
        To learn from, (n, d) and (n,).
    tested
        To predict, (m, d).
    seed
        It draws nothing.
    """
    learned, wanted = scaled_alike(inputs, tested)
    mean = observed.mean()
    tall = len(learned) > learned.shape[1]
    values, vectors = np.linalg.eigh(learned.T @ learned if tall else learned @ learned.T)
    if tall:
        turned, along = wanted @ vectors, vectors.T @ (learned.T @ (observed - mean))
    else:
        turned, along = wanted @ (learned.T @ vectors), vectors.T @ (observed - mean)

    def predict(params: Params) -> np.ndarray:
        return np.asarray(turned @ (along / (values + params["alpha"])) + mean)

    return predict


def _build_pls(params: Params, seed: int) -> Pipeline:
    return standardised(model=PLSRegression(n_components=params["n_components"], scale=False))


def _shared_pls(inputs: np.ndarray, observed: np.ndarray, tested: np.ndarray, seed: int) -> Predict:
    """Find the most components once: the first few of them are those of a smaller number."""
    learned, wanted = scaled_alike(inputs, tested)
    count = min(MOST_OF_PLS, components(Size(*inputs.shape)))
    # Beyond the rank of the features there is nothing to divide by: nobody asks for those.
    with np.errstate(invalid="ignore"):
        fitted = PLSRegression(n_components=count, scale=False).fit(learned, observed)
    centred = wanted - learned.mean(axis=0)

    def predict(params: Params) -> np.ndarray:
        first = slice(params["n_components"])
        weights, loadings = fitted.x_weights_[:, first], fitted.x_loadings_[:, first]
        along = pinv(loadings.T @ weights, check_finite=False) @ fitted.y_loadings_[0, first]
        return np.asarray(observed.mean() + centred @ (weights @ along))

    return predict


RIDGE = Candidate(
    "ridge",
    build_ridge,
    (
        Setting(
            "alpha", 1.0, (1e-3, 1e3), log=True,
            drawn_as="alpha_per_feature", scaled=lambda drawn, size: size.width * drawn,
        ),
    ),
    cost_s=0.05,
    shared=shared_ridge,
)  # fmt: skip
PLS = Candidate(
    "pls",
    _build_pls,
    (Setting("n_components", 3, (1, MOST_OF_PLS), most=components),),
    cost_s=0.1,
    shared=_shared_pls,
)
