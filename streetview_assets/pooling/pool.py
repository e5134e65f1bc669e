"""The vectors of a group of images as one: median, mean, max and min, and how unlike they are."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from streetview_assets.embeddings.looked_at import vectors_of
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.images.current import current_images
from streetview_assets.tables.contract import STATISTICS
from streetview_assets.tables.registry import TABLES

AREA = ("authority_code", "area_code", "encoder")


def dispersion(vectors: np.ndarray) -> float:
    """Say how unlike vectors are: 1 minus the length of the mean of them as unit vectors.

    That is 0 where all point the same way and 1 where they cancel out (one minus the mean resultant
    length: Mardia and Jupp, Directional Statistics, 2000). It is reckoned from the mean squared
    distance to that mean, which comes to the same and keeps its digits near 0.

    Parameters
    ----------
    vectors
        (n, d), n at least 1, none of length 0.
    """
    units = vectors.astype(np.float64)
    units /= np.sqrt(np.square(units).sum(axis=1, keepdims=True))
    mean = units.mean(axis=0)
    length = np.sqrt(np.square(mean).sum())
    units -= mean
    return float(np.square(units, out=units).sum(axis=1).mean() / (1 + length))


def pool_by(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Pool the column `embedding` over rows that agree in some columns, by every statistic.

    Parameters
    ----------
    frame
        The columns `keys`, `image_id`, `image_count` (images that a vector stands for) and
        `embedding`, none null. Within a group rows are ordered by `image_id`, so that a sum
        rounds the same in whatever order they come.
    keys
        Columns that make a group, such as `area_code`.

    Returns
    -------
    pl.DataFrame
        `keys`, statistic, image_count, embedding, dispersion; sorted by the keys, then statistic.
    """
    vectors = matrix(frame["embedding"])
    ordered = (
        frame.select(*keys, "image_id", "image_count").with_row_index("row").sort(*keys, "image_id")
    )
    run = ordered.select(pl.struct(keys).rle_id()).to_series().to_numpy()
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    sizes = np.diff(starts, append=len(run))
    rows = ordered["row"].to_numpy()
    pooled = np.empty((len(starts), len(STATISTICS), vectors.shape[1]), dtype=np.float32)
    unlike = np.empty(len(starts))
    for number, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        taken = vectors[rows[start : start + size]]
        pooled[number] = _statistics(taken)
        unlike[number] = dispersion(taken)
    in_each = ordered["image_count"].to_numpy()
    counts = np.add.reduceat(in_each, starts) if len(starts) else in_each
    groups = ordered.select(keys)[np.repeat(starts, len(STATISTICS))]
    return groups.with_columns(
        pl.Series("statistic", list(STATISTICS) * len(starts), dtype=pl.String),
        pl.Series("image_count", np.repeat(counts, len(STATISTICS)), dtype=pl.Int64),
        vector_series("embedding", pooled.reshape(len(groups), vectors.shape[1])),
        pl.Series("dispersion", np.repeat(unlike, len(STATISTICS))),
    ).sort(*keys, "statistic")


def pool_areas(images: pl.DataFrame, embeddings: pl.DataFrame, *, encoder: str) -> pl.DataFrame:
    """Pool the vectors of each area's images, or of its panoramas where these are looked at.

    Each counts once, however many points share a panorama, and however few of its views there are.

    Parameters
    ----------
    images, embeddings
        The table `images`, and `image_embeddings` or `panorama_embeddings`; what is without an
        area or a vector, or not current, has no part in it.
    encoder
        Slug of the encoder whose vectors are pooled.

    Returns
    -------
    pl.DataFrame
        The table `area_embeddings`: four statistics for each area with at least one vector;
        `image_count` is of the images that went into the vectors.
    """
    vectors = of_areas(images, embeddings.filter(encoder=encoder))
    return pool_by(vectors, AREA).select(TABLES["area_embeddings"].schema.names())


def of_areas(images: pl.DataFrame, embeddings: pl.DataFrame) -> pl.DataFrame:
    """Give the vectors of what is current and in an area, with its area_code and image_count.

    Parameters
    ----------
    images
        The table `images`.
    embeddings
        The table `image_embeddings`, or `panorama_embeddings` by the view that names each.
    """
    placed = current_images(images).filter(pl.col("area_code").is_not_null())
    return (
        vectors_of(embeddings)
        .filter(status="ok")
        .select("authority_code", "image_id", "encoder", "embedding", "image_count")
        .join(placed.select("image_id", "area_code"), on="image_id", how="inner")
    )


def _statistics(vectors: np.ndarray) -> np.ndarray:
    """Pool vectors (n, d) per dimension: (4, d), in the order of `STATISTICS`.

    One sort gives three of them, in a quarter of the time that `np.median` takes alone.
    """
    ordered = np.sort(vectors, axis=0)
    below, above = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    by_name = {
        "median": (below.astype(np.float64) + above) / 2,
        "mean": vectors.mean(axis=0, dtype=np.float64),
        "max": ordered[-1],
        "min": ordered[0],
    }
    return np.stack([by_name[statistic] for statistic in STATISTICS])
