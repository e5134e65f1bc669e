"""The models that may be chosen, each with what there is to tune and the areas it can take.

Scalers, components and the scaling of the target are steps of the pipeline, so that they are
fitted where the pipeline is: inside a fold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.dataset import AreaDataset

if TYPE_CHECKING:
    import optuna

Params = dict[str, Any]
NO_LIMIT = 10_000_000
MOST_AREAS_OF_A_KERNEL = 10_000
"""A kernel matrix of so many areas takes 0.8 GB, and each fit some ten seconds."""


@dataclass(frozen=True)
class Size:
    """What a model is fitted to at the least: so many areas of so many features."""

    areas: int
    width: int


@dataclass(frozen=True)
class Candidate:
    """One kind of model.

    Attributes
    ----------
    name
        As in the study file and in the column `model`.
    suggest
        Draws parameters for a trial of Optuna, for the size of the data.
    default
        Parameters that are tried first.
    build
        Makes the unfitted pipeline from parameters and a seed.
    inputs
        What the model sees of an area, shape (n, d).
    most_areas
        Beyond so many areas it is left out.
    """

    name: str
    suggest: "Callable[[optuna.Trial, Size], Params]"
    default: Callable[[Size], Params]
    build: Callable[[Params, int], Pipeline]
    inputs: Callable[[AreaDataset], np.ndarray]
    most_areas: int = NO_LIMIT


def vectors_of(data: AreaDataset) -> np.ndarray:
    """Give the pooled vectors."""
    return data.vectors


def _suggest_ridge(trial: "optuna.Trial", size: Size) -> Params:
    return {"alpha": size.width * trial.suggest_float("alpha_per_feature", 1e-3, 1e3, log=True)}


def _default_ridge(size: Size) -> Params:
    return {"alpha_per_feature": 1.0}


def _build_ridge(params: Params, seed: int) -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", Ridge(alpha=params["alpha"]))])


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


def _most_components(size: Size, most: int) -> int:
    return max(1, min(most, size.areas - 1, size.width))


def _suggest_pls(trial: "optuna.Trial", size: Size) -> Params:
    return {"n_components": trial.suggest_int("n_components", 1, _most_components(size, 12))}


def _default_pls(size: Size) -> Params:
    return {"n_components": _most_components(size, 3)}


def _build_pls(params: Params, seed: int) -> Pipeline:
    model = PLSRegression(n_components=params["n_components"], scale=False)
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def _suggest_gradient_boosting(trial: "optuna.Trial", size: Size) -> Params:
    return {
        "n_components": trial.suggest_int("n_components", 1, _most_components(size, 20)),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 2, 15),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 3, 20),
    }


def _default_gradient_boosting(size: Size) -> Params:
    return {
        "n_components": _most_components(size, 10),
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


CANDIDATES: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate("ridge", _suggest_ridge, _default_ridge, _build_ridge, vectors_of),
        Candidate(
            "kernel_ridge",
            _suggest_kernel_ridge,
            _default_kernel_ridge,
            _build_kernel_ridge,
            vectors_of,
            MOST_AREAS_OF_A_KERNEL,
        ),
        Candidate("pls", _suggest_pls, _default_pls, _build_pls, vectors_of),
        Candidate(
            "gradient_boosting",
            _suggest_gradient_boosting,
            _default_gradient_boosting,
            _build_gradient_boosting,
            vectors_of,
        ),
    )
}


def candidates_for(names: Sequence[str], area_count: int) -> tuple[list[Candidate], dict[str, str]]:
    """Pick candidates by name, and leave out those that cannot take so many areas.

    Returns
    -------
    tuple
        The candidates, and for each that is left out the reason.
    """
    picked = [CANDIDATES[name] for name in names]
    left_out = {
        candidate.name: f"left out: {area_count:,} areas, it takes at most {candidate.most_areas:,}"
        for candidate in picked
        if area_count > candidate.most_areas
    }
    return [candidate for candidate in picked if candidate.name not in left_out], left_out
