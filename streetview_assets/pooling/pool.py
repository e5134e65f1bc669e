"""The vectors of a group of pictures as one: median, mean, max and min, and how unlike they are."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from streetview_assets.embeddings.panoramas import PANORAMA
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.images.captures import current_pictures
from streetview_assets.tables import STATISTICS, TABLES

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


def pool_by(
    frame: pl.DataFrame, keys: Sequence[str], *, named_by: Sequence[str] = ("image_id",)
) -> pl.DataFrame:
    """Pool the column `embedding` over rows that agree in some columns, by every statistic.

    Parameters
    ----------
    frame
        The columns `keys`, `named_by`, `image_count` (pictures that a vector stands for) and
        `embedding`, none null.
    named_by
        Columns that name a row within its group: by them rows are ordered, so that a sum rounds
        the same in whatever order they come.

    Returns
    -------
    pl.DataFrame
        `keys`, statistic, image_count, embedding, dispersion; sorted by the keys, then statistic.
    """
    vectors = matrix(frame["embedding"])
    ordered = (
        frame.select(*keys, *named_by, "image_count").with_row_index("row").sort(*keys, *named_by)
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
    """Pool the vectors of each area's pictures.

    A picture counts once, however many points share its panorama.

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
    vectors = of_areas(images, embeddings.filter(pl.col("encoder") == encoder))
    return pool_by(vectors, AREA).select(TABLES["area_embeddings"].schema.names())


def pool_panoramas(images: pl.DataFrame, panoramas: pl.DataFrame, *, encoder: str) -> pl.DataFrame:
    """Pool the vectors of each area's panoramas, where views were made one before.

    A panorama counts once, with however few of its views. It belongs to the area of most of its
    current pictures; of equals, the first by code.

    Parameters
    ----------
    images, panoramas
        The tables `images` and `panorama_embeddings`; a panorama without a current picture in an
        area, or without a vector, has no part in it.
    encoder
        Slug of the encoder whose vectors are pooled.

    Returns
    -------
    pl.DataFrame
        The table `area_embeddings`; `image_count` is of the pictures that went into the
        panoramas' vectors.
    """
    places = (
        current_pictures(images)
        .filter(pl.col("area_code").is_not_null())
        .group_by(*PANORAMA, "area_code")
        .len("picture_count")
        .sort("picture_count", "area_code", descending=[True, False])
        .unique(PANORAMA, keep="first", maintain_order=True)
    )
    vectors = panoramas.filter(encoder=encoder, status="ok").join(
        places.select(*PANORAMA, "area_code"), on=PANORAMA, how="inner"
    )
    pooled = pool_by(vectors, AREA, named_by=PANORAMA)
    return pooled.select(TABLES["area_embeddings"].schema.names())


def of_areas(images: pl.DataFrame, embeddings: pl.DataFrame) -> pl.DataFrame:
    """Give the vectors of current pictures in an area: `image_embeddings` with their area_code."""
    placed = current_pictures(images).filter(pl.col("area_code").is_not_null())
    return (
        embeddings.filter(pl.col("status") == "ok")
        .select("authority_code", "image_id", "encoder", "embedding")
        .join(placed.select("image_id", "area_code"), on="image_id", how="inner")
        .with_columns(image_count=pl.lit(1, dtype=pl.Int64))
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
