"""Place and images in one model: what it gains over place alone is what images add."""

from functools import partial

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Params
from streetview_assets.models.candidates.baselines import PLACE_AND_IMAGES, Baseline
from streetview_assets.models.candidates.place_process import PlaceProcess, estimated
from streetview_assets.models.candidates.preprocessing import Preparation, image_inputs
from streetview_assets.models.data.dataset import AreaDataset


def place_and_images(preparation: Preparation) -> Baseline:
    """Make the Gaussian process of place with the images' features beside it.

    Parameters
    ----------
    preparation
        The steps that the features need first.
    """
    return Baseline(
        PLACE_AND_IMAGES,
        inputs=_inputs,
        settings=lambda size: [{}],
        build=partial(_build, preparation),
        estimate=partial(_estimate, preparation),
    )


def _inputs(data: AreaDataset) -> np.ndarray:
    return np.hstack([data.place_m, image_inputs(data)])


def _steps(preparation: Preparation, seed: int) -> list[tuple[str, ColumnTransformer]]:
    steps = preparation.steps(seed)
    if not steps:
        return []
    place = ("place", "passthrough", slice(0, 2))
    return [("look", ColumnTransformer([place, ("images", Pipeline(steps), slice(2, None))]))]


def _build(preparation: Preparation, params: Params, seed: int) -> Pipeline:
    return Pipeline([*_steps(preparation, seed), ("model", PlaceProcess(**params, seed=seed))])


def _estimate(
    preparation: Preparation, inputs: np.ndarray, observed: np.ndarray, seed: int
) -> Params:
    for _, step in _steps(preparation, seed):
        inputs = step.fit_transform(inputs, observed)
    return estimated(inputs, observed, seed)
