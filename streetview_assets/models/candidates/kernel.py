"""Candidates that predict an area from areas that look like it."""

from typing import TYPE_CHECKING

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_ridge import KernelRidge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from streetview_assets.models.candidates.base import (
    MOST_AREAS_OF_A_KERNEL,
    Candidate,
    Params,
    Size,
)

if TYPE_CHECKING:
    import optuna

MOST_AREAS_OF_NEIGHBOURS = 100_000
"""Every area is compared with every other, in slices: the time grows with the square."""


def _suggest_kernel_ridge(trial: "optuna.Trial", size: Size) -> Params:
    return {
        "alpha": trial.suggest_float("alpha", 1e-3, 1e2, log=True),
        "gamma": trial.suggest_float("gamma_times_width", 1e-2, 1e1, log=True) / size.width,
    }


def _default_kernel_ridge(size: Size) -> Params:
    return {"alpha": 0.3, "gamma_times_width": 0.2}


def _build_kernel_ridge(params: Params, seed: int) -> Pipeline:
    # Kernel ridge has no intercept: the target is centred in its place.
    model = TransformedTargetRegressor(
        KernelRidge(kernel="rbf", alpha=params["alpha"], gamma=params["gamma"]),
        transformer=StandardScaler(),
        check_inverse=False,
    )
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def _suggest_svr(trial: "optuna.Trial", size: Size) -> Params:
    return {
        "cost": trial.suggest_float("cost", 1e-2, 1e2, log=True),
        "epsilon": trial.suggest_float("epsilon", 1e-2, 0.5, log=True),
        "gamma": trial.suggest_float("gamma_times_width", 1e-2, 1e1, log=True) / size.width,
    }


def _default_svr(size: Size) -> Params:
    return {"cost": 1.0, "epsilon": 0.1, "gamma_times_width": 0.2}


def _build_svr(params: Params, seed: int) -> Pipeline:
    # Cost and width of the tube are in units of the target: it is scaled.
    model = TransformedTargetRegressor(
        SVR(C=params["cost"], epsilon=params["epsilon"], gamma=params["gamma"]),
        transformer=StandardScaler(),
        check_inverse=False,
    )
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def _suggest_gaussian_process(trial: "optuna.Trial", size: Size) -> Params:
    reach = trial.suggest_float("reach_per_root_width", 0.3, 10.0, log=True)
    return {
        "reach": reach * float(np.sqrt(size.width)),
        "noise": trial.suggest_float("noise", 1e-2, 1e1, log=True),
        "smoothness": trial.suggest_categorical("smoothness", [0.5, 1.5, 2.5]),
    }


def _default_gaussian_process(size: Size) -> Params:
    return {"reach_per_root_width": 1.5, "noise": 0.3, "smoothness": 1.5}


def _build_gaussian_process(params: Params, seed: int) -> Pipeline:
    # Reach and noise come from the inner folds, which hold areas out as the test does; the
    # likelihood takes areas for exchangeable, and its climb costs seventy times one fit.
    model = GaussianProcessRegressor(
        Matern(length_scale=params["reach"], nu=params["smoothness"]),
        alpha=params["noise"],
        optimizer=None,
        normalize_y=True,
        random_state=seed,
    )
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def _suggest_neighbours(trial: "optuna.Trial", size: Size) -> Params:
    most = max(1, min(50, size.areas))
    return {
        "neighbours": trial.suggest_int("neighbours", 1, most, log=True),
        "metric": trial.suggest_categorical("metric", ["euclidean", "cosine"]),
    }


def _default_neighbours(size: Size) -> Params:
    return {"neighbours": max(1, min(10, size.areas)), "metric": "cosine"}


def _build_neighbours(params: Params, seed: int) -> Pipeline:
    model = KNeighborsRegressor(
        params["neighbours"], weights="distance", metric=params["metric"], algorithm="brute"
    )
    return Pipeline([("scale", StandardScaler()), ("model", model)])


KERNEL_RIDGE = Candidate(
    "kernel_ridge",
    _suggest_kernel_ridge,
    _default_kernel_ridge,
    _build_kernel_ridge,
    most_areas=MOST_AREAS_OF_A_KERNEL,
    cost_s=0.1,
)
SUPPORT_VECTORS = Candidate(
    "svr",
    _suggest_svr,
    _default_svr,
    _build_svr,
    most_areas=MOST_AREAS_OF_A_KERNEL,
    cost_s=0.2,
)
GAUSSIAN_PROCESS = Candidate(
    "gaussian_process",
    _suggest_gaussian_process,
    _default_gaussian_process,
    _build_gaussian_process,
    most_areas=MOST_AREAS_OF_A_KERNEL,
    cost_s=0.3,
)
NEAREST_NEIGHBOURS = Candidate(
    "nearest_neighbours",
    _suggest_neighbours,
    _default_neighbours,
    _build_neighbours,
    most_areas=MOST_AREAS_OF_NEIGHBOURS,
    cost_s=0.02,
)
