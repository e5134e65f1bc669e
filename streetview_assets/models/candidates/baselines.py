"""What a model has to beat: predictions from almost nothing of what the images show.

Each is tuned as fairly as the candidates, on inner folds of the training part, over a short
list of settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.candidates.base import (
    MOST_AREAS_OF_A_KERNEL,
    Params,
    Size,
    on_scaled_target,
)
from streetview_assets.models.candidates.linear import build_ridge
from streetview_assets.models.data.dataset import AreaDataset


@dataclass(frozen=True)
class Baseline:
    """One baseline: what it sees of an area, the settings it is tuned over, its pipeline."""

    name: str
    inputs: Callable[[AreaDataset], np.ndarray]
    settings: Callable[[Size], list[Params]]
    build: Callable[[Params, int], Pipeline]


def _image_count(data: AreaDataset) -> np.ndarray:
    return np.log1p(data.image_counts.astype(np.float64))[:, None]


def _penalties(size: Size) -> list[Params]:
    return [{"alpha": size.width * weight} for weight in (0.1, 1.0, 10.0, 100.0)]


def _ways_to_interpolate(size: Size) -> list[Params]:
    settings: list[Params] = [{"kind": "trend", "alpha": 1.0}]
    settings += [
        {"kind": "neighbours", "neighbours": neighbours}
        for neighbours in (2, 4, 8, 16)
        if neighbours <= size.areas
    ]
    if size.areas <= MOST_AREAS_OF_A_KERNEL:
        settings += [
            {"kind": "kernel", "reach_m": reach_m, "alpha": alpha}
            for reach_m in (500.0, 1_000.0, 2_000.0, 4_000.0)
            for alpha in (0.1, 1.0)
        ]
    return settings


def _build_mean(params: Params, seed: int) -> Pipeline:
    return Pipeline([("model", DummyRegressor())])


def _build_coordinates(params: Params, seed: int) -> Pipeline:
    if params["kind"] == "trend":
        return build_ridge(params, seed)
    if params["kind"] == "neighbours":
        model = KNeighborsRegressor(params["neighbours"], weights="distance")
    else:
        gamma = 0.5 / params["reach_m"] ** 2
        model = on_scaled_target(KernelRidge(kernel="rbf", alpha=params["alpha"], gamma=gamma))
    # Centred, not scaled: a scale for each axis would bend the distances.
    return Pipeline([("centre", StandardScaler(with_std=False)), ("model", model)])


def _extra(name: str, data: AreaDataset) -> np.ndarray:
    return data.extra[name]


_ALWAYS = (
    Baseline("mean", lambda data: np.zeros((len(data), 1)), lambda size: [{}], _build_mean),
    Baseline("coordinates", attrgetter("place_m"), _ways_to_interpolate, _build_coordinates),
    Baseline("image_count", _image_count, _penalties, build_ridge),
)
BASELINES = ("mean", "coordinates", "image_count", "mean_colour")
"""Names of the baselines that every study has; those of other encoders come on top."""


def baselines_for(data: AreaDataset) -> tuple[list[Baseline], dict[str, str]]:
    """Give the baselines that these areas allow.

    Returns
    -------
    tuple
        The baselines, and for each that is left out the reason.
    """
    chosen, left_out = list(_ALWAYS), {}
    without_colour = int(np.isnan(data.mean_colour).any(axis=1).sum())
    if without_colour:
        left_out["mean_colour"] = f"left out: no mean colour of {without_colour} area(s)"
    else:
        chosen.append(Baseline("mean_colour", attrgetter("mean_colour"), _penalties, build_ridge))
    chosen += [
        Baseline(name, partial(_extra, name), _penalties, build_ridge)
        for name in sorted(data.extra)
    ]
    return chosen, left_out
