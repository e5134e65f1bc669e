"""What is known of areas beside images and coordinates: each sum of them, in the same folds.

What satellites see, and what describes where an area is. Alone, and satellites beside images,
they are the study's own candidates on other features, tuned as those of images are. With place
they are the Gaussian process of `place_and_images`, with kernels for each set of features. An
area that nothing is told of is taken for the mean of those learned from.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from streetview_assets.models.candidates.base import Candidate
from streetview_assets.models.candidates.baselines import Baseline
from streetview_assets.models.candidates.place_and_images import FeatureSet, beside_place
from streetview_assets.models.candidates.preprocessing import Preparation, image_inputs, prepared
from streetview_assets.models.data.dataset import AreaDataset

SATELLITE = "satellite"
IMAGES_AND_SATELLITE = "images_and_satellite"
PLACE_AND_SATELLITE = "place_and_satellite"
PLACE_IMAGES_AND_SATELLITE = "place_images_and_satellite"
OF_SATELLITE = (
    SATELLITE, IMAGES_AND_SATELLITE, PLACE_AND_SATELLITE, PLACE_IMAGES_AND_SATELLITE
)  # fmt: skip
DESCRIPTIONS = "descriptions"
PLACE_DESCRIBED = "place_described"
PLACE_DESCRIBED_AND_IMAGES = "place_described_and_images"
OF_DESCRIPTIONS = (DESCRIPTIONS, PLACE_DESCRIBED, PLACE_DESCRIBED_AND_IMAGES)
"""Names of models, as in the column `model`."""

_FILLED = Preparation(fills_gaps=True, may_not_vary=True)


def place_and(description: str) -> str:
    """Name the model of place with one of several descriptions beside it."""
    return f"place_and_{description}"


def place_images_and(description: str) -> str:
    """Name the model of place and images with one of several descriptions beside them."""
    return f"place_images_and_{description}"


def why_without(data: AreaDataset) -> dict[str, str]:
    """Say why satellites or descriptions cannot be compared, by the name of the model."""
    left_out: dict[str, str] = {}
    if data.satellite is not None and not _tells(data.satellite):
        why = "left out: satellites tell nothing of any of these areas"
        left_out |= dict.fromkeys(OF_SATELLITE, why)
    if data.descriptions and not _known(data):
        why = "left out: nothing describes any of these areas"
        left_out |= dict.fromkeys(OF_DESCRIPTIONS, why)
    return left_out


def candidates_on_others(
    data: AreaDataset, candidates: Sequence[Candidate], preparation: Preparation
) -> dict[str, list[Candidate]]:
    """Let the study's candidates see what else is known: alone, and satellites beside images.

    Parameters
    ----------
    data
        All areas: what is known of none of them makes no model.
    candidates
        Those that compete on images, as they are before the images' own steps.
    preparation
        The steps that the features of images need first.

    Returns
    -------
    dict
        Name to candidates, of which the one that does best inside a fold counts.
    """
    others: dict[str, list[Candidate]] = {}
    if data.satellite is not None and _tells(data.satellite):
        others[SATELLITE] = _seeing(_satellite, candidates, _FILLED)
        steps = _filled(preparation)
        others[IMAGES_AND_SATELLITE] = _seeing(_vectors_and_satellite, candidates, steps)
    if known := _known(data):
        others[DESCRIPTIONS] = _seeing(partial(_described, known), candidates, _FILLED)
    return others


def others_beside_place(
    data: AreaDataset, preparation: Preparation, *, each: bool = True
) -> list[Baseline]:
    """Make the Gaussian process of place with what else is known beside it, and with images too.

    Parameters
    ----------
    data, preparation
        As `candidates_on_others` takes them.
    each
        Whether each of several descriptions is there by itself too.
    """
    images, made = FeatureSet(image_inputs, preparation), []
    if data.satellite is not None and _tells(data.satellite):
        satellite = FeatureSet(_satellite, _FILLED, data.satellite.shape[1])
        made += [
            beside_place(PLACE_AND_SATELLITE, satellite),
            beside_place(PLACE_IMAGES_AND_SATELLITE, satellite, images),
        ]
    known = _known(data)
    sets = [
        FeatureSet(partial(_described, [name]), _FILLED, data.descriptions[name].shape[1])
        for name in known
    ]
    if known:
        made += [
            beside_place(PLACE_DESCRIBED, *sets),
            beside_place(PLACE_DESCRIBED_AND_IMAGES, *sets, images),
        ]
    if each and len(known) > 1:
        for name, one in zip(known, sets, strict=True):
            made += [
                beside_place(place_and(name), one),
                beside_place(place_images_and(name), one, images),
            ]
    return made


def _known(data: AreaDataset) -> list[str]:
    return [name for name, values in data.descriptions.items() if _tells(values)]


def _tells(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).any())


def _seeing(
    seen: Callable[[AreaDataset], np.ndarray],
    candidates: Iterable[Candidate],
    preparation: Preparation,
) -> list[Candidate]:
    made = prepared([replace(one, inputs=seen) for one in candidates], preparation)
    # Without clusters among the steps, no rows of images are to stand beside what is seen.
    return made if preparation.images is not None else [replace(one, inputs=seen) for one in made]


def _filled(preparation: Preparation) -> Preparation:
    return replace(preparation, fills_gaps=True, may_not_vary=True)


def _satellite(data: AreaDataset) -> np.ndarray:
    assert data.satellite is not None, "competes where there is such"
    return data.satellite


def _vectors_and_satellite(data: AreaDataset) -> np.ndarray:
    return np.hstack([data.vectors, _satellite(data)])


def _described(names: Sequence[str], data: AreaDataset) -> np.ndarray:
    return np.hstack([data.descriptions[name] for name in names])
