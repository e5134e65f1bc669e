"""Candidates whose prediction is a weighted sum of the features."""

from typing import TYPE_CHECKING

from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.candidates.base import Candidate, Params, Size, most_components

if TYPE_CHECKING:
    import optuna


def _suggest_ridge(trial: "optuna.Trial", size: Size) -> Params:
    return {"alpha": size.width * trial.suggest_float("alpha_per_feature", 1e-3, 1e3, log=True)}


def _default_ridge(size: Size) -> Params:
    return {"alpha_per_feature": 1.0}


def _build_ridge(params: Params, seed: int) -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", Ridge(alpha=params["alpha"]))])


def _suggest_pls(trial: "optuna.Trial", size: Size) -> Params:
    return {"n_components": trial.suggest_int("n_components", 1, most_components(size, 12))}


def _default_pls(size: Size) -> Params:
    return {"n_components": most_components(size, 3)}


def _build_pls(params: Params, seed: int) -> Pipeline:
    model = PLSRegression(n_components=params["n_components"], scale=False)
    return Pipeline([("scale", StandardScaler()), ("model", model)])


RIDGE = Candidate("ridge", _suggest_ridge, _default_ridge, _build_ridge, cost_s=0.05)
PLS = Candidate("pls", _suggest_pls, _default_pls, _build_pls, cost_s=0.1)
