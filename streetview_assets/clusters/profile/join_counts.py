"""Whether the points of a cluster lie together: join counts on a graph of nearest neighbours.

A join is a pair of neighbouring points; those that join two points of one cluster are counted, and
compared with what clusters dealt to the points at random give. Cliff and Ord (1981), Spatial
processes, chapter 1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

NEIGHBOURS = 8
"""Of each point, those joined to it."""

PERMUTATIONS = 999
MANY_POINTS, FEWER_PERMUTATIONS = 50_000, 199
"""Beyond so many points a deal takes long, and tells more by itself."""


@dataclass(frozen=True)
class JoinCounts:
    """Joins within each cluster, the last entry of each array: within any.

    Attributes
    ----------
    counts
        (k + 1,), joins between two points of the cluster.
    expected
        (k + 1,), their mean over all ways to deal the clusters to the points.
    p_values
        (k + 1,), one-sided: how often clusters dealt at random have as many joins or more.
    """

    counts: np.ndarray
    expected: np.ndarray
    p_values: np.ndarray


def nearest_joins(
    longitude: np.ndarray, latitude: np.ndarray, count: int = NEIGHBOURS
) -> np.ndarray:
    """Join each point to its nearest others, each pair once.

    Parameters
    ----------
    longitude, latitude
        (n,), degrees, WGS 84. Nearness is taken on the sphere, so that points may lie anywhere.
    count
        Neighbours of a point; all others where there are fewer.

    Returns
    -------
    np.ndarray
        (m, 2), rows of points, the lower first; two points are joined where one of them is among
        the nearest of the other.
    """
    size = len(longitude)
    count = min(count, size - 1)
    if count < 1:
        return np.empty((0, 2), dtype=np.int64)
    sphere = on_the_sphere(longitude, latitude)
    _, near = cKDTree(sphere).query(sphere, k=count + 1)
    own = np.arange(size)
    others = near != own[:, None]
    # Of many points at one place a point itself may not be among its nearest.
    others[others.all(axis=1), -1] = False
    pairs = np.column_stack((np.repeat(own, count), near[others]))
    joined: np.ndarray = np.unique(np.sort(pairs, axis=1), axis=0)
    return joined


def on_the_sphere(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Give places on a sphere of radius 1, shape (n, 3), between which distances hold anywhere.

    Parameters
    ----------
    longitude, latitude
        (n,), degrees, WGS 84.
    """
    east, north = np.radians(longitude), np.radians(latitude)
    return np.column_stack(
        (np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north))
    )


def join_counts(
    clusters: np.ndarray, joins: np.ndarray, *, k: int, seed: int, permutations: int | None = None
) -> JoinCounts:
    """Count joins within each cluster, and say how seldom chance gives as many.

    Parameters
    ----------
    clusters
        (n,), the cluster of each point, 1 to k.
    joins
        (m, 2), rows of points that are joined.
    k
        Number of clusters; one may have no point.
    seed
        Of the deals.
    permutations
        Deals; default: 999, and 199 above 50,000 points.

    Returns
    -------
    JoinCounts
        p-values are (deals that reach the count + 1) / (deals + 1).
    """
    if permutations is None:
        permutations = PERMUTATIONS if len(clusters) <= MANY_POINTS else FEWER_PERMUTATIONS
    from_zero = clusters.astype(np.int64) - 1
    counts = _within(from_zero, joins, k)
    rng = np.random.default_rng(seed)
    reached = np.zeros(k + 1, dtype=np.int64)
    for _ in range(permutations):
        reached += _within(rng.permutation(from_zero), joins, k) >= counts
    sizes = np.bincount(from_zero, minlength=k).astype(np.float64)
    pairs = max(len(clusters) * (len(clusters) - 1), 1)
    expected = len(joins) * sizes * (sizes - 1) / pairs
    return JoinCounts(
        counts, np.append(expected, expected.sum()), (reached + 1) / (permutations + 1)
    )


def _within(clusters: np.ndarray, joins: np.ndarray, k: int) -> np.ndarray:
    first = clusters[joins[:, 0]]
    same = np.bincount(first[first == clusters[joins[:, 1]]], minlength=k)
    return np.append(same, same.sum())
