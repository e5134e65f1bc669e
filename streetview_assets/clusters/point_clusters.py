"""The main cluster of each point: that of most of its pictures."""

import polars as pl

from streetview_assets.images.captures import current_pictures


def point_clusters(
    assignments: pl.DataFrame, images: pl.DataFrame, sample_points: pl.DataFrame
) -> pl.DataFrame:
    """Give each point the cluster that most of its current pictures are in.

    Parameters
    ----------
    assignments
        The table `cluster_assignments`, of one k.
    images, sample_points
        The tables of that name, of all authorities.

    Returns
    -------
    pl.DataFrame
        authority_code, point_id, longitude, latitude, cluster; sorted by the first two. Of
        clusters with as many pictures, the one of which a picture is more typical: nearer to the
        centre than a larger part of the cluster. Four views often differ, and any fixed order of
        clusters would be favoured all over the map.
    """
    place = ["authority_code", "point_id"]
    pictures = current_pictures(images).select("authority_code", "image_id", "point_id")
    atypical = (pl.col("distance").rank() / pl.len()).over("cluster")
    return (
        assignments.with_columns(atypical.alias("_atypical"))
        .join(pictures, on=["authority_code", "image_id"], how="inner")
        .group_by(*place, "cluster")
        .agg(pl.len().alias("image_count"), pl.col("_atypical").min())
        .sort(
            *place,
            "image_count",
            "_atypical",
            "cluster",
            descending=[False, False, True] + [False] * 2,
        )
        .unique(place, keep="first", maintain_order=True)
        .join(sample_points.select(*place, "longitude", "latitude"), on=place, how="inner")
        .sort(place)
        .select(*place, "longitude", "latitude", "cluster")
    )
