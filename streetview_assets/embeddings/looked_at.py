"""What is looked at: each image by itself, or each panorama as a whole, as `encoder.views` says.

Whoever reads vectors takes them from here: clusters, neighbours, words, models and exports are so
of one thing. A panorama goes by its first view, whose `image_id` names it in every table.
"""

import polars as pl

from streetview_assets.embeddings.panoramas import PANORAMA, first_views, views_in_order
from streetview_assets.tables.registry import TABLES

VECTORS = "vectors"
"""The name under which vectors are asked for, whichever table has them."""

INCLUDED = "included_images"
"""The name under which images are asked for where those that the study drops are not current."""

SEPARATE = "separate"
_COLUMNS = [*TABLES["image_embeddings"].schema.names(), "image_count"]


def vector_table(views: str) -> str:
    """Name the table that has the vectors of what is looked at, by `encoder.views`."""
    return "image_embeddings" if views == SEPARATE else "panorama_embeddings"


def called(views: str) -> str:
    """Say in a word what is looked at, by `encoder.views`."""
    return "images" if views == SEPARATE else "panoramas"


def named_by(views: str) -> tuple[str, ...]:
    """Name the columns of `images` that are the same in all views of what is looked at."""
    return ("authority_code", *(("image_id",) if views == SEPARATE else PANORAMA))


def vectors_of(table: pl.DataFrame) -> pl.DataFrame:
    """Give the vectors of what is looked at in one form.

    Parameters
    ----------
    table
        The table `image_embeddings` or `panorama_embeddings`, or what this has given.

    Returns
    -------
    pl.DataFrame
        The columns of `image_embeddings`, and `image_count`: images that a vector is made of.
    """
    if "image_count" not in table.columns:
        table = table.with_columns(image_count=pl.lit(1, dtype=pl.Int64))
    return table.select(pl.col(name) for name in _COLUMNS if name in table.columns)


def looked_at(images: pl.DataFrame, views: str) -> pl.DataFrame:
    """Give the images, or where panoramas are looked at their first views, one row each.

    Parameters
    ----------
    images
        The table `images`, of one authority or several.
    views
        What the study says as `encoder.views`.

    Returns
    -------
    pl.DataFrame
        Rows of `images`. Of a panorama, `path` is the list of its views' paths, clockwise from
        north, and `width_px` and `height_px` are those of the views side by side.
    """
    if views == SEPARATE:
        return images
    seen = views_in_order(images)
    lowest = pl.col("height_px").min()
    strips = seen.group_by(named_by(views), maintain_order=True).agg(
        pl.col("path"),
        (pl.col("width_px") * lowest / pl.col("height_px")).sum().round().cast(pl.Int64),
        lowest,
    )
    firsts = seen.join(first_views(seen), on=["authority_code", "image_id"], how="semi")
    return (
        firsts.drop("path", "width_px", "height_px")
        .join(strips, on=named_by(views), how="left", maintain_order="left")
        .select(images.columns)
    )
