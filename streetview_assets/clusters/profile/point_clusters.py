"""The main cluster of each point, with its place: that of most of its images."""

import polars as pl

from streetview_assets.clusters.profile.dominant_cluster import main_clusters
from streetview_assets.images.current import current_images


def point_clusters(
    assignments: pl.DataFrame, images: pl.DataFrame, sample_points: pl.DataFrame
) -> pl.DataFrame:
    """Give each point the cluster that most of its current images are in.

    Parameters
    ----------
    assignments
        The table `cluster_assignments`, of one k.
    images, sample_points
        The tables of that name, of all authorities.

    Returns
    -------
    pl.DataFrame
        authority_code, point_id, longitude, latitude, cluster; sorted by the first two.
        `main_clusters` says what becomes of ties.
    """
    place = ["authority_code", "point_id"]
    return (
        main_clusters(current_images(images), assignments, by=place)
        .join(sample_points.select(*place, "longitude", "latitude"), on=place, how="inner")
        .sort(place)
        .select(*place, "longitude", "latitude", "cluster")
    )
