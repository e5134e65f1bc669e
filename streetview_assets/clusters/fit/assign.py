"""The cluster of each image: that of the nearest centre."""

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.tables.registry import TABLES

BLOCK = 8192
"""Images at once: 512 numbers of each, in float64, are 34 MB."""


def assign_clusters(
    embeddings: pl.DataFrame, centres: pl.DataFrame, authority_code: str
) -> pl.DataFrame:
    """Assign every image of an authority to the nearest centre.

    Parameters
    ----------
    embeddings
        The table `image_embeddings`; images without a vector are left out.
    centres
        The table `cluster_centres`, of one or several k; may be empty.
    authority_code
        Code of the authority whose images they are: the column of that name.

    Returns
    -------
    pl.DataFrame
        The table `cluster_assignments`, sorted by its key. An image as near to two centres
        belongs to the lower number.
    """
    table = TABLES["cluster_assignments"]
    assigned = [table.frame()]
    for fit in centres.partition_by("encoder", "method", "space", "k", maintain_order=True):
        ordered = fit.sort("cluster")
        images = embeddings.filter(status="ok", encoder=fit["encoder"][0]).sort("image_id")
        if images.is_empty():
            continue
        nearest, distance = nearest_centres(matrix(images["embedding"]), matrix(ordered["centre"]))
        assigned.append(
            images.select(
                pl.lit(authority_code).alias("authority_code"),
                "image_id",
                "encoder",
                *(pl.lit(fit[name][0]).alias(name) for name in ("method", "space")),
                pl.lit(fit["k"][0], dtype=pl.Int64).alias("k"),
                ordered["cluster"].gather(nearest.tolist()).alias("cluster"),
                pl.Series("distance", distance),
            )
        )
    return pl.concat(assigned).sort(table.key)


def nearest_centres(vectors: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest of centres (k, d) to each of vectors (n, d): its row and its distance.

    Parameters
    ----------
    vectors
        (n, d).
    centres
        (k, d), in the same space; of two as near the earlier counts.
    """
    nearest = np.empty(len(vectors), dtype=np.int64)
    distance = np.empty(len(vectors))
    exact = centres.astype(np.float64)
    half_squares = np.square(exact).sum(axis=1) / 2
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK].astype(np.float64)
        closest = np.argmin(half_squares - block @ exact.T, axis=1)
        nearest[start : start + BLOCK] = closest
        distance[start : start + BLOCK] = np.linalg.norm(block - exact[closest], axis=1)
    return nearest, distance
