"""Whether neighbouring areas resemble each other: Moran's I of a target and of residuals.

Moran (1950), Biometrika 37: 17-23. A model whose residuals are autocorrelated has missed
something that lies in space, and a bootstrap of single areas would flatter its intervals.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from streetview_assets.areas.contiguity import touching

PERMUTATIONS = 999
_CELLS_AT_ONCE = 4_000_000


def neighbour_weights(geometry: Sequence[BaseGeometry]) -> csr_matrix:
    """Say which areas touch, in the manner of a queen, each row adding up to 1.

    Parameters
    ----------
    geometry
        Outlines in a CRS in metres. An area that touches none (an island, or one whose
        neighbours have no imagery) is joined, both ways, to the area whose centroid is nearest.

    Returns
    -------
    scipy.sparse.csr_matrix
        Shape (n, n).
    """
    size = len(geometry)
    pairs = touching(geometry)
    graph = csr_matrix((np.ones(len(pairs[0])), pairs), shape=(size, size))
    islands = np.flatnonzero(np.diff(graph.indptr) == 0)
    if islands.size and len(geometry) > 1:
        centroids = np.array([(shape.centroid.x, shape.centroid.y) for shape in geometry])
        nearest = _nearest_others(centroids, islands)
        ones = np.ones(len(islands))
        joined = csr_matrix((ones, (islands, nearest)), shape=graph.shape)
        graph = ((graph + joined + joined.T) > 0).astype(np.float64)
    sums = np.asarray(graph.sum(axis=1)).reshape(-1)
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    return csr_matrix(graph.multiply(scale[:, None]))


def morans_i(values: np.ndarray, weights: csr_matrix) -> float | None:
    """Compute Moran's I; None where the values are all the same or no area has a neighbour.

    Parameters
    ----------
    values
        (n,).
    weights
        Which areas are neighbours, (n, n), as `neighbour_weights` gives them.
    """
    centred = values - values.mean()
    spread, joins = float(centred @ centred), float(weights.sum())
    if joins == 0 or spread <= 1e-24 * max(1.0, float(values @ values)):
        return None
    return float(len(values) / joins * (centred @ (weights @ centred)) / spread)


def morans_p(
    values: np.ndarray, weights: csr_matrix, seed: int, permutations: int = PERMUTATIONS
) -> float | None:
    """Give the pseudo p-value of Moran's I: how often values dealt at random are as extreme.

    One-sided, towards the side on which I lies, as in PySAL's esda.

    Parameters
    ----------
    values
        (n,).
    weights
        Which areas are neighbours, (n, n), as `neighbour_weights` gives them.
    seed
        Of the permutations.
    permutations
        How many; with 999 the least p-value is 0.001.
    """
    value = morans_i(values, weights)
    if value is None:
        return None
    rng = np.random.default_rng(seed)
    centred = values - values.mean()
    scale = len(values) / float(weights.sum()) / float(centred @ centred)
    at_once = max(1, _CELLS_AT_ONCE // len(values))
    larger = 0
    for start in range(0, permutations, at_once):
        wanted = min(at_once, permutations - start)
        dealt = rng.permuted(np.tile(centred, (wanted, 1)), axis=1).T
        simulated = scale * np.sum(dealt * (weights @ dealt), axis=0)
        larger += int(np.sum(simulated >= value))
    return (min(larger, permutations - larger) + 1) / (permutations + 1)


def _nearest_others(centroids: np.ndarray, islands: np.ndarray) -> np.ndarray:
    _, near = cKDTree(centroids).query(centroids[islands], k=2)
    # Two areas of one centroid: the nearest may be listed second.
    return np.asarray(np.where(near[:, 0] == islands, near[:, 1], near[:, 0]))
