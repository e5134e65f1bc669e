"""Where k-means begins: at the means of the clusters of Ward's tree, for any number of clusters.

Random first centres miss separate kinds in many dimensions, where every two images are about as
far apart; Ward's tree is built in the components that stand out of noise, where they are not.
"""

from dataclasses import dataclass

import numpy as np

from streetview_assets.clusters.fit.projection import Projection, fit_signal_projections

BUILT_ON = 4_000
"""Images at most: time grows with their square, and so many take a second. And four fifths of them
at most, so that fits from several seeds begin at several trees."""


@dataclass(frozen=True)
class WardTree:
    """A tree of some of the images (Ward, 1963).

    Attributes
    ----------
    vectors
        Those of the images, raw, (m, d).
    merges
        As scipy gives them, (m - 1, 4).
    """

    vectors: np.ndarray
    merges: np.ndarray


def ward_tree(vectors: np.ndarray, seed: int) -> WardTree | None:
    """Build the tree of four fifths of the images, 4,000 at most; of fewer than four there is none.

    Parameters
    ----------
    vectors
        (n, d), raw.
    seed
        Of the sample, and of randomised principal components.
    """
    from scipy.cluster.hierarchy import linkage

    if len(vectors) < 4:
        return None
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(vectors), min(BUILT_ON, len(vectors) * 4 // 5), replace=False))
    some = vectors[rows]
    points = fit_signal_projections(some, seed)[-1].down(some)
    return WardTree(some, linkage(points.astype(np.float64), "ward"))


def first_centres(tree: WardTree | None, k: int, projection: Projection) -> np.ndarray | None:
    """Give the means of the tree's k clusters, (k, p); None where it has no k that differ.

    Parameters
    ----------
    tree
        None: there were too few images for one.
    k
        Number of clusters.
    projection
        To the space in which they are wanted.
    """
    from scipy.cluster.hierarchy import fcluster

    if tree is None or k > len(tree.vectors):
        return None
    labels = fcluster(tree.merges, k, "maxclust")
    if labels.max() < k:
        return None
    means = [tree.vectors[labels == one].mean(axis=0) for one in range(1, k + 1)]
    return projection.down(np.array(means))
