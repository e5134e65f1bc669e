"""Small areas: what images say, shrunk towards place and neighbours by how few images there are.

The composite estimator of small-area statistics (Fay and Herriot 1979, JASA 74: 269-277; Rao and
Molina 2015, Small Area Estimation, chapters 3 and 6): the prediction by an area's own images is a
direct estimate, whose variance falls with their number as that of the pooled vector does; what
place and the images of the areas around say is the synthetic one. There the variances come from a
likelihood; here areas whose value is known tell which weights predict best, held out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from streetview_assets.models.candidates.baselines import PLACE
from streetview_assets.models.data.dataset import AreaDataset

COMPOSITE = "composite"
IMAGES_AROUND = "images_around"
"""What the model chosen says of the mean image of the areas around, in place of an area's own."""
AREAS_AROUND = 8
LEAST_AREAS_TO_SHRINK = 50
"""A few numbers are learned of the areas: of fewer, by chance."""
HALVES = (0.0, *np.geomspace(0.25, 64, 17))
"""Images of which half as much is believed as of very many, the numbers that are tried."""


@dataclass(frozen=True)
class Shrinkage:
    """How predictions with an area's own images, and without, are put together.

    Attributes
    ----------
    centre, slopes
        What is expected of an area without images is ``centre`` and the sum of ``slopes`` times
        the predictions that need none, shape (k,).
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

    def synthetic(self, without: np.ndarray) -> np.ndarray:
        """Give what is expected of areas by predictions that need no image of theirs, (n, k)."""
        return np.asarray(self.centre + without @ np.array(self.slopes))

    def composite(
        self, by_images: np.ndarray, without: np.ndarray, image_counts: np.ndarray
    ) -> np.ndarray:
        """Put predictions together; shape (n,).

        Parameters
        ----------
        by_images
            Predictions by the areas' own images, (n,).
        without
            Predictions that need none, (n, k).
        image_counts
            Images that each area's is made of, (n,).
        """
        expected = self.synthetic(without)
        return np.asarray(expected + self.weight(image_counts) * (by_images - expected))


def fit_shrinkage(
    observed: np.ndarray, by_images: np.ndarray, without: np.ndarray, image_counts: np.ndarray
) -> Shrinkage:
    """Learn how much to believe images, of areas that were held out from all predictions.

    Parameters
    ----------
    observed
        Values, (n,).
    by_images
        Predictions by the areas' own images, by what did not learn from the area; (n,).
    without
        Predictions that need none, likewise; (n, k).
    image_counts
        Images of each area, (n,).

    Returns
    -------
    Shrinkage
        The one of least squared error.
    """
    slopes, _ = nnls(without - without.mean(axis=0), observed - observed.mean())
    centre = float(observed.mean() - without.mean(axis=0) @ slopes)
    expected = centre + without @ slopes
    found = []
    for half in HALVES:
        moved = image_counts / (image_counts + half) * (by_images - expected)
        squares = float(moved @ moved)
        most = np.clip(moved @ (observed - expected) / squares, 0, 1) if squares > 0 else 0.0
        error = float(np.mean((observed - expected - most * moved) ** 2))
        slope = tuple(float(one) for one in slopes)
        found.append((error, Shrinkage(centre, slope, float(most), float(half))))
    return min(found, key=lambda one: one[0])[1]


def without_images(predicted: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put side by side what is predicted of areas without their own images, shape (n, 2).

    Parameters
    ----------
    predicted
        Model to predictions, (n,).
    """
    return np.column_stack([predicted[PLACE], predicted[IMAGES_AROUND]])


def with_vectors_around(data: AreaDataset, learned_count: int) -> AreaDataset:
    """Add the mean vectors of the areas around, where images are to be shrunk; else none.

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
    around = vectors_around(data.vectors, data.image_counts, data.place_m, data.place_m)
    return replace(data, around=around)


def vectors_around(
    vectors: np.ndarray, image_counts: np.ndarray, place_m: np.ndarray, wanted_m: np.ndarray
) -> np.ndarray:
    """Give the mean vector of the areas nearest to places, shape (m, d).

    Parameters
    ----------
    vectors
        Of areas with images, (n, d).
    image_counts
        Of theirs, (n,): each counts by its images.
    place_m, wanted_m
        Where these areas, and the places, lie, metres; (n, 2) and (m, 2). An area at the place
        itself is not around it.
    """
    count = min(AREAS_AROUND + 1, len(vectors))
    lag_m, near = cKDTree(place_m).query(wanted_m, k=count)
    weight = np.where(lag_m.reshape(-1, count) > 0, image_counts[near.reshape(-1, count)], 0)
    weight[(weight > 0).sum(axis=1) > AREAS_AROUND, -1] = 0
    weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    rows = np.repeat(np.arange(len(wanted_m)), count)
    among = csr_matrix((weight.ravel(), (rows, near.ravel())), (len(wanted_m), len(vectors)))
    among.eliminate_zeros()
    return np.asarray(among @ vectors)
