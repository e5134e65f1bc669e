"""k-means on unit vectors: the centres of the kinds of scene."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.lloyd import lloyd
from streetview_assets.clusters.fit.projection import fit_projection, fit_signal_projections
from streetview_assets.clusters.fit.ward import first_centres, ward_tree
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.processes.threads import limit_threads
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

METHOD = "kmeans"
STARTS, STARTS_OF_FEW, STARTS_OF_MANY = 3, 10, 20
"""Fits from as many random starts, beside that from Ward's tree; the best is kept. More of them
where they cost little: of few images, of which a single one decides more, and of many."""

FEW_IMAGES, TRIED_ON, MANY_IMAGES = 2_000, 5_000, 20_000
"""Of many images the starts are tried on a part, drawn by the seed, in the components that stand
out of its noise; the best goes on with all."""


@dataclass(frozen=True)
class ClusterFit:
    """The centres that were found, or the reason why there are none.

    Attributes
    ----------
    centres
        The table `cluster_centres`; empty where there is a reason.
    reason
        Empty where all is well.
    """

    centres: pl.DataFrame
    reason: str = ""


def fit_clusters(
    sample: pl.DataFrame,
    *,
    k: int,
    pca: int | None,
    seed: int,
    encoder: str,
    space: str,
    last: pl.DataFrame | None = None,
) -> ClusterFit:
    """Find k kinds of scene in a sample of images.

    Parameters
    ----------
    sample
        A column `embedding` of unit vectors, sorted by image_id.
    k
        Number of clusters, at least 2.
    pca
        Cluster in so many principal components of the sample; None: in the vectors as they are.
    seed
        Of the principal components, of Ward's tree and of the starts of k-means.
    encoder, space
        The columns of that name.
    last
        The table `cluster_centres` as last published: where it has centres of the same encoder,
        space and k, each new cluster gets the number of the old one in whose place it came.

    Returns
    -------
    ClusterFit
        Centres numbered from 1, the largest cluster first unless the numbers are those of the
        last fit, in the space of the raw vectors: the nearest of them to a raw vector is the
        nearest in the components too (see `Projection`).
        Too few images, or too few that differ, is a result with a reason.
    """
    nothing = TABLES["cluster_centres"].frame()
    needed = max(k, pca or 0)
    if sample.height < needed:
        what = counted(needed, "cluster" if needed == k else "principal component")
        return ClusterFit(nothing, f"too few images for {what}: {sample.height}")
    vectors = matrix(sample["embedding"])
    projection = fit_projection(vectors, pca, seed)
    points = projection.down(vectors)
    tree = ward_tree(vectors, seed)
    labels, centres, _ = fit_kmeans(
        points, k=k, seed=seed, first=first_centres(tree, k, projection)
    )
    sizes = np.bincount(labels, minlength=k)
    if (sizes == 0).any():
        return ClusterFit(nothing, f"fewer than {k} of the images differ from each other")
    order = largest_first(labels, sizes)
    raised = projection.up(centres[order])
    if last is not None:
        mine = last.filter(method=METHOD, encoder=encoder, space=space, k=k).sort("cluster")
        kept = numbers_kept(raised, matrix(mine["centre"]))
        order, raised = order[kept], raised[kept]
    return ClusterFit(centres_frame(raised, sizes[order], encoder=encoder, space=space))


def numbers_kept(centres: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Order new centres (k, d) so that each stands where the last one stood that it replaces.

    The pairs are those whose squared distances add up to least (Kuhn, 1955). Centres of another
    shape, or none, have nothing to say: the order is then as it was.

    Parameters
    ----------
    centres
        New ones, (k, d).
    last
        Those that bear the numbers, (k, d), by number.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    if last.shape != centres.shape:
        return np.arange(len(centres))
    _, replacing = linear_sum_assignment(cdist(last, centres, "sqeuclidean"))
    return np.asarray(replacing)


def centres_frame(
    centres: np.ndarray, image_counts: np.ndarray, *, encoder: str, space: str
) -> pl.DataFrame:
    """Make the table `cluster_centres` of centres (k, d), in the order of their numbers.

    Parameters
    ----------
    centres
        (k, d), in the space of the raw vectors.
    image_counts
        Images of the sample in each, (k,).
    encoder, space
        The columns of that name.
    """
    k = len(centres)
    return pl.DataFrame(
        {
            "encoder": [encoder] * k,
            "method": [METHOD] * k,
            "space": [space] * k,
            "k": [k] * k,
            "cluster": range(1, k + 1),
            "image_count": image_counts.tolist(),
            "centre": vector_series("centre", centres),
        },
        schema=TABLES["cluster_centres"].schema,
    )


def starts_for(image_count: int) -> int:
    """Say how often to begin anew with so many images."""
    if image_count <= FEW_IMAGES:
        return STARTS_OF_FEW
    return STARTS if image_count <= MANY_IMAGES else STARTS_OF_MANY


def fit_kmeans(
    points: np.ndarray,
    *,
    k: int,
    seed: int,
    starts: int | None = None,
    first: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Run k-means: labels (n,) from 0, centres (k, d), inertia (sum of squared distances).

    Sums come out the same each time, however many threads there are.

    Parameters
    ----------
    points
        (n, d), n at least k.
    k
        Number of clusters.
    seed
        Of the first centres (k-means++), and of the part of many points that they are tried on.
    starts
        How often to begin anew; the fit of least inertia is kept. Default: `starts_for` as many.
    first
        Centres (k, d) to begin at too.
    """
    starts = starts or starts_for(len(points))
    with limit_threads(), without_convergence_warnings():
        if len(points) > MANY_IMAGES:
            return lloyd(points, _centres_of_part(points, k, seed, starts, first))
        best = _best_fit(points, k, seed, starts, first)
    return best.labels_, best.cluster_centers_, float(best.inertia_)


@contextmanager
def without_convergence_warnings() -> Iterator[None]:
    """Leave unsaid that fewer points differ than there are clusters: who counts labels sees it.

    Warnings are set for all threads at once: who fits in several wraps them all in this.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _centres_of_part(
    points: np.ndarray, k: int, seed: int, starts: int, first: np.ndarray | None
) -> np.ndarray:
    """Fit to a part of many points, from the best of the starts in its components and from `first`.

    A start in these takes a tenth of what it takes in all dimensions.
    """
    rng = np.random.default_rng(seed)
    part = points[np.sort(rng.choice(len(points), TRIED_ON, replace=False))]
    components = fit_signal_projections(part, seed)[-1]
    tried = components.up(_best_fit(components.down(part), k, seed, starts, None).cluster_centers_)
    fits = [_begun_at(centres, part) for centres in (tried, first) if centres is not None]
    return np.asarray(min(fits, key=lambda fit: float(fit.inertia_)).cluster_centers_)


def _best_fit(
    points: np.ndarray, k: int, seed: int, starts: int, first: np.ndarray | None
) -> "KMeans":
    """Fit from several starts and, where there are, from first centres."""
    from sklearn.cluster import KMeans

    best = KMeans(k, n_init=starts, random_state=seed).fit(points)
    if first is None:
        return best
    return min(best, _begun_at(first, points), key=lambda fit: float(fit.inertia_))


def _begun_at(centres: np.ndarray, points: np.ndarray) -> "KMeans":
    from sklearn.cluster import KMeans

    return KMeans(len(centres), n_init=1, init=centres.astype(points.dtype)).fit(points)


def largest_first(labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Order clusters by size; of two alike, the one of the earlier image first.

    Parameters
    ----------
    labels
        Cluster of each image from 0, (n,).
    sizes
        Of the clusters, (k,).
    """
    _, first_seen = np.unique(labels, return_index=True)
    return np.lexsort((first_seen, -sizes))
