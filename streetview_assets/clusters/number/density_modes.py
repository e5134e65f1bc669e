"""Separate kinds: places where images lie dense, with valleys between that chance does not dig.

Single linkage of mutual reachability distances is the tree from which HDBSCAN reads its clusters
(Campello, Moulavi and Sander, 2013). Here a branch is a kind where its prominence, the fall of the
log density from its peak to the pass over which it joins a denser one (Chazal and others, 2013),
is more than points without structure show. The tree knows nothing of k-means, nor of round shapes.
"""

from dataclasses import dataclass

import numpy as np

from streetview_assets.clusters.fit.projection import Projection, fit_signal_projections
from streetview_assets.clusters.number.background import background_kind
from streetview_assets.processes.threads import limit_threads

LOOKED_AT = 4_000
"""Images at most: every pair is compared, and so many take a second or two."""

NEIGHBOURS, MOST_NEIGHBOURS = 15, 20
"""Neighbours by which density is told: a hundredth of the images within these bounds; of fewer
than 300 images a twentieth, 5 at least, where chance digs deeper valleys."""

SHARE = 100
"""A kind has a hundredth of the images, and as many as density is told by."""

LEAST_PROMINENCE, ON_A_LINE = 1.0, 1.6
"""A branch is a kind from the first of these plus the second over the intrinsic dimension. The
fewer ways lead around a valley, the deeper chance digs it: in draws of 200 to 3,000 points of a
Gaussian, a cube, a torus and a t distribution at most 1.5 on a line, 1.0 on a plane, 0.9 in more;
on noisy curves up to 1.9 at dimensions of 1.8 to 2.4."""

MOST = 0.4
"""Kinds that hold fewer of the images are dense spots in a continuum."""

BLOCKS = 16
"""Parts in which near images are looked for, of which each is copied."""

NO_DISTANCE = 1e-6
"""Of the largest: images as near as that are the same."""


@dataclass(frozen=True)
class Kinds:
    """Kinds that valleys of density keep apart.

    Attributes
    ----------
    rows
        The images that were looked at, of those given; (m,).
    labels
        The kind of each of these from 0, -1: of none, between them or around; (m,). All -1 where
        there are not two kinds.
    count
        Number of kinds; 1: a continuum.
    prominences
        Of the second most prominent branch, the third and so on, falling, in logs of density.
    needed
        The prominence from which a branch is a kind.
    space
        Where density was told: `raw`, or `pca<n>`.
    """

    rows: np.ndarray
    labels: np.ndarray
    count: int
    prominences: np.ndarray
    needed: float
    space: str


def find_kinds(vectors: np.ndarray, seed: int) -> Kinds | None:
    """Find the kinds of vectors (n, d); None: too few, or too few that differ.

    Parameters
    ----------
    vectors
        (n, d), raw; of more than 4,000 a sample is looked at.
    seed
        Of the sample, and of randomised principal components.
    """
    count = len(vectors)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(count, min(LOOKED_AT, count), replace=False))
    looked_at = vectors[rows]
    neighbours = int(
        np.clip(len(rows) // SHARE, min(NEIGHBOURS, max(5, len(rows) // 20)), MOST_NEIGHBOURS)
    )
    least = max(neighbours, -(-len(rows) // SHARE))
    if len(rows) < 2 * least or not np.ptp(looked_at, axis=0).any():
        return None
    found = [
        _kinds_of(rows, looked_at, projection, neighbours, least)
        for projection in fit_signal_projections(looked_at, seed)
    ]
    return max(found, key=lambda kinds: (kinds.count, (kinds.labels >= 0).sum()))


def _kinds_of(
    rows: np.ndarray, vectors: np.ndarray, projection: Projection, neighbours: int, least: int
) -> Kinds:
    points = projection.down(vectors)
    distances, core, dimension = _mutual_reachability(points, neighbours)
    tree = _single_linkage(distances)
    branches, falls = _branches(tree, core, least)
    prominences = dimension * falls
    needed = np.sqrt(max(NEIGHBOURS / neighbours, 1)) * (LEAST_PROMINENCE + ON_A_LINE / dimension)
    labels = _cores(tree, set(branches[prominences >= needed].tolist()), len(rows))
    background = background_kind(vectors, labels)
    is_background = np.zeros(len(rows), dtype=bool) if background is None else labels == background
    if background is not None:
        labels = np.where(is_background, -1, labels - (labels > background))
    if (labels >= 0).sum() < MOST * (~is_background).sum():
        labels = np.full(len(rows), -1)
    return Kinds(
        rows,
        labels,
        max(int(labels.max()) + 1, 1),
        np.sort(prominences)[::-1],
        float(needed),
        projection.name,
    )


def _mutual_reachability(
    points: np.ndarray, neighbours: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Measure mutual reachability (m, m), core distances (m,), and the intrinsic dimension.

    The dimension is that of maximum likelihood (Levina and Bickel, 2004), inverses averaged over
    the points (MacKay and Ghahramani, 2005).
    """
    from sklearn.metrics import pairwise_distances

    with limit_threads():
        distances = pairwise_distances(points.astype(np.float64))
    np.fill_diagonal(distances, 0)
    blocks = np.array_split(distances, BLOCKS)
    near = np.vstack([np.partition(block, neighbours)[:, : neighbours + 1] for block in blocks])
    near = np.maximum(np.sort(near), NO_DISTANCE * distances.max())
    core = near[:, neighbours]
    logs = np.log(core[:, None] / near[:, 1:neighbours])
    mean = float(logs.sum() / (len(points) * (neighbours - 2)))
    dimension = 1 / mean if mean > 0 else float(points.shape[1])
    np.maximum(distances, core[:, None], out=distances)
    np.maximum(distances, core[None], out=distances)
    np.fill_diagonal(distances, 0)
    return distances, core, float(np.clip(dimension, 1, max(points.shape[1], 1)))


def _single_linkage(distances: np.ndarray) -> np.ndarray:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    tree: np.ndarray = linkage(squareform(distances, checks=False), "single")
    return tree


def _branches(tree: np.ndarray, core: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Give each branch that ends in a denser one, and by how much its log distance grows there.

    Branches of fewer than `least` points are of no account, be they ever so dense.
    """
    count = len(core)
    peak, size = np.append(core, np.empty(count - 1)), np.ones(2 * count - 1, dtype=np.int64)
    branches, falls = [], []
    for node, (left, right, height, _) in enumerate(tree, start=count):
        denser, other = sorted((int(left), int(right)), key=peak.__getitem__)
        size[node] = size[denser] + size[other]
        if size[denser] < least <= size[other]:
            denser, other = other, denser
        if size[other] >= least:
            branches.append(other)
            falls.append(np.log(height / peak[other]))
        peak[node] = peak[denser]
    return np.array(branches, dtype=np.int64), np.array(falls)


def _cores(tree: np.ndarray, kept: set[int], count: int) -> np.ndarray:
    """Label the points of each kind as it was before it first met another; the rest -1."""
    labels = np.full(count, -1)
    met = np.zeros(2 * count - 1, dtype=bool)
    kinds = 0
    for node, merge in enumerate(tree, start=count):
        sides = [int(side) for side in merge[:2]]
        if kept.intersection(sides):
            for side in sides:
                if not met[side]:
                    labels[_leaves(tree, side, count)] = kinds
                    kinds += 1
            met[node] = True
        else:
            met[node] = met[sides].any()
    return labels


def _leaves(tree: np.ndarray, node: int, count: int) -> list[int]:
    leaves, open_nodes = [], [node]
    while open_nodes:
        inner = open_nodes.pop()
        if inner < count:
            leaves.append(inner)
        else:
            open_nodes += [int(side) for side in tree[inner - count, :2]]
    return leaves
