"""How an area's images spread over the clusters, and over the labels."""

import polars as pl

from streetview_assets.images.current import current_images
from streetview_assets.tables.registry import TABLES


def cluster_shares(assignments: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Count an area's images in every cluster, none too.

    Parameters
    ----------
    assignments, images
        The tables `cluster_assignments` and `images`; images without an area, and those that
        are not current, have no part in it.

    Returns
    -------
    pl.DataFrame
        The table `cluster_shares`: every area with an assigned image by every cluster 1 to k;
        the shares of an area add up to 1.
    """
    table = TABLES["cluster_shares"]
    of_area = [name for name in table.key if name != "cluster"]
    places = current_images(images).filter(pl.col("area_code").is_not_null())
    placed = assignments.join(places.select("image_id", "area_code"), on="image_id", how="inner")
    counted = placed.group_by(table.key).agg(pl.len().cast(pl.Int64).alias("image_count"))
    whole = placed.group_by(of_area).agg(pl.len().alias("total"))
    every = whole.with_columns(pl.int_ranges(1, pl.col("k") + 1).alias("cluster")).explode(
        "cluster"
    )
    return (
        every.join(counted, on=table.key, how="left")
        .with_columns(pl.col("image_count").fill_null(0))
        .with_columns((pl.col("image_count") / pl.col("total")).alias("share"))
        .select(table.schema.names())
        .sort(table.key)
    )


def label_shares(scores: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Count an area's images by the label that they are most like, none too.

    Parameters
    ----------
    scores, images
        The tables `label_scores` and `images`; images without an area, and those that are not
        current, have no part in it.

    Returns
    -------
    pl.DataFrame
        The table `label_shares`: every area with a scored image by every label; the shares of
        an area add up to 1, and so do its mean probabilities.
    """
    table = TABLES["label_shares"]
    places = current_images(images).filter(pl.col("area_code").is_not_null())
    return (
        scores.join(places.select("image_id", "area_code"), on="image_id", how="inner")
        # By image within a group too: a mean then rounds the same in any order of rows.
        .sort(*table.key, "image_id")
        .group_by(table.key, maintain_order=True)
        .agg(
            pl.col("is_best").sum().cast(pl.Int64).alias("image_count"),
            pl.col("is_best").mean().alias("share"),
            pl.col("probability").mean().alias("mean_probability"),
        )
        .select(table.schema.names())
    )
