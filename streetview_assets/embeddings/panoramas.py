"""One vector a panorama: the mean of its views' vectors, or the vector of its views side by side.

What goes in are the current images of a panorama and capture that have a vector of their own; of
a capture that no point looks at any more, all that have. So each current image with a vector goes
into one panorama, a view that is missing or broken is left out of the mean and of the strip alike,
and `image_count` says how many went in.
"""

from typing import Literal

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix, unit, vector_series
from streetview_assets.tables.registry import TABLES

PANORAMA = ("panorama_id", "captured_on")
"""What names a panorama: its id and the month of its capture."""

_OF_ONE = ("authority_code", *PANORAMA)

LEAST_LENGTH = 1e-6
"""A mean of unit vectors that is shorter has no direction but that of rounding."""


def views_of_panoramas(
    images: pl.DataFrame, embeddings: pl.DataFrame, *, encoder: str
) -> pl.DataFrame:
    """List the views of each panorama, clockwise, the first from north first.

    Parameters
    ----------
    images, embeddings
        The tables `images` and `image_embeddings` of one authority.
    encoder
        Slug of the encoder whose vectors are taken.

    Returns
    -------
    pl.DataFrame
        authority_code, panorama_id, captured_on, image_id, area_code, heading_deg, path, embedding
        (null where a view has none), error (why); views of unknown heading last, by image_id.
    """
    vectors = embeddings.filter(encoder=encoder).select("image_id", "embedding", "error")
    return (
        views_in_order(images)
        .select(*_OF_ONE, "image_id", "area_code", "heading_deg", "path")
        .join(vectors, on="image_id", how="inner", maintain_order="left")
    )


def views_in_order(images: pl.DataFrame) -> pl.DataFrame:
    """Give the rows of `images` that are views of panoramas, each panorama's clockwise.

    Those that are current; of a capture that no point looks at any more, all that are there.
    """
    is_current = pl.col("is_current")
    views = images.filter(status="ok").filter(is_current | ~is_current.any().over(_OF_ONE))
    return views.sort(*_OF_ONE, pl.col("heading_deg") % 360, "image_id", nulls_last=True)


def first_views(views: pl.DataFrame) -> pl.DataFrame:
    """Choose the view by which each panorama goes, so that it has a place and an area.

    It is the first from north of those in the area where most of the panorama's views are; of
    areas with as many, the first by code.

    Parameters
    ----------
    views
        What `views_in_order` or `views_of_panoramas` gives.

    Returns
    -------
    pl.DataFrame
        authority_code, panorama_id, captured_on, image_id.
    """
    of_area = pl.len().over(*_OF_ONE, "area_code")
    in_area = pl.when(pl.col("area_code").is_null()).then(0).otherwise(of_area)
    return (
        views.select(*_OF_ONE, "image_id", "area_code", in_area=in_area)
        .sort("in_area", "area_code", descending=[True, False], maintain_order=True)
        .unique(_OF_ONE, keep="first", maintain_order=True)
        .select(*_OF_ONE, "image_id")
    )


def mean_of_views(views: pl.DataFrame, *, encoder: str) -> pl.DataFrame:
    """Take the mean of the vectors of each panorama's views, made unit length again.

    Parameters
    ----------
    views
        What `views_of_panoramas` gives.
    encoder
        Slug of the encoder: the column of that name.

    Returns
    -------
    pl.DataFrame
        The table `panorama_embeddings`. A panorama none of whose views has a vector, or whose
        vectors cancel out, is a row `failed` with the reason.
    """
    seen = views.filter(pl.col("embedding").is_not_null())
    run = seen.select(pl.struct(PANORAMA).rle_id()).to_series().to_numpy()
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    vectors = matrix(seen["embedding"])
    means = np.empty((0, vectors.shape[1]))
    if len(starts):
        sums = np.add.reduceat(vectors, starts, axis=0, dtype=np.float64)
        means = sums / np.diff(starts, append=len(run))[:, None]
    has_direction = pl.Series(np.sqrt(np.square(means).sum(axis=1)) >= LEAST_LENGTH)
    made = seen.select(PANORAMA)[starts].with_columns(
        vector_series("embedding", unit(means)), has_direction=has_direction
    )
    made = made.select(
        *PANORAMA,
        pl.when("has_direction").then("embedding").alias("embedding"),
        pl.when(~pl.col("has_direction"))
        .then(pl.lit("the vectors of its views cancel out"))
        .alias("error"),
        image_count=pl.lit(None, dtype=pl.Int64),
    )
    return _table(views, made, "mean", encoder)


def strips_of(views: pl.DataFrame) -> pl.DataFrame:
    """Name the strips that are to be encoded: of each panorama, its views that have a vector.

    Parameters
    ----------
    views
        What `views_of_panoramas` gives.

    Returns
    -------
    pl.DataFrame
        panorama_id, captured_on, image_ids, and what `embed_images` takes: image_id (the strip's
        own name, which says all that is on it), status (`ok`), path (a list, from left to right).
    """
    seen = views.filter(pl.col("embedding").is_not_null())
    strips = seen.group_by(PANORAMA, maintain_order=True).agg(
        image_ids=pl.col("image_id"), path=pl.col("path")
    )
    # Its date is not on it: one that is set right later makes no other strip.
    parts = pl.concat_list("panorama_id", "image_ids")
    return strips.with_columns(image_id=parts.list.join("\n"), status=pl.lit("ok"))


def parts_of(strips: pl.DataFrame) -> pl.DataFrame:
    """Read back from the names of strips what is on them: panorama_id, image_ids."""
    parts = pl.col("image_id").str.split("\n")
    return strips.with_columns(
        panorama_id=parts.list.get(0),
        image_ids=parts.list.slice(1),
    )


def vectors_of_strips(views: pl.DataFrame, encoded: pl.DataFrame, *, encoder: str) -> pl.DataFrame:
    """Give each panorama the vector of its strip.

    Parameters
    ----------
    views
        What `views_of_panoramas` gives.
    encoded
        Of each strip panorama_id, captured_on, image_count, embedding, error.
    encoder
        Slug of the encoder: the column of that name.

    Returns
    -------
    pl.DataFrame
        The table `panorama_embeddings`; a panorama none of whose views has a vector, or whose strip
        has none, is a row `failed` with the reason.
    """
    made = encoded.select(*PANORAMA, "embedding", "error", "image_count")
    return _table(views, made, "panorama", encoder)


def _table(
    views: pl.DataFrame, made: pl.DataFrame, how: Literal["mean", "panorama"], encoder: str
) -> pl.DataFrame:
    """Make the table: a row for every panorama of which there is an image."""
    has_vector = pl.col("embedding").is_not_null()
    panoramas = views.group_by(_OF_ONE).agg(
        view_count=pl.len(),
        seen_count=has_vector.sum().cast(pl.Int64),
        reason=pl.col("error").drop_nulls().first(),
    )
    none_seen = pl.format(
        "none of its {} views has a vector: {}", "view_count", pl.col("reason").fill_null("unknown")
    )
    named = panoramas.join(first_views(views), on=_OF_ONE, how="left")
    rows = named.join(made, on=PANORAMA, how="left").with_columns(
        encoder=pl.lit(encoder),
        views=pl.lit(how),
        image_count=pl.coalesce("image_count", "seen_count"),
        status=pl.when(has_vector).then(pl.lit("ok")).otherwise(pl.lit("failed")),
        error=pl.when(pl.col("seen_count") == 0).then(none_seen).otherwise("error"),
    )
    table = TABLES["panorama_embeddings"]
    return rows.select(table.schema.names()).sort(table.key)
