"""How well each number of clusters fits: inertia and silhouette."""

from collections.abc import Callable

import numpy as np
import polars as pl

from streetview_assets.clusters.kmeans import METHOD, fit_kmeans
from streetview_assets.clusters.projection import fit_projection
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.tables import TABLES

SILHOUETTE_ON = 5_000
"""The silhouette needs every pair of pictures: one subsample, the same for every k."""


def score_sweep(
    sample: pl.DataFrame,
    *,
    sweep: tuple[int, int],
    pca: int | None,
    seed: int,
    encoder: str,
    space: str,
    on_progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Score each number of clusters of a sweep, its ends included.

    Parameters
    ----------
    sample
        A column `embedding` of unit vectors, sorted by image_id.
    pca, encoder, space
        As in `fit_clusters`; inertia and silhouette are those of that space.

    Returns
    -------
    pl.DataFrame
        The table `cluster_scores`: `inertia`, the sum of squared distances to the centres, and
        `silhouette` (Rousseeuw, 1987; Euclidean) of a subsample of at most 5,000 pictures. The
        value is null where there are too few pictures, or too few that differ.
    """
    rows: list[dict[str, object]] = []
    last = sweep[1]
    points = distances = subsample = None
    if sample.height > max(sweep[0], (pca or 1) - 1):
        vectors = matrix(sample["embedding"])
        points = fit_projection(vectors, pca, seed).down(vectors)
        rng = np.random.default_rng(seed)
        size = min(SILHOUETTE_ON, len(points))
        subsample = np.sort(rng.choice(len(points), size, replace=False))
        distances = _distances(points[subsample])
    for k in range(sweep[0], last + 1):
        scores: dict[str, float | None] = {"inertia": None, "silhouette": None}
        if points is not None and subsample is not None and k < len(points):
            labels, _, inertia = fit_kmeans(points, k=k, seed=seed)
            scores = {
                "inertia": inertia,
                "silhouette": _silhouette(distances, labels[subsample]),
            }
        key = {"encoder": encoder, "method": METHOD, "space": space, "k": k, "seed": seed}
        rows += [{**key, "score": score, "value": value} for score, value in scores.items()]
        if on_progress:
            on_progress(k - sweep[0] + 1, last - sweep[0] + 1)
    return TABLES["cluster_scores"].frame(rows)


def _distances(points: np.ndarray) -> np.ndarray:
    from sklearn.metrics import pairwise_distances

    distances: np.ndarray = pairwise_distances(points)
    np.fill_diagonal(distances, 0)
    return distances


def _silhouette(distances: np.ndarray | None, labels: np.ndarray) -> float | None:
    from sklearn.metrics import silhouette_score

    if not 2 <= len(np.unique(labels)) < len(labels):
        return None
    return float(silhouette_score(distances, labels, metric="precomputed"))
