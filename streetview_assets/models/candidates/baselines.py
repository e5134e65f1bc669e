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
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Build, Params, Shared, Size
from streetview_assets.models.candidates.linear import build_ridge, shared_ridge
from streetview_assets.models.candidates.place_process import PlaceProcess, estimated
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.text.counted import counted

PLACE = "place"
"""Where an area lies, and nothing else: kriging."""
PLACE_AND_IMAGES = "place_and_images"
"""The same with images: no baseline to beat, but the other half of the question."""


@dataclass(frozen=True)
class Baseline:
    """One baseline.

    Attributes
    ----------
    name
        As in the column `model`.
    inputs
        What it sees of an area, shape (n, d).
    settings
        Those that it is tuned over, of data of a size.
    build
        Makes the unfitted pipeline from parameters and a seed.
    estimate
        Finds settings by likelihood, of inputs, values and a seed, in place of `settings`.
    clearly
        By this share of the error of the first setting another has to be better.
    shared
        As of a `Candidate`.
    """

    name: str
    inputs: Callable[[AreaDataset], np.ndarray]
    settings: Callable[[Size], list[Params]]
    build: Build
    estimate: Callable[[np.ndarray, np.ndarray, int], list[Params]] | None = None
    clearly: float = 0.0
    shared: Shared | None = None


def _image_count(data: AreaDataset) -> np.ndarray:
    return np.log1p(data.image_counts.astype(np.float64))[:, None]


def _penalties(size: Size) -> list[Params]:
    return [{"alpha": size.width * weight} for weight in (0.1, 1.0, 10.0, 100.0)]


def _build_mean(params: Params, seed: int) -> Pipeline:
    return Pipeline([("model", DummyRegressor())])


def _build_place(params: Params, seed: int) -> Pipeline:
    return Pipeline([("model", PlaceProcess(**params, seed=seed))])


def _estimate_place(inputs: np.ndarray, observed: np.ndarray, seed: int) -> list[Params]:
    return [estimated(inputs, observed, seed)]


def _extra(name: str, data: AreaDataset) -> np.ndarray:
    return data.extra[name]


def _ridge_on(name: str, inputs: Callable[[AreaDataset], np.ndarray]) -> Baseline:
    return Baseline(name, inputs, _penalties, build_ridge, shared=shared_ridge)


_ALWAYS = (
    Baseline("mean", lambda data: np.zeros((len(data), 1)), lambda size: [{}], _build_mean),
    Baseline(PLACE, attrgetter("place_m"), lambda size: [{}], _build_place, _estimate_place),
    _ridge_on("image_count", _image_count),
)
BASELINES = ("mean", PLACE, "image_count", "mean_colour")
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
        left_out["mean_colour"] = f"left out: no mean colour of {counted(without_colour, 'area')}"
    else:
        chosen.append(
            Baseline(
                "mean_colour",
                attrgetter("mean_colour"),
                _penalties,
                build_ridge,
                shared=shared_ridge,
            )
        )
    chosen += [
        Baseline(name, partial(_extra, name), _penalties, build_ridge, shared=shared_ridge)
        for name in sorted(data.extra)
    ]
    return chosen, left_out
