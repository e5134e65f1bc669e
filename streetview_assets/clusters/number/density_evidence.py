"""What density says of the number of clusters, as scores: beside those of every fit of k-means."""

import numpy as np

from streetview_assets.clusters.fit.hdbscan import fit_hdbscan, smallest_cluster
from streetview_assets.clusters.fit.projection import COMPARED_IN, fit_projection
from streetview_assets.clusters.number.density_modes import Kinds

DENSITY, HDBSCAN = "density", "hdbscan"
"""Values of the column `method`."""

MOST_PROMINENCES = 30


def density_evidence(
    kinds: Kinds | None, vectors: np.ndarray, seed: int
) -> list[dict[str, object]]:
    """Give the columns method, space, k, score and value of what density says.

    Parameters
    ----------
    kinds
        What `find_kinds` gives of `vectors`; None: nothing is said.
    vectors
        (n, d), raw.
    seed
        Of the principal components of HDBSCAN.

    Returns
    -------
    list
        Of method `density`: `share_in_kinds` of the images, in the row whose k is the number of
        kinds (1: a continuum); `prominence` of the k-th kind, or of what is next to one, from
        k = 2; in the row of k = 1 `prominence_needed`. Of method `hdbscan`, of the same images:
        `density_agreement`, in the row whose k is the number of its clusters.
    """
    if kinds is None:
        return []
    rows: list[dict[str, object]] = []

    def note(method: str, space: str, k: int, score: str, value: float | None) -> None:
        rows.append({"method": method, "space": space, "k": k, "score": score, "value": value})

    inside = float((kinds.labels >= 0).mean()) if kinds.count > 1 else 1.0
    note(DENSITY, kinds.space, kinds.count, "share_in_kinds", inside)
    note(DENSITY, kinds.space, 1, "prominence_needed", kinds.needed)
    for k, prominence in enumerate(kinds.prominences[:MOST_PROMINENCES].tolist(), start=2):
        note(DENSITY, kinds.space, k, "prominence", prominence)
    looked_at = vectors[kinds.rows]
    pca = COMPARED_IN if min(looked_at.shape) > COMPARED_IN else None
    points = fit_projection(looked_at, pca, seed).down(looked_at)
    labels = np.full(len(vectors), -1)
    labels[kinds.rows], _ = fit_hdbscan(points, smallest_cluster(len(points)))
    space = "raw" if pca is None else f"pca{pca}"
    note(HDBSCAN, space, int(labels.max()) + 1, "density_agreement", agreement_with(kinds, labels))
    return rows


def agreement_with(kinds: Kinds | None, labels: np.ndarray) -> float | None:
    """Give the adjusted Rand index of clusters with the kinds, over the images in a kind.

    Parameters
    ----------
    kinds
        What `find_kinds` gives.
    labels
        The cluster of each image, (n,), -1 in none: one more cluster.

    Returns
    -------
    float | None
        None where there are not two kinds.
    """
    from sklearn.metrics import adjusted_rand_score

    if kinds is None or kinds.count < 2:
        return None
    inside = kinds.labels >= 0
    return float(adjusted_rand_score(kinds.labels[inside], labels[kinds.rows[inside]]))
