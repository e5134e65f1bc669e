"""Clusters by density (HDBSCAN): images may be in none, and nobody says how many there are."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.kmeans import largest_first
from streetview_assets.clusters.fit.projection import COMPARED_IN, fit_projection
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.processes.threads import limit_threads
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

LOOKED_AT = 15_000
"""Images at most: time grows with their square, and so many take some 20 s."""

NEIGHBOURS = 10
"""Neighbours by which density is told: fewer take every knot of near-duplicates for a cluster."""

SHARE = 100
LEAST = 5
"""A cluster has a hundredth of the images by default: what is rarer is no kind of street but a
few images that look alike, and of five or less one cannot tell."""


@dataclass(frozen=True)
class DensityClusters:
    """What was found.

    Attributes
    ----------
    images
        The table `density_clusters`.
    min_cluster_size
        Fewest images that were taken for a cluster.
    count
        Number of clusters; 0 is a result.
    share_in_none
        Share of the images, 0 to 1; 1 where there are no clusters.
    """

    images: pl.DataFrame
    min_cluster_size: int
    count: int
    share_in_none: float


def density_clusters(
    sample: pl.DataFrame,
    *,
    pca: int | None,
    min_cluster_size: int | None,
    seed: int,
    encoder: str,
) -> DensityClusters:
    """Find clusters as places where images lie close (Campello, Moulavi and Sander, 2013).

    Parameters
    ----------
    sample
        Columns `image_id` and `embedding`, unit vectors, sorted by image_id; at most `LOOKED_AT`
        rows are meant.
    pca
        In so many principal components, 50 at most; None: in 50, or in the raw vectors where
        these are no longer, or there are no more images. Beyond, every two images are about
        as far apart, and density says little.
    min_cluster_size
        None: a hundredth of the images, 5 at least.
    seed
        Of the randomised principal components; HDBSCAN itself draws nothing.
    encoder
        Slug of the encoder: the column of that name.
    """
    size = min_cluster_size or smallest_cluster(sample.height)
    table = TABLES["density_clusters"]
    if sample.is_empty():
        return DensityClusters(table.frame(), size, 0, 1.0)
    vectors = matrix(sample["embedding"])
    components = _components(pca, *vectors.shape)
    points = fit_projection(vectors, components, seed).down(vectors)
    labels, probabilities = fit_hdbscan(points, size)
    clusters, count = _numbered(labels)
    distance = _to_means(vectors, clusters, count)
    images = sample.select(
        "image_id",
        pl.lit(encoder).alias("encoder"),
        pl.lit("raw" if components is None else f"pca{components}").alias("space"),
        pl.Series("cluster", clusters, dtype=pl.Int64).replace(0, None),
        pl.Series("probability", probabilities, dtype=pl.Float64),
        pl.Series("distance", distance).fill_nan(None),
    )
    none = float((clusters == 0).mean())
    return DensityClusters(images.select(table.schema.names()), size, count, none)


def agreement(images: pl.DataFrame, clusters: pl.Series) -> float | None:
    """Give the adjusted Rand index with other clusters, over images that are in one by density.

    Parameters
    ----------
    images
        The table `density_clusters`.
    clusters
        Of each of its images, in the same order.

    Returns
    -------
    float | None
        None where fewer than two clusters were found: nothing is told apart.
    """
    from sklearn.metrics import adjusted_rand_score

    both = images.select("cluster", clusters.alias("other")).drop_nulls()
    if both["cluster"].n_unique() < 2:
        return None
    return float(adjusted_rand_score(both["cluster"].to_numpy(), both["other"].to_numpy()))


def in_words(found: DensityClusters) -> str:
    """Say what it means, in a sentence or two."""
    looked_at = found.images.height
    if looked_at < 2 * found.min_cluster_size:
        return f"Too few images for two clusters of {found.min_cluster_size}: {looked_at:,}."
    if not found.count:
        return (
            f"No {found.min_cluster_size} of the {counted(looked_at, 'image')} looked at lie "
            "closer to each other than the rest around them: a continuum without separate kinds, "
            "which k-means cuts into parts."
        )
    groups = counted(found.count, "group stands", "groups stand")
    rest = (
        "; the rest form a continuum between them"
        if found.share_in_none >= 0.5
        else ", and most images belong to one"
    )
    return (
        f"{groups} out as places where {found.min_cluster_size:,} images or more lie "
        f"close, with {1 - found.share_in_none:.0%} of the {counted(looked_at, 'image')} looked "
        f"at{rest}."
    )


def _components(pca: int | None, image_count: int, dimension: int) -> int | None:
    wanted = min(pca or COMPARED_IN, COMPARED_IN)
    if pca is None and (dimension <= wanted or image_count <= wanted):
        return None
    return wanted if image_count >= wanted else None


def smallest_cluster(image_count: int) -> int:
    """Say how many of so many images are a cluster by default: a hundredth, 5 at least."""
    return max(LEAST, -(-image_count // SHARE))


def fit_hdbscan(points: np.ndarray, min_cluster_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Run HDBSCAN, in one thread: labels (n,) from 0, -1 in none, and probabilities (n,).

    Parameters
    ----------
    points
        (n, p).
    min_cluster_size
        Fewest points that are a cluster.
    """
    from sklearn.cluster import HDBSCAN

    count = len(points)
    if count < min_cluster_size or not np.ptp(points, axis=0).any():
        return np.full(count, -1), np.zeros(count)
    with limit_threads():
        model = HDBSCAN(
            min_cluster_size=min_cluster_size,
            min_samples=min(min_cluster_size, NEIGHBOURS, count),
            copy=True,
        ).fit(points)
    return model.labels_, model.probabilities_


def _numbered(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """Give clusters numbers from 1, the largest first; 0: in none."""
    count = int(labels.max()) + 1
    clusters = np.zeros(len(labels), dtype=np.int64)
    if count:
        inside = labels[labels >= 0]
        order = largest_first(inside, np.bincount(inside, minlength=count))
        clusters[labels >= 0] = np.argsort(order)[inside] + 1
    return clusters, count


def _to_means(vectors: np.ndarray, clusters: np.ndarray, count: int) -> np.ndarray:
    """Measure how far each image is from the mean of its cluster; NaN: it is in none."""
    distance = np.full(len(vectors), np.nan)
    for cluster in range(1, count + 1):
        own = clusters == cluster
        exact = vectors[own].astype(np.float64)
        distance[own] = np.linalg.norm(exact - exact.mean(axis=0), axis=1)
    return distance
