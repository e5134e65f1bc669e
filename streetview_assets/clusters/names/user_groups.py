"""Groups of images that people put together by hand."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from streetview_assets.clusters.names.named_images import (
    checked_name,
    read_named_images,
    write_named_images,
)
from streetview_assets.errors import StudyError
from streetview_assets.images.current import current_images
from streetview_assets.tables.registry import TABLES

KEY = "user_groups"
COLUMN = "group"


def read_user_groups(path: Path) -> pl.DataFrame:
    """Read groups: ``name``, ``image_id``; see `read_named_images`."""
    return read_named_images(path, KEY, COLUMN)


def user_groups(named: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Find the images of each group among those of the study.

    Parameters
    ----------
    named
        What `read_user_groups` gives.
    images
        The table `images`, of all authorities, or what is looked at of it.

    Returns
    -------
    polars.DataFrame
        The table `user_groups`, sorted by its key. A row of an image that is not there, or has no
        part in anything, is left out with a reason.
    """
    current = current_images(images)["image_id"].unique().implode()
    known = images["image_id"].unique().implode()
    reason = (
        pl.when(~pl.col("image_id").is_in(known))
        .then(pl.lit("the study has no such image"))
        .when(~pl.col("image_id").is_in(current))
        .then(pl.lit("the image is not current, or not there"))
    )
    table = TABLES["user_groups"]
    return (
        named.rename({"name": "group_name"})
        .with_columns(reason=reason)
        .with_columns(
            status=pl.when(pl.col("reason").is_null())
            .then(pl.lit("ok"))
            .otherwise(pl.lit("left_out"))
        )
        .select(table.schema.names())
        .sort(table.key)
    )


def as_categories(images: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Give each image its group as its category; an image in none, or in several, has none.

    Parameters
    ----------
    images
        The table `images`.
    groups
        The table `user_groups`.
    """
    own = (
        groups.filter(status="ok")
        .group_by("image_id")
        .agg(category=pl.when(pl.len() == 1).then(pl.first("group_name")))
    )
    replaced = images.drop("category").join(own, on="image_id", how="left", maintain_order="left")
    return replaced.select(images.columns)


def save_group(path: Path, group: str, image_ids: Sequence[str]) -> None:
    """Keep a group in place of the one of that name; of no images: remove it.

    Parameters
    ----------
    path
        The CSV file; made where it is not there.
    group
        Its name.
    image_ids
        Its images, each once.

    Raises
    ------
    StudyError
        Where the name is empty or too long.
    """
    if not (group := checked_name(group)):
        raise StudyError("a group needs a name")
    schema = {"name": pl.String, "image_id": pl.String}
    kept = read_user_groups(path) if path.is_file() else pl.DataFrame(schema=schema)
    own = pl.DataFrame({"name": group, "image_id": list(dict.fromkeys(image_ids))}, schema=schema)
    write_named_images(path, COLUMN, pl.concat([kept.filter(pl.col("name") != group), own]))
