"""What the images of a point are: the cluster most of them are in, and their likeliest label."""

from collections.abc import Sequence

import polars as pl

from streetview_assets.images.current import current_images


def images_of_points(
    points: pl.DataFrame, panoramas: pl.DataFrame, images: pl.DataFrame
) -> pl.DataFrame:
    """Say which current images show each point.

    Parameters
    ----------
    points, panoramas, images
        The tables `sample_points`, `panoramas` and `images`, of one authority or several. The
        images of a panorama that several points share go by one of them; the others, which have
        no images of their own, are shown by the same.

    Returns
    -------
    polars.DataFrame
        authority_code, point_id, image_id, heading_deg; sorted by authority, point and heading.
    """
    authority = ["authority_code"]
    view = [*authority, "panorama_id", "captured_on"]
    there = current_images(images)
    columns = (*authority, "point_id", "image_id", "heading_deg")
    own = there.select(columns)
    shared = (
        panoramas.filter(pl.col("is_current"), status="ok")
        .select(*view, "point_id")
        .unique()
        .join(own, on=[*authority, "point_id"], how="anti")
        .join(there.drop("point_id"), on=view, how="inner")
        .select(columns)
    )
    ordered = pl.concat([own, shared]).join(
        points.select(*authority, "point_id"), on=[*authority, "point_id"], how="semi"
    )
    return ordered.unique().sort(*authority, "point_id", "heading_deg", "image_id", nulls_last=True)


def main_clusters(
    images: pl.DataFrame, assignments: pl.DataFrame, *, by: Sequence[str] = ("point_id",)
) -> pl.DataFrame:
    """Find the cluster that most images of a point are in, by the one rule there is for ties.

    Of clusters with as many images, it is the one of which an image is more typical: fewer of
    the cluster's images are as near to its centre. Four views often differ, and any fixed order
    of clusters would be favoured all over the map. The mart `area_profile` does the same.

    Parameters
    ----------
    images
        What `images_of_points` gives, or any that name `by`, authority_code and image_id.
    assignments
        The table `cluster_assignments`, of one fit, of the whole study: what is typical of a
        cluster shows in all of its images.
    by
        What is one thing: a point, or a point's images of a heading.

    Returns
    -------
    polars.DataFrame
        `by`, cluster, image_count (of the images in it), share; sorted by `by`.
    """
    as_near = (pl.col("distance").rank("max") / pl.len()).over("cluster")
    assigned = assignments.select("authority_code", "image_id", "cluster", _as_near=as_near)
    placed = images.join(assigned, on=["authority_code", "image_id"], how="inner")
    falling = [*[False] * len(by), True, False, False]
    return (
        placed.group_by(*by, "cluster")
        .agg(image_count=pl.len().cast(pl.Int64), _as_near=pl.col("_as_near").min())
        .with_columns(share=pl.col("image_count") / pl.col("image_count").sum().over(*by))
        .sort(*by, "image_count", "_as_near", "cluster", descending=falling, nulls_last=True)
        .unique([*by], keep="first", maintain_order=True)
        .select(*by, "cluster", "image_count", "share")
    )


def likeliest_labels(
    images: pl.DataFrame, label_scores: pl.DataFrame, *, by: Sequence[str] = ("point_id",)
) -> pl.DataFrame:
    """Find the label that is most probable for a point, on average over its images.

    Parameters
    ----------
    images, by
        As of `main_clusters`.
    label_scores
        The table of that name, of one encoder.

    Returns
    -------
    polars.DataFrame
        `by`, label, probability; sorted by `by`. Of labels as probable, the first of the alphabet.
    """
    scored = label_scores.select("authority_code", "image_id", "label", "probability")
    placed = images.join(scored, on=["authority_code", "image_id"], how="inner")
    falling = [*[False] * len(by), True, False]
    return (
        placed.group_by(*by, "label")
        .agg(probability=pl.col("probability").mean().round(12))
        .sort(*by, "probability", "label", descending=falling, nulls_last=True)
        .unique([*by], keep="first", maintain_order=True)
    )


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
