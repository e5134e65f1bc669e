"""An area's pictures of each cluster as one vector."""

import polars as pl

from streetview_assets.pooling.pool import of_areas, pool_by
from streetview_assets.tables import TABLES


def area_group_embeddings(
    assignments: pl.DataFrame, images: pl.DataFrame, embeddings: pl.DataFrame
) -> pl.DataFrame:
    """Pool the vectors of each area's pictures of each cluster.

    Parameters
    ----------
    assignments, images, embeddings
        The tables `cluster_assignments`, `images` and `image_embeddings`.

    Returns
    -------
    pl.DataFrame
        The table `area_group_embeddings`, grouping `cluster`: four statistics for each area and
        cluster with at least one picture.
    """
    table = TABLES["area_group_embeddings"]
    groups = assignments.select(
        "image_id",
        "encoder",
        pl.lit("cluster").alias("grouping"),
        "k",
        pl.col("cluster").cast(pl.String).alias("group_name"),
    )
    vectors = of_areas(images, embeddings).join(groups, on=("image_id", "encoder"), how="inner")
    keys = [name for name in table.key if name != "statistic"]
    return pool_by(vectors, keys).select(table.schema.names())
