"""Whether the same clusters come back: from other seeds, and from half of the images."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.fit.kmeans import fit_kmeans


def between_seeds(labels: Sequence[np.ndarray]) -> float | None:
    """Average the adjusted Rand index (Hubert and Arabie, 1985) over all pairs of labellings.

    1: the same clusters whatever their numbers; 0: as alike as by chance. None for fewer than two.
    """
    from sklearn.metrics import adjusted_rand_score

    agreements = [adjusted_rand_score(one, other) for one, other in combinations(labels, 2)]
    return float(np.mean(agreements)) if agreements else None


def between_halves(
    points: np.ndarray, *, k: int, seeds: Sequence[int], starts: int
) -> float | None:
    """Average the adjusted Rand index between clusters found in either half of the points.

    Parameters
    ----------
    points
        (n, d). For each seed they are split in two; k-means is fitted to both halves, and every
        point gets a label from either fit: that of the nearest centre.
    k
        Number of clusters.
    seeds
        A split, and a fit to either half, for each.
    starts
        First centres that k-means tries in each fit; the best is kept.

    Returns
    -------
    float | None
        None where a half has no more points than there are clusters.
    """
    half = len(points) // 2
    if half <= k:
        return None
    agreements = []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(points))
        labels = []
        for part in (order[:half], order[half:]):
            _, centres, _ = fit_kmeans(points[part], k=k, seed=seed, starts=starts)
            labels.append(nearest_centres(points, centres)[0])
        agreements.append(between_seeds(labels) or 0.0)
    return float(np.mean(agreements))
