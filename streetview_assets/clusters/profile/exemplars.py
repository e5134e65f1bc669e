"""A sheet of the most central images of each cluster: what its scenes look like."""

from pathlib import Path

import polars as pl

from streetview_assets.images.contact_sheet import GAP_PX, Note, Tile, lay_out

TILE_PX = 112
LABEL_PX = 96
LINE_PX = 24
MOST_CLUSTERS = 30


def cluster_sheet(
    assignments: pl.DataFrame,
    images: pl.DataFrame,
    folder: Path,
    *,
    title: str,
    per_cluster: int = 8,
) -> bytes:
    """Lay the most central images of each cluster in a row, the clusters below each other.

    Parameters
    ----------
    assignments, images
        The tables `cluster_assignments` (of one k) and `images`.
    folder
        The study's folder of data, to which the paths of images are relative.
    title
        Whose images they are.
    per_cluster
        Most images of a cluster.

    Returns
    -------
    bytes
        A PNG; see `lay_out`. Above 30 clusters the 30 largest are shown, and the heading says so.
    """
    shown, some = the_largest(assignments)
    central = exemplars(shown, images, per_cluster)
    clusters = central.partition_by("cluster", maintain_order=True)
    step = TILE_PX + GAP_PX
    tiles = [
        Tile(image_id, LABEL_PX + column * step, row * step)
        for row, of_cluster in enumerate(clusters)
        for column, image_id in enumerate(of_cluster["image_id"])
    ]
    labels = [
        Note(
            f"cluster {of_cluster['cluster'][0]}\n{of_cluster['size'][0]:,} images",
            GAP_PX,
            row * step + TILE_PX / 2,
        )
        for row, of_cluster in enumerate(clusters)
    ]
    return lay_out(
        images,
        folder,
        tiles,
        labels,
        size_px=(LABEL_PX + per_cluster * step, max(len(clusters), 1) * step),
        tile_px=TILE_PX,
        headings=[f"{title}: the images nearest to the centre of each cluster{some}"],
        line_px=LINE_PX,
    )


def the_largest(assignments: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Keep the rows of the 30 largest clusters, and say so where there are more."""
    sizes = assignments["cluster"].value_counts().sort("count", "cluster", descending=[True, False])
    if sizes.height <= MOST_CLUSTERS:
        return assignments, ""
    shown = assignments.join(sizes.head(MOST_CLUSTERS), on="cluster", how="semi")
    return shown, f", the {MOST_CLUSTERS} largest of {sizes.height}"


def exemplars(assignments: pl.DataFrame, images: pl.DataFrame, per_cluster: int) -> pl.DataFrame:
    """Find the images nearest to each cluster's centre: cluster, size, image_id, path.

    Parameters
    ----------
    assignments
        Rows of the table `cluster_assignments`, of one space and k.
    images
        The table `images`.
    per_cluster
        The most images of each.
    """
    return (
        assignments.join(images.select("image_id", "path"), on="image_id", how="left")
        .with_columns(pl.len().over("cluster").alias("size"))
        .sort("cluster", "distance", "image_id")
        .group_by("cluster", maintain_order=True)
        .head(per_cluster)
        .select("cluster", "size", "image_id", "path")
    )
