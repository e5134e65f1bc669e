"""What is known of areas beside images and coordinates: each sum of them, in the same folds.

What satellites see, and what describes where an area is. Alone, and satellites beside images,
they are the study's own candidates on other features, tuned as those of images are; side by side,
each set has the same variance in all, so that eight bands count as much as 512 numbers of images.
With place they are the Gaussian process of `place_and_images`, with kernels for each set of
features. An area that nothing is told of is taken for the mean of those learned from.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.candidates.base import Candidate, Params
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
        both = _seeing(_satellite_and_vectors, candidates, _filled(preparation))
        others[IMAGES_AND_SATELLITE] = _block_scaled(both, [data.satellite.shape[1]])
    if known := _known(data):
        widths = [data.descriptions[name].shape[1] for name in known[:-1]]
        described = _seeing(partial(_described, known), candidates, _FILLED)
        others[DESCRIPTIONS] = _block_scaled(described, widths)
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


class BlockScaler(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Gives each of several sets of standardised columns the same variance, of all columns' sum.

    A penalty, and a distance, would else go by how many numbers a set happens to have (block
    scaling: Westerhuis, Kourti and MacGregor 1998, J. Chemometrics 12: 301-321).

    Parameters
    ----------
    widths
        Columns of each set, the first ones first; those left are the last set.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        self.widths = widths

    def fit(self, inputs: np.ndarray, observed: np.ndarray | None = None) -> "BlockScaler":
        """Take the number of columns of inputs of shape (n, d)."""
        every = [*self.widths, inputs.shape[1] - sum(self.widths)]
        share = inputs.shape[1] / len(every)
        self.weights_ = np.repeat([(share / max(1, width)) ** 0.5 for width in every], every)
        return self

    def transform(self, inputs: np.ndarray) -> np.ndarray:
        """Weigh inputs (n, d)."""
        return np.asarray(inputs * self.weights_)


def _block_scaled(candidates: Iterable[Candidate], widths: Sequence[int]) -> list[Candidate]:
    """Let each set of features count alike in candidates that standardise them; trees need not."""
    build = partial(_build_block_scaled, list(widths))
    return [replace(one, build=partial(build, one)) for one in candidates]


def _build_block_scaled(
    widths: list[int], candidate: Candidate, params: Params, seed: int
) -> Pipeline:
    steps = list(candidate.build(params, seed).steps)
    scalers = [number for number, (_, step) in enumerate(steps) if isinstance(step, StandardScaler)]
    if scalers and widths:
        steps.insert(scalers[0] + 1, ("even_blocks", BlockScaler(widths)))
    return Pipeline(steps)


def _filled(preparation: Preparation) -> Preparation:
    return replace(preparation, fills_gaps=True, may_not_vary=True)


def _satellite(data: AreaDataset) -> np.ndarray:
    assert data.satellite is not None, "competes where there is such"
    return data.satellite


def _satellite_and_vectors(data: AreaDataset) -> np.ndarray:
    return np.hstack([_satellite(data), data.vectors])


def _described(names: Sequence[str], data: AreaDataset) -> np.ndarray:
    return np.hstack([data.descriptions[name] for name in names])
