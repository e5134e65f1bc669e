"""Place and images in one model: what it gains over place alone is what images add."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

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


@dataclass(frozen=True)
class FeatureSet:
    """Features that have kernels of their own beside place.

    Attributes
    ----------
    seen
        Gives them of areas, (n, d).
    preparation
        The steps that they need first.
    width
        d, which the steps leave as it is; None, of the last set alone: whatever there is.
    """

    seen: Callable[[AreaDataset], np.ndarray]
    preparation: Preparation
    width: int | None = None


def place_and_images(preparation: Preparation) -> Baseline:
    """Make the Gaussian process of place with the images' features beside it.

    On inner folds, which are held out as the outer ones are, it stands against images alone: in
    reach of areas that were learned from it is the better one, beyond it may not be.

    Parameters
    ----------
    preparation
        The steps that the features need first.
    """
    return beside_place(PLACE_AND_IMAGES, FeatureSet(image_inputs, preparation))


def beside_place(name: str, *sets: FeatureSet) -> Baseline:
    """Make the Gaussian process of place with sets of features beside it.

    Parameters
    ----------
    name
        As in the column `model`.
    *sets
        Each with kernels, and variances, of its own.
    """
    return Baseline(
        name,
        inputs=partial(_inputs, sets),
        settings=lambda size: [{}],
        build=partial(_build, sets),
        estimate=partial(_estimate, sets),
        clearly=CLEARLY,
    )


def _inputs(sets: Sequence[FeatureSet], data: AreaDataset) -> np.ndarray:
    return np.hstack([data.place_m, *(one.seen(data) for one in sets)])


def _steps(sets: Sequence[FeatureSet], seed: int) -> list[tuple[str, ColumnTransformer]]:
    steps = [one.preparation.steps(seed) for one in sets]
    if not any(steps):
        return []
    ends = np.cumsum([2, *_widths(sets)]).tolist()
    columns = [slice(start, end) for start, end in zip_longest(ends, ends[1:])]
    made = [Pipeline(own) if own else "passthrough" for own in steps]
    parts = [(f"set {n}", *part) for n, part in enumerate(zip(made, columns, strict=True), 1)]
    return [("look", ColumnTransformer([("place", "passthrough", slice(0, 2)), *parts]))]


def _widths(sets: Sequence[FeatureSet]) -> list[int]:
    """Give the widths of all sets but the last, which has what is left."""
    return [one.width for one in sets[:-1] if one.width is not None]


def _build(sets: Sequence[FeatureSet], params: Params, seed: int) -> Pipeline:
    process = PlaceProcess(**params, seed=seed, widths=_widths(sets))
    return Pipeline([*_steps(sets, seed), ("model", process)])


def _estimate(
    sets: Sequence[FeatureSet], inputs: np.ndarray, observed: np.ndarray, seed: int
) -> list[Params]:
    for _, step in _steps(sets, seed):
        inputs = step.fit_transform(inputs, observed)
    joint = estimated(inputs, observed, seed, _widths(sets))
    if len(sets) == 1:
        return [joint, *images_alone(joint)]
    # Which of several sets tells something, where place does not, is estimated too.
    without = estimated(inputs, observed, seed, _widths(sets), with_place=False)
    return [joint, without, *images_alone(joint)]
