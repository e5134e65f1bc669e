"""The table of one's own image files: each is taken, or left out for a reason that is told."""

from datetime import date

import polars as pl

from streetview_assets.points.own_images.positions import ImagePositions
from streetview_assets.points.places import as_sample_points, named_places
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES

IN_NO_AREA = "in no area of the study"
OUTSIDE_DATES = "captured outside images.captured_between, or without a date"


def files_table(positions: ImagePositions, areas: pl.DataFrame, wishes: Images) -> pl.DataFrame:
    """Say of each file whether it is taken, and to which point and area it belongs.

    Parameters
    ----------
    positions
        Where and when each file was taken, and why some were left out.
    areas
        Table ``areas`` of all authorities; without rows, an image belongs to none.
    wishes
        The study's part ``images``: which dates are wanted.

    Returns
    -------
    polars.DataFrame
        Table ``image_files``, by source_path.
    """
    placed = positions.frame
    places = named_places(placed.select("longitude", "latitude"))
    located = as_sample_points(places.unique("point_id"), areas)
    captured_on = pl.col("captured_on").fill_null(date.min)
    known = placed.with_columns(point_id=places["point_id"]).join(
        located.select("point_id", "area_code", of_study="authority_code"),
        on="point_id",
        maintain_order="left",
    )
    reasons = known.with_columns(
        reason=pl.when(pl.col("of_study").is_null())
        .then(pl.lit(IN_NO_AREA))
        .when(~captured_on.is_between(*wishes.captured_within))
        .then(pl.lit(OUTSIDE_DATES))
    )
    rest = positions.files.filter(pl.col("reason").is_not_null())
    taken = pl.when(pl.col("reason").is_null()).then(pl.lit("taken"))
    files = pl.concat([reasons, rest], how="diagonal").with_columns(
        source_path="file", status=taken.otherwise(pl.lit("left_out"))
    )
    schema = TABLES["image_files"].schema
    return files.match_to_schema(schema, extra_columns="ignore").sort("source_path")


def left_out(table: pl.DataFrame) -> pl.DataFrame:
    """Give source_path and reason of the files that are left out.

    Parameters
    ----------
    table
        Table ``image_files``.
    """
    return table.filter(status="left_out").select("source_path", "reason")
