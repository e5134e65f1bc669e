"""Candidates that predict an area from areas that look like it."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.svm import SVR

from streetview_assets.models.candidates.base import (
    MOST_AREAS_OF_A_KERNEL,
    Candidate,
    Params,
    Predict,
    Setting,
    on_scaled_target,
    scaled_alike,
    standardised,
)

MOST_AREAS_OF_NEIGHBOURS = 100_000
"""Every area is compared with every other, in slices: the time grows with the square."""


def _build_kernel_ridge(params: Params, seed: int) -> Pipeline:
    # Kernel ridge has no intercept: the target is centred in its place.
    model = KernelRidge(kernel="rbf", alpha=params["alpha"], gamma=params["gamma"])
    return standardised(model=on_scaled_target(model))


def _shared_kernel_ridge(
    inputs: np.ndarray, observed: np.ndarray, tested: np.ndarray, seed: int
) -> Predict:
    """Measure how unlike areas are once: a width and a penalty cost one factorisation.

    An eigendecomposition of the kernel would give every penalty, but of one width; it takes
    fifteen times as long, and a search draws no width twice.
    """
    learned, wanted = scaled_alike(inputs, tested)
    among = euclidean_distances(learned, squared=True)
    across = euclidean_distances(wanted, learned, squared=True)
    mean, sd = observed.mean(), observed.std() or 1.0
    even = (observed - mean) / sd

    def predict(params: Params) -> np.ndarray:
        kernel = _gaussian(among, params["gamma"])
        weights = _solved(kernel, params["alpha"], even)
        return np.asarray(_gaussian(across, params["gamma"]) @ weights * sd + mean)

    return predict


def _gaussian(squared: np.ndarray, gamma: float) -> np.ndarray:
    made = squared * -gamma
    return np.exp(made, out=made)


def _solved(kernel: np.ndarray, ridge: float, values: np.ndarray) -> np.ndarray:
    """Solve for the weights of areas, (n,), in place of the kernel, which is symmetric."""
    kernel[np.diag_indices_from(kernel)] += ridge
    # Turned round, it has the order of columns that LAPACK takes without a copy.
    factor = cho_factor(kernel.T, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, values, check_finite=False))


def _build_svr(params: Params, seed: int) -> Pipeline:
    # Cost and width of the tube are in units of the target: it is scaled.
    model = SVR(C=params["cost"], epsilon=params["epsilon"], gamma=params["gamma"])
    return standardised(model=on_scaled_target(model))


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
    return standardised(model=model)


def _shared_gaussian_process(
    inputs: np.ndarray, observed: np.ndarray, tested: np.ndarray, seed: int
) -> Predict:
    """Measure the distances of areas once, as kernel ridge does."""
    learned, wanted = scaled_alike(inputs, tested)
    among, across = cdist(learned, learned), cdist(wanted, learned)
    mean, sd = observed.mean(), observed.std() or 1.0
    even = (observed - mean) / sd

    def predict(params: Params) -> np.ndarray:
        reach, smoothness = params["reach"], params["smoothness"]
        weights = _solved(_matern(among / reach, smoothness), params["noise"], even)
        return np.asarray(_matern(across / reach, smoothness) @ weights * sd + mean)

    return predict


def _matern(lag: np.ndarray, smoothness: float) -> np.ndarray:
    """Compute the Matérn correlation of smoothness 1/2, 3/2 or 5/2 (as scikit-learn's kernel)."""
    lag = np.sqrt(2 * smoothness) * lag
    decay = np.exp(-lag)
    if smoothness == 0.5:
        return np.asarray(decay)
    return np.asarray((1 + lag + (lag**2 / 3 if smoothness == 2.5 else 0)) * decay)


def _build_neighbours(params: Params, seed: int) -> Pipeline:
    model = KNeighborsRegressor(
        params["neighbours"], weights="distance", metric=params["metric"], algorithm="brute"
    )
    return standardised(model=model)


_GAMMA = Setting(
    "gamma", 0.2, (1e-2, 1e1), log=True,
    drawn_as="gamma_times_width", scaled=lambda drawn, size: drawn / size.width,
)  # fmt: skip
_REACH = Setting(
    "reach", 1.5, (0.3, 10.0), log=True,
    drawn_as="reach_per_root_width", scaled=lambda drawn, size: drawn * float(np.sqrt(size.width)),
)  # fmt: skip

KERNEL_RIDGE = Candidate(
    "kernel_ridge",
    _build_kernel_ridge,
    (Setting("alpha", 0.3, (1e-3, 1e2), log=True), _GAMMA),
    most_areas=MOST_AREAS_OF_A_KERNEL,
    cost_s=0.1,
    shared=_shared_kernel_ridge,
)
SUPPORT_VECTORS = Candidate(
    "svr",
    _build_svr,
    (
        Setting("cost", 1.0, (1e-2, 1e2), log=True),
        Setting("epsilon", 0.1, (1e-2, 0.5), log=True),
        _GAMMA,
    ),
    most_areas=MOST_AREAS_OF_A_KERNEL,
    cost_s=0.2,
)
GAUSSIAN_PROCESS = Candidate(
    "gaussian_process",
    _build_gaussian_process,
    (
        _REACH,
        Setting("noise", 0.3, (1e-2, 1e1), log=True),
        Setting("smoothness", 1.5, choices=(0.5, 1.5, 2.5)),
    ),
    most_areas=MOST_AREAS_OF_A_KERNEL,
    cost_s=0.3,
    shared=_shared_gaussian_process,
)
NEAREST_NEIGHBOURS = Candidate(
    "nearest_neighbours",
    _build_neighbours,
    (
        Setting("neighbours", 10, (1, 50), log=True, most=lambda size: size.areas),
        Setting("metric", "cosine", choices=("euclidean", "cosine")),
    ),
    most_areas=MOST_AREAS_OF_NEIGHBOURS,
    cost_s=0.02,
)
