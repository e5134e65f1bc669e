"""Which vectors are near by other metrics than the cosine: most are a cosine of something else."""

from typing import Literal

import numpy as np

from streetview_assets.embeddings.similarity.exact_search import DECIMALS, lengths_of
from streetview_assets.processes.threads import limit_threads

Metric = Literal["cosine", "correlation", "euclidean", "dot", "manhattan", "hamming"]
MOST_BY_MANHATTAN = 20_000
"""Images: there is no product of matrices for it, and the time grows with their square."""

_PAIRS_AT_ONCE = 2**16


def as_compared(vectors: np.ndarray, metric: Metric) -> np.ndarray:
    """Turn vectors into those whose cosines order as a metric does.

    Parameters
    ----------
    vectors
        (n, d), float32, of unit length.
    metric
        Any but `manhattan`. Of unit vectors the Euclidean distance and the dot product order as
        the cosine does; the correlation is the cosine of vectors less their own mean; the Hamming
        distance of two rows of signs is linear in their cosine. A sign says whether a number is
        above its mean over all vectors.

    Returns
    -------
    numpy.ndarray
        (n, d), float32, of unit length, or of zeros where a vector is the same throughout.
    """
    if metric == "correlation":
        centred = vectors - vectors.mean(axis=1, keepdims=True, dtype=np.float64)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        return np.asarray(centred / np.where(length > 0, length, 1), dtype=np.float32)
    if metric == "hamming":
        above = vectors > vectors.mean(axis=0, dtype=np.float64)
        signs = np.where(above, 1, -1) / np.sqrt(max(vectors.shape[1], 1))
        return np.asarray(signs, dtype=np.float32)
    return vectors


def distances_of(cosines: np.ndarray, metric: Metric) -> np.ndarray:
    """Turn cosines of what `as_compared` gives into distances by the metric.

    Parameters
    ----------
    cosines
        Of any shape.
    metric
        Any but `manhattan`: 1 less the cosine, dot product or correlation; the length between two
        vectors; the share of numbers with another sign.
    """
    if metric == "euclidean":
        return np.asarray(np.sqrt(np.maximum(2 - 2 * cosines, 0)))
    return np.asarray((1 - cosines) / 2 if metric == "hamming" else 1 - cosines)


def nearest_by_manhattan(vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the others of least summed difference to each vector, by every pair.

    Parameters
    ----------
    vectors
        (n, d), float32.
    count
        How many others, at most n - 1.

    Returns
    -------
    tuple of numpy.ndarray
        Rows of the others (n, count), the nearest first and of equals the smaller row; and their
        distances, to nine decimals.
    """
    from sklearn.neighbors import NearestNeighbors

    with limit_threads():
        model = NearestNeighbors(n_neighbors=count, algorithm="brute", metric="manhattan")
        # Without an argument no vector is its own neighbour.
        found, places = model.fit(vectors.astype(np.float64)).kneighbors()
    found = np.round(found, DECIMALS)
    order = np.lexsort((places, found), axis=1)
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(found, order, axis=1)


def cosines_of_pairs(vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Take the cosine of each vector and those that it is paired with, to nine decimals.

    Parameters
    ----------
    vectors
        (n, d), of unit length.
    places
        (n, m): rows of the others of each.
    """
    cosines, length = np.empty(places.shape), lengths_of(vectors)
    step = max(1, _PAIRS_AT_ONCE // max(1, places.shape[1]))
    for start in range(0, len(places), step):
        here = slice(start, start + step)
        own = vectors[here].astype(np.float64)
        others = vectors[places[here]].astype(np.float64)
        products = np.einsum("nmd,nd->nm", others, own)
        cosines[here] = products / length[places[here]] / length[here, None]
    return np.round(cosines, DECIMALS)
