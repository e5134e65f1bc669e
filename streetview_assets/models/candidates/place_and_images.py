"""Place and images in one model: what it gains over place alone is what images add."""

from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Params
from streetview_assets.models.candidates.baselines import PLACE_AND_IMAGES, Baseline
from streetview_assets.models.candidates.place_process import PlaceProcess, estimated, images_alone
from streetview_assets.models.candidates.preprocessing import Preparation, image_inputs
from streetview_assets.models.data.dataset import AreaDataset

CLEARLY = 0.1
"""Of the error: with less to gain, inner folds choose images alone by chance as often as not."""


def place_and_images(preparation: Preparation) -> Baseline:
    """Make the Gaussian process of place with the images' features beside it.

    On inner folds, which are held out as the outer ones are, it stands against images alone: in
    reach of areas that were learned from it is the better one, beyond it may not be.

    Parameters
    ----------
    preparation
        The steps that the features need first.
    """
    return beside_place(PLACE_AND_IMAGES, image_inputs, preparation)


def beside_place(
    name: str, seen: Callable[[AreaDataset], np.ndarray], preparation: Preparation
) -> Baseline:
    """Make the Gaussian process of place with features beside it.

    Parameters
    ----------
    name
        As in the column `model`.
    seen
        Gives the features of areas, (n, d).
    preparation
        The steps that they need first.
    """
    return Baseline(
        name,
        inputs=partial(_inputs, seen),
        settings=lambda size: [{}],
        build=partial(_build, preparation),
        estimate=partial(_estimate, preparation),
        clearly=CLEARLY,
    )


def _inputs(seen: Callable[[AreaDataset], np.ndarray], data: AreaDataset) -> np.ndarray:
    return np.hstack([data.place_m, seen(data)])


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
) -> list[Params]:
    for _, step in _steps(preparation, seed):
        inputs = step.fit_transform(inputs, observed)
    joint = estimated(inputs, observed, seed)
    return [joint, *images_alone(joint)]
