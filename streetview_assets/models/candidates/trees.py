"""Candidates made of many small trees."""

from typing import TYPE_CHECKING

from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.candidates.base import Candidate, Params, Size, most_components

if TYPE_CHECKING:
    import optuna

TREES = 100
MOST_AREAS_OF_A_FOREST = 100_000


def _suggest_gradient_boosting(trial: "optuna.Trial", size: Size) -> Params:
    return {
        "n_components": trial.suggest_int("n_components", 1, most_components(size, 20)),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 2, 15),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 3, 20),
    }


def _default_gradient_boosting(size: Size) -> Params:
    return {
        "n_components": most_components(size, 10),
        "learning_rate": 0.08,
        "max_leaf_nodes": 4,
        "min_samples_leaf": 6,
    }


def _build_gradient_boosting(params: Params, seed: int) -> Pipeline:
    model = HistGradientBoostingRegressor(
        learning_rate=params["learning_rate"],
        max_leaf_nodes=params["max_leaf_nodes"],
        min_samples_leaf=params["min_samples_leaf"],
        max_iter=60,
        early_stopping=False,
        random_state=seed,
    )
    components = PCA(params["n_components"], random_state=seed)
    return Pipeline([("scale", StandardScaler()), ("components", components), ("model", model)])


def _suggest_random_forest(trial: "optuna.Trial", size: Size) -> Params:
    return {
        "max_features": trial.suggest_float("max_features", 0.01, 0.2, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 10),
    }


def _default_random_forest(size: Size) -> Params:
    return {"max_features": 0.04, "min_samples_leaf": 3}


def _build_random_forest(params: Params, seed: int) -> Pipeline:
    model = RandomForestRegressor(
        TREES,
        max_features=params["max_features"],
        min_samples_leaf=params["min_samples_leaf"],
        n_jobs=1,
        random_state=seed % 2**32,
    )
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def _suggest_xgboost(trial: "optuna.Trial", size: Size) -> Params:
    return {
        "max_depth": trial.suggest_int("max_depth", 2, 5),
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
        "subsample": trial.suggest_float("subsample", 0.6, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.05, 0.3, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 20.0, log=True),
    }


def _default_xgboost(size: Size) -> Params:
    return {
        "max_depth": 3,
        "learning_rate": 0.1,
        "subsample": 0.8,
        "colsample_bytree": 0.1,
        "min_child_weight": 1.0,
    }


def _build_xgboost(params: Params, seed: int) -> Pipeline:
    from xgboost import XGBRegressor

    # One thread: the sums of many come in any order, and with them the last digits.
    model = XGBRegressor(n_estimators=TREES, n_jobs=1, random_state=seed % 2**31, **params)
    return Pipeline([("scale", StandardScaler()), ("model", model)])


GRADIENT_BOOSTING = Candidate(
    "gradient_boosting",
    _suggest_gradient_boosting,
    _default_gradient_boosting,
    _build_gradient_boosting,
    cost_s=0.3,
)
RANDOM_FOREST = Candidate(
    "random_forest",
    _suggest_random_forest,
    _default_random_forest,
    _build_random_forest,
    most_areas=MOST_AREAS_OF_A_FOREST,
    cost_s=0.8,
)
XGBOOST = Candidate(
    "xgboost",
    _suggest_xgboost,
    _default_xgboost,
    _build_xgboost,
    most_areas=MOST_AREAS_OF_A_FOREST,
    cost_s=0.5,
)
