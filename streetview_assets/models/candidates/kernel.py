"""Candidates that predict an area from areas that look like it."""

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_ridge import KernelRidge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.svm import SVR

from streetview_assets.models.candidates.base import (
    MOST_AREAS_OF_A_KERNEL,
    Candidate,
    Params,
    Setting,
    on_scaled_target,
    standardised,
)

MOST_AREAS_OF_NEIGHBOURS = 100_000
"""Every area is compared with every other, in slices: the time grows with the square."""


def _build_kernel_ridge(params: Params, seed: int) -> Pipeline:
    # Kernel ridge has no intercept: the target is centred in its place.
    model = KernelRidge(kernel="rbf", alpha=params["alpha"], gamma=params["gamma"])
    return standardised(model=on_scaled_target(model))


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
