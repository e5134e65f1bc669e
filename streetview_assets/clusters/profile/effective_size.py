"""How many independent areas two variables over space are worth, for a test of their correlation.

Clifford, Richardson and Hémon (1989), Biometrics 45: 123-134: where two variables both vary
smoothly over the map, their correlation varies as that of fewer areas. How alike values are by
distance is read off each variable's correlogram; Dutilleul (1993), Biometrics 49: 305-314, for the
bias that taking the mean off leaves in it.
"""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist

MOST_PLACES = 2_000
"""Of more, so many are drawn for the correlograms."""

_FIRST_CLASS, _GROWTH = 1.5, 1.3
"""Edge of the first class of distances, in distances to the nearest; of each next, in the last."""


def effective_sizes(columns: np.ndarray, values: np.ndarray, place_m: np.ndarray) -> np.ndarray:
    """Say how many independent areas the correlation of each column with values is worth.

    Parameters
    ----------
    columns
        Ranks, or other values that are not all the same, (n, k).
    values
        (n,), likewise.
    place_m
        Where the areas are, metres, in as many dimensions as serve; (n, 2) or (n, 3).

    Returns
    -------
    numpy.ndarray
        Shape (k,), at most n + 1: it is 1 more than the inverse of the variance that a
        correlation has where there is none.
    """
    count = len(values)
    chosen = np.arange(count)
    if count > MOST_PLACES:
        chosen = np.sort(np.random.default_rng(0).choice(count, MOST_PLACES, replace=False))
    scaled = _standardised(np.column_stack([values, columns])[chosen])
    alike, share_of_pairs = _correlograms(scaled, place_m[chosen])
    varying = _variance_of_mean(alike, share_of_pairs, count)
    alike = _positive(alike + varying * (1 - alike))
    together = share_of_pairs @ (alike[:, :1] * alike[:, 1:])
    return np.asarray(1 + count / (1 + (count - 1) * together))


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0))


def _correlograms(scaled: np.ndarray, place_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean product of pairs by class of distance, (classes, k), and its share of pairs."""
    lag_m = pdist(place_m)
    first, second = np.triu_indices(len(place_m), k=1)
    lag_class = np.searchsorted(_edges(place_m, lag_m), lag_m)
    numbers, lag_class = np.unique(lag_class, return_inverse=True)
    pairs = np.bincount(lag_class)
    sums = np.empty((len(numbers), scaled.shape[1]))
    for number in range(len(numbers)):
        inside = lag_class == number
        at = (first[inside], second[inside])
        joined = csr_matrix((np.ones(len(at[0])), at), shape=(len(scaled), len(scaled)))
        sums[number] = np.sum(scaled * (joined @ scaled), axis=0)
    return sums / pairs[:, None], pairs / pairs.sum()


def _edges(place_m: np.ndarray, lag_m: np.ndarray) -> np.ndarray:
    nearest = np.full(len(place_m), np.inf)
    first, second = np.triu_indices(len(place_m), k=1)
    np.minimum.at(nearest, first, lag_m)
    np.minimum.at(nearest, second, lag_m)
    longest = max(float(lag_m.max()), 1.0)
    start = _FIRST_CLASS * max(float(np.median(nearest)), longest / 1_000)
    classes = int(np.ceil(np.log(longest / start) / np.log(_GROWTH))) if start < longest else 0
    return np.asarray(start * _GROWTH ** np.arange(classes + 1))


def _variance_of_mean(alike: np.ndarray, share_of_pairs: np.ndarray, count: int) -> np.ndarray:
    """Say by how much products are too small, since the mean, which varies too, was taken off."""
    return np.asarray((1 + (count - 1) * (share_of_pairs @ _positive(alike))) / count)


def _positive(alike: np.ndarray) -> np.ndarray:
    """Cut each correlogram where it first falls to nought: beyond lies noise."""
    return np.where(np.minimum.accumulate(alike, axis=0) > 0, alike, 0.0)
