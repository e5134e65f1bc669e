"""The vectors of a group of pictures as one vector: median, mean, max and min per dimension."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.images.captures import current_pictures
from streetview_assets.study import Statistic
from streetview_assets.tables import STATISTICS, TABLES


def pool(
    vectors: np.ndarray, groups: np.ndarray, statistic: Statistic
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pool vectors by group.

    Parameters
    ----------
    vectors
        (n, d).
    groups
        (n,), the group of each vector, text or integers, in any order.
    statistic
        Taken per dimension; the median of an even number is the mean of the middle two.

    Returns
    -------
    tuple
        The groups, sorted (g,); how many vectors each has (g,); the pooled vectors (g, d), float32.
    """
    order = np.argsort(groups, kind="stable")
    keys, starts = np.unique(groups[order], return_index=True)
    counts = np.diff(starts, append=len(groups))
    return keys, counts, _pool_runs(vectors[order], starts, counts, statistic)


def pool_by(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Pool the column `embedding` over rows that agree in some columns, by every statistic.

    Parameters
    ----------
    frame
        The columns `keys`, `image_id` and `embedding`, none null.

    Returns
    -------
    pl.DataFrame
        `keys`, statistic, image_count, embedding; sorted by the keys, then statistic.
    """
    if frame.is_empty():
        return frame.select(
            *keys,
            pl.lit("median").alias("statistic"),
            pl.lit(0, dtype=pl.Int64).alias("image_count"),
            "embedding",
        )
    # By picture within a group too: the sum of a mean then rounds the same in any order of rows.
    ordered = frame.sort(*keys, "image_id")
    vectors = matrix(ordered["embedding"])
    run = ordered.select(pl.struct(keys).rle_id()).to_series().to_numpy()
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    counts = np.diff(starts, append=len(run))
    groups = ordered.select(keys)[starts.tolist()]
    pooled = [
        groups.with_columns(
            pl.lit(statistic).alias("statistic"),
            pl.Series("image_count", counts, dtype=pl.Int64),
            vector_series("embedding", _pool_runs(vectors, starts, counts, statistic)),
        )
        for statistic in STATISTICS
    ]
    return pl.concat(pooled).sort(*keys, "statistic")


def pool_areas(images: pl.DataFrame, embeddings: pl.DataFrame, *, encoder: str) -> pl.DataFrame:
    """Pool the vectors of each area's pictures.

    Parameters
    ----------
    images, embeddings
        The tables `images` and `image_embeddings`; pictures without an area or a vector, and
        those that are not current, have no part in it.
    encoder
        Slug of the encoder whose vectors are pooled.

    Returns
    -------
    pl.DataFrame
        The table `area_embeddings`: four statistics for each area with at least one vector.
    """
    keys = ("authority_code", "area_code", "encoder")
    vectors = of_areas(images, embeddings.filter(pl.col("encoder") == encoder))
    return pool_by(vectors, keys).select(TABLES["area_embeddings"].schema.names())


def of_areas(images: pl.DataFrame, embeddings: pl.DataFrame) -> pl.DataFrame:
    """Give the vectors of current pictures in an area: `image_embeddings` with their area_code."""
    placed = current_pictures(images).filter(pl.col("area_code").is_not_null())
    return (
        embeddings.filter(pl.col("status") == "ok")
        .select("authority_code", "image_id", "encoder", "embedding")
        .join(placed.select("image_id", "area_code"), on="image_id", how="inner")
    )


def _pool_runs(
    vectors: np.ndarray, starts: np.ndarray, counts: np.ndarray, statistic: str
) -> np.ndarray:
    """Pool runs of rows: group i is rows starts[i] up to starts[i] + counts[i]."""
    if not len(starts):
        return np.empty((0, vectors.shape[1]), dtype=np.float32)
    match statistic:
        case "mean":
            sums = np.add.reduceat(vectors, starts, axis=0, dtype=np.float64)
            pooled = sums / counts[:, None]
        case "max":
            pooled = np.maximum.reduceat(vectors, starts, axis=0)
        case "min":
            pooled = np.minimum.reduceat(vectors, starts, axis=0)
        case "median":
            runs = zip(starts, starts + counts, strict=True)
            pooled = np.stack([np.median(vectors[first:end], axis=0) for first, end in runs])
        case _:
            raise ValueError(f"no such statistic: {statistic}; there are {', '.join(STATISTICS)}")
    as_stored: np.ndarray = pooled.astype(np.float32)
    return as_stored
