"""The gap statistic: how much tighter clusters are than those of points without structure."""

import numpy as np

from streetview_assets.clusters.fit.kmeans import fit_kmeans

DRAWS = 5
"""Made-up sets of points without structure, against which the real ones are held."""

NO_SPREAD = 1e-6
"""What is left of the spread where every point is its own centre: a rounding error."""


def references(points: np.ndarray, *, seed: int, draws: int = DRAWS) -> list[np.ndarray]:
    """Draw points without structure: uniform in the box of the points' own range.

    Parameters
    ----------
    points
        (n, d), in principal components, along which the box then lies (variant b of Tibshirani,
        Walther and Hastie, 2001).
    seed
        Of the draws.
    draws
        How many sets of n points.
    """
    rng = np.random.default_rng(seed)
    low, high = points.min(axis=0), points.max(axis=0)
    return [rng.uniform(low, high, size=points.shape) for _ in range(draws)]


def gap(
    points: np.ndarray, without_structure: list[np.ndarray], *, k: int, seed: int, starts: int
) -> tuple[float | None, float | None]:
    """Give the gap at k clusters and its standard error.

    The mean log inertia of the points without structure minus that of the real ones; the error
    is the deviation of the former times sqrt(1 + 1/draws). Both None where there are no more
    points than clusters, or no more that differ.

    Parameters
    ----------
    points
        (n, d), in principal components.
    without_structure
        What `references` gives.
    k
        Number of clusters; 1 too.
    seed
        Of each fit of k-means.
    starts
        First centres that each fit tries.
    """
    own = _log_inertia(points, k, seed, starts)
    drawn = [_log_inertia(reference, k, seed, starts) for reference in without_structure]
    logs = [value for value in drawn if value is not None]
    if own is None or len(logs) < len(drawn):
        return None, None
    error = float(np.std(logs)) * np.sqrt(1 + 1 / len(logs))
    return float(np.mean(logs)) - own, float(error)


def _log_inertia(points: np.ndarray, k: int, seed: int, starts: int) -> float | None:
    spread = float(((points - points.mean(axis=0)) ** 2).sum())
    if k >= len(points) or spread == 0:
        return None
    if k == 1:
        return float(np.log(spread))
    _, _, inertia = fit_kmeans(points, k=k, seed=seed, starts=starts)
    return float(np.log(inertia)) if inertia > NO_SPREAD * spread else None
