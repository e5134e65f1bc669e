"""Small areas: what images say, shrunk towards place and neighbours by how few images there are.

The composite estimator of small-area statistics (Fay and Herriot 1979, JASA 74: 269-277; Rao and
Molina 2015, Small Area Estimation, chapters 3 and 6): the prediction by an area's own images is a
direct estimate, whose variance falls with their number as that of the pooled vector does; what a
model of vectors says that are shrunk towards those of the areas around before it learns from them
(`regression_calibration`), with what it was short of around (`kriged_errors`), is the synthetic
one. There the variances come from a likelihood; here areas whose value is known tell which weights
predict best, held out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from streetview_assets.errors import ContractError
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.regression_calibration import (
    kriging_weights,
    vector_variances,
    without_gaps,
)

COMPOSITE = "composite"
IMAGES_CALIBRATED = "images_calibrated"
"""The model chosen, learned from vectors that are shrunk the more, the fewer images they are of."""
IMAGES_AROUND = "images_around"
"""What the same says of the images of the areas around, in place of an area's own."""
IMAGES_KRIGED = "images_kriged"
"""What the model of shrunk vectors says, with what it was short of in the areas around."""
SHRUNK = (IMAGES_KRIGED, IMAGES_AROUND, IMAGES_CALIBRATED)
LEAST_AREAS_TO_SHRINK = 50
"""A few numbers are learned of the areas: of fewer, by chance."""
AS_KRIGED = 500
"""Areas for which counts that `images_kriged` is the synthetic estimate: errors of areas side by
side are alike, and tell less of the slopes than so many."""
HALVES = (0.0, *np.geomspace(0.25, 64, 17))
"""Images of which half as much is believed as of very many, the numbers that are tried."""


@dataclass(frozen=True)
class Shrinkage:
    """How predictions with an area's own images, and without, are put together.

    Attributes
    ----------
    centre, slopes
        The synthetic estimate is ``centre`` and the sum of ``slopes`` times the predictions that
        are shrunk or need no image of an area, shape (k,).
    most
        The weight of very many images, 0 to 1.
    half
        Images of which the weight is half of that.
    """

    centre: float
    slopes: tuple[float, ...]
    most: float
    half: float

    def weight(self, image_counts: np.ndarray) -> np.ndarray:
        """Give the weight of the images of areas, 0 to 1: 0 without any; shape (n,)."""
        counts = np.asarray(image_counts, dtype=np.float64)
        return np.asarray(self.most * counts / np.maximum(counts + self.half, 1e-12))

    def synthetic(self, shrunk: np.ndarray) -> np.ndarray:
        """Give what is expected of areas by the predictions that are shrunk, (n, k); (n,)."""
        return np.asarray(self.centre + shrunk @ np.array(self.slopes))

    def composite(
        self, by_images: np.ndarray, shrunk: np.ndarray, image_counts: np.ndarray
    ) -> np.ndarray:
        """Put predictions together; shape (n,).

        Parameters
        ----------
        by_images
            Predictions by the areas' own images, (n,).
        shrunk
            Predictions that are shrunk, or need none, (n, k).
        image_counts
            Images that each area's is made of, (n,).
        """
        expected = self.synthetic(shrunk)
        return np.asarray(expected + self.weight(image_counts) * (by_images - expected))


def fit_shrinkage(
    observed: np.ndarray, by_images: np.ndarray, shrunk: np.ndarray, image_counts: np.ndarray
) -> Shrinkage:
    """Learn how much to believe images, of areas that were held out from all predictions.

    Parameters
    ----------
    observed
        Values, (n,).
    by_images
        Predictions by the areas' own images as they are, by what did not learn from the area; (n,).
    shrunk
        Predictions that are shrunk, or need none, likewise, first the one that is to be believed
        as it is where areas do not say otherwise; (n, k).
    image_counts
        Images of each area, (n,).

    Returns
    -------
    Shrinkage
        The one of least squared error, its slopes drawn towards 1 of the first and 0 of others.
    """
    first = np.eye(shrunk.shape[1])[0]
    pull = np.diag(np.sqrt(AS_KRIGED) * shrunk.std(axis=0))
    rows = np.vstack([shrunk - shrunk.mean(axis=0), pull])
    slopes, _ = nnls(rows, np.r_[observed - observed.mean(), pull @ first])
    centre = float(observed.mean() - shrunk.mean(axis=0) @ slopes)
    expected = centre + shrunk @ slopes
    found = []
    for half in HALVES:
        moved = image_counts / (image_counts + half) * (by_images - expected)
        squares = float(moved @ moved)
        most = np.clip(moved @ (observed - expected) / squares, 0, 1) if squares > 0 else 0.0
        error = float(np.mean((observed - expected - most * moved) ** 2))
        slope = tuple(float(one) for one in slopes)
        found.append((error, Shrinkage(centre, slope, float(most), float(half))))
    return min(found, key=lambda one: one[0])[1]


def shrunk_of(predicted: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put side by side what images are shrunk towards, shape (n, 3).

    Parameters
    ----------
    predicted
        Model to predictions, (n,).

    Raises
    ------
    ContractError
        Where predictions were made when a composite was made of fewer.
    """
    if missing := [name for name in SHRUNK if name not in predicted]:
        raise ContractError(
            f"table predictions: has no {' or '.join(missing)}, of which `composite` is made: "
            "an earlier version wrote it; make `model_selection` again"
        )
    return np.column_stack([predicted[name] for name in SHRUNK])


def short_of(predicted: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give what images, as they are or shrunk, are short of in the areas around, (n,).

    Parameters
    ----------
    predicted
        Model to predictions, (n,).
    """
    return np.asarray(predicted[IMAGES_KRIGED] - predicted[IMAGES_CALIBRATED])


def shrunk_without_images(predicted: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put side by side the same of areas as if they had no images, shape (n, 3).

    Parameters
    ----------
    predicted
        Model to predictions, (n,).
    """
    around = predicted[IMAGES_AROUND]
    kriged = around + short_of(predicted)
    return shrunk_of({**predicted, IMAGES_KRIGED: kriged, IMAGES_CALIBRATED: around})


def with_calibrated_vectors(data: AreaDataset, learned_count: int) -> AreaDataset:
    """Add vectors shrunk towards those around, and by these alone, where that can be; else none.

    Parameters
    ----------
    data
        All areas.
    learned_count
        The fewest that are learned from: of fewer than `LEAST_AREAS_TO_SHRINK` nothing is shrunk,
        nor where clusters are found anew in every fold, which an area without images has none of.
    """
    if data.images is not None or learned_count < LEAST_AREAS_TO_SHRINK:
        return data
    vectors, about = without_gaps(data.vectors), (data.image_counts, data.place_m)
    variances, own = vector_variances(vectors, *about), np.arange(len(data))
    around, calibrated = (
        kriging_weights(variances, *about, data.place_m, own, with_own=counts) @ vectors
        for counts in (False, True)
    )
    return replace(data, around=around, calibrated=calibrated)
