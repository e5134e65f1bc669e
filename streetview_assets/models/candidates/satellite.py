"""What satellites see, beside images and place: each sum of the three in the same folds.

Satellite alone, and images with satellite, are the study's own candidates on other features,
tuned as those of images are. With place they are the Gaussian process of `place_and_images`. An
area that satellites tell nothing of is taken for the mean of those learned from.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from streetview_assets.models.candidates.base import Candidate
from streetview_assets.models.candidates.baselines import Baseline
from streetview_assets.models.candidates.place_and_images import beside_place
from streetview_assets.models.candidates.preprocessing import Preparation, image_inputs, prepared
from streetview_assets.models.data.dataset import AreaDataset

SATELLITE = "satellite"
IMAGES_AND_SATELLITE = "images_and_satellite"
PLACE_AND_SATELLITE = "place_and_satellite"
PLACE_IMAGES_AND_SATELLITE = "place_images_and_satellite"
OF_SATELLITE = (
    SATELLITE, IMAGES_AND_SATELLITE, PLACE_AND_SATELLITE, PLACE_IMAGES_AND_SATELLITE
)  # fmt: skip
"""Names of models, as in the column `model`."""


def why_without_satellite(data: AreaDataset) -> str | None:
    """Say why satellites cannot be compared; None where they can, or are not asked for."""
    if data.satellite is None or np.isfinite(data.satellite).any():
        return None
    return "left out: satellites tell nothing of any of these areas"


def satellite_candidates(
    candidates: Sequence[Candidate], preparation: Preparation
) -> dict[str, list[Candidate]]:
    """Let the study's candidates see what satellites do: alone, and beside images.

    Parameters
    ----------
    candidates
        Those that compete on images, as they are before the images' own steps.
    preparation
        The steps that the features of images need first.

    Returns
    -------
    dict
        Name to candidates, of which the one that does best inside a fold counts.
    """
    together = [replace(one, inputs=_vectors_and_satellite) for one in candidates]
    alone = prepared(candidates, _filled(Preparation()))
    return {
        SATELLITE: [replace(one, inputs=_satellite) for one in alone],
        IMAGES_AND_SATELLITE: prepared(together, _filled(preparation)),
    }


def satellite_beside_place(preparation: Preparation) -> list[Baseline]:
    """Make the Gaussian process of place with satellite beside it, and with images as well.

    Parameters
    ----------
    preparation
        The steps that the features of images need first.
    """
    seen: dict[str, tuple[Callable[[AreaDataset], np.ndarray], Preparation]] = {
        PLACE_AND_SATELLITE: (_satellite, Preparation()),
        PLACE_IMAGES_AND_SATELLITE: (
            partial(image_inputs, seen=_vectors_and_satellite),
            preparation,
        ),
    }
    return [beside_place(name, inputs, _filled(steps)) for name, (inputs, steps) in seen.items()]


def _filled(preparation: Preparation) -> Preparation:
    return replace(preparation, fills_gaps=True, may_not_vary=True)


def _satellite(data: AreaDataset) -> np.ndarray:
    assert data.satellite is not None, "competes where there is such"
    return data.satellite


def _vectors_and_satellite(data: AreaDataset) -> np.ndarray:
    return np.hstack([data.vectors, _satellite(data)])
