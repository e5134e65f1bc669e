"""Candidates made of many small trees."""

import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import (
    Candidate,
    Params,
    Predict,
    Setting,
    components,
    scaled_alike,
    standardised,
)
from streetview_assets.models.candidates.preprocessing import Components

XGBOOST_PACKAGE = "xgboost" if sys.platform == "darwin" else "xgboost-cpu"
"""The package that has XGBoost: on macOS the one without GPUs has no wheel."""
MOST_COMPONENTS = 20
BINS = 63
"""Of each component. With 255, trees take a third longer and tell no more: R² is higher by 0.0015
(0.003) over 40 fits to fields of known truth."""
TREES = 100
MOST_AREAS_OF_A_FOREST = 100_000


def _build_gradient_boosting(params: Params, seed: int) -> Pipeline:
    reduced = Components(params["n_components"], seed, among=MOST_COMPONENTS)
    return standardised(("components", reduced), model=_boosted(params, seed))


def _boosted(params: Params, seed: int) -> HistGradientBoostingRegressor:
    of_model = {name: value for name, value in params.items() if name != "n_components"}
    return HistGradientBoostingRegressor(
        max_iter=60, max_bins=BINS, early_stopping=False, random_state=seed, **of_model
    )


def _shared_gradient_boosting(
    inputs: np.ndarray, observed: np.ndarray, tested: np.ndarray, seed: int
) -> Predict:
    """Find the components once: the first few of them are those of a smaller number."""
    learned, wanted = scaled_alike(inputs, tested)
    found = Components(MOST_COMPONENTS, seed).fit(learned)
    learned, wanted = found.transform(learned), found.transform(wanted)

    def predict(params: Params) -> np.ndarray:
        first = slice(params["n_components"])
        fitted = _boosted(params, seed).fit(learned[:, first], observed)
        return np.asarray(fitted.predict(wanted[:, first]))

    return predict


def _build_random_forest(params: Params, seed: int) -> Pipeline:
    return standardised(
        model=RandomForestRegressor(TREES, n_jobs=1, random_state=seed % 2**32, **params)
    )


def _build_xgboost(params: Params, seed: int) -> Pipeline:
    from xgboost import XGBRegressor

    # One thread: the sums of many come in any order, and with them the last digits.
    return standardised(
        model=XGBRegressor(n_estimators=TREES, n_jobs=1, random_state=seed % 2**31, **params)
    )


GRADIENT_BOOSTING = Candidate(
    "gradient_boosting",
    _build_gradient_boosting,
    (
        Setting("n_components", 10, (1, MOST_COMPONENTS), most=components),
        Setting("learning_rate", 0.08, (0.02, 0.3), log=True),
        Setting("max_leaf_nodes", 4, (2, 15)),
        Setting("min_samples_leaf", 6, (3, 20)),
    ),
    cost_s=0.3,
    in_steps=True,
    shared=_shared_gradient_boosting,
)
RANDOM_FOREST = Candidate(
    "random_forest",
    _build_random_forest,
    (Setting("max_features", 0.04, (0.01, 0.2), log=True), Setting("min_samples_leaf", 3, (1, 10))),
    most_areas=MOST_AREAS_OF_A_FOREST,
    cost_s=0.8,
    in_steps=True,
)
XGBOOST = Candidate(
    "xgboost",
    _build_xgboost,
    (
        Setting("max_depth", 3, (2, 5)),
        Setting("learning_rate", 0.1, (0.03, 0.3), log=True),
        Setting("subsample", 0.8, (0.6, 1.0)),
        Setting("colsample_bytree", 0.1, (0.05, 0.3), log=True),
        Setting("min_child_weight", 1.0, (1.0, 20.0), log=True),
    ),
    most_areas=MOST_AREAS_OF_A_FOREST,
    cost_s=0.5,
    in_steps=True,
)
