"""An area's images of each group, a cluster, a label or one by hand, as one vector."""

import polars as pl

from streetview_assets.pooling.pool import of_areas, pool_by
from streetview_assets.tables.registry import TABLES


def area_group_embeddings(
    groups: pl.DataFrame, images: pl.DataFrame, embeddings: pl.DataFrame
) -> pl.DataFrame:
    """Pool the vectors of each area's images of each group.

    Parameters
    ----------
    groups
        What `cluster_groups`, `label_groups` and `groups_by_hand` give, one below the other.
    images, embeddings
        The table `images`, and the vectors of what is looked at (see `vectors_of`).

    Returns
    -------
    pl.DataFrame
        The table `area_group_embeddings`: four statistics for each area and group with at least
        one image.
    """
    table = TABLES["area_group_embeddings"]
    vectors = of_areas(images, embeddings).join(groups, on=("image_id", "encoder"), how="inner")
    keys = [name for name in table.key if name != "statistic"]
    return pool_by(vectors, keys).select(table.schema.names())


def cluster_groups(assignments: pl.DataFrame) -> pl.DataFrame:
    """Take each image's group from the table `cluster_assignments`: that of its cluster."""
    return assignments.select(
        "image_id",
        "encoder",
        pl.lit("cluster").alias("grouping"),
        "k",
        pl.col("cluster").cast(pl.String).alias("group_name"),
    )


def label_groups(scores: pl.DataFrame) -> pl.DataFrame:
    """Take each image's group from the table `label_scores`: the label that it is most like."""
    return scores.filter("is_best").select(
        "image_id",
        "encoder",
        pl.lit("label").alias("grouping"),
        pl.lit(scores["label"].n_unique(), dtype=pl.Int64).alias("k"),
        pl.col("label").alias("group_name"),
    )


def groups_by_hand(groups: pl.DataFrame, encoder: str) -> pl.DataFrame:
    """Take each image's groups from the table `user_groups`; it may be in several.

    Parameters
    ----------
    groups
        The table.
    encoder
        Slug of the encoder whose vectors are pooled.
    """
    return groups.filter(status="ok").select(
        "image_id",
        pl.lit(encoder).alias("encoder"),
        pl.lit("user_group").alias("grouping"),
        pl.lit(groups["group_name"].n_unique(), dtype=pl.Int64).alias("k"),
        "group_name",
    )
