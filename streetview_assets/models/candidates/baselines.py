"""What a model has to beat: predictions from almost nothing of what the images show.

Each is tuned as fairly as the candidates, on inner folds of the training part, over a short
list of settings.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.candidates.registry import MOST_AREAS_OF_A_KERNEL, Params, Size
from streetview_assets.models.data.dataset import AreaDataset


@dataclass(frozen=True)
class Baseline:
    """One baseline: what it sees of an area, the settings it is tuned over, its pipeline."""

    name: str
    inputs: Callable[[AreaDataset], np.ndarray]
    settings: Callable[[Size], list[Params]]
    build: Callable[[Params, int], Pipeline]


def _nothing(data: AreaDataset) -> np.ndarray:
    return np.zeros((len(data), 1))


def _place(data: AreaDataset) -> np.ndarray:
    return data.place_m


def _image_count(data: AreaDataset) -> np.ndarray:
    return np.log1p(data.image_counts.astype(np.float64))[:, None]


def _mean_colour(data: AreaDataset) -> np.ndarray:
    return data.mean_colour


def _no_settings(size: Size) -> list[Params]:
    return [{}]


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


def _build_ridge(params: Params, seed: int) -> Pipeline:
    return Pipeline([("scale", StandardScaler()), ("model", Ridge(alpha=params["alpha"]))])


def _build_coordinates(params: Params, seed: int) -> Pipeline:
    if params["kind"] == "trend":
        return _build_ridge(params, seed)
    if params["kind"] == "neighbours":
        model = KNeighborsRegressor(params["neighbours"], weights="distance")
    else:
        model = TransformedTargetRegressor(
            KernelRidge(kernel="rbf", alpha=params["alpha"], gamma=0.5 / params["reach_m"] ** 2),
            transformer=StandardScaler(),
            check_inverse=False,
        )
    # Centred, not scaled: a scale for each axis would bend the distances.
    return Pipeline([("centre", StandardScaler(with_std=False)), ("model", model)])


def _extra(name: str) -> Callable[[AreaDataset], np.ndarray]:
    return lambda data: data.extra[name]


_ALWAYS = (
    Baseline("mean", _nothing, _no_settings, _build_mean),
    Baseline("coordinates", _place, _ways_to_interpolate, _build_coordinates),
    Baseline("image_count", _image_count, _penalties, _build_ridge),
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
        chosen.append(Baseline("mean_colour", _mean_colour, _penalties, _build_ridge))
    chosen += [
        Baseline(name, _extra(name), _penalties, _build_ridge) for name in sorted(data.extra)
    ]
    return chosen, left_out
