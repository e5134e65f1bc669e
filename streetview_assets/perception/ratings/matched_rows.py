"""Ratings and comparisons with the images that they are of, and why some are not used."""

import polars as pl

from streetview_assets.areas.columns import listed
from streetview_assets.errors import StudyError
from streetview_assets.perception.ratings.image_names import match_names
from streetview_assets.perception.ratings.rated_places import NOTHING_NEAR
from streetview_assets.perception.ratings.rating_files import COMPARISONS, RATINGS
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

_SHOWN = 3


def with_images(
    rows: pl.DataFrame, images: pl.DataFrame, near: pl.DataFrame, qualities: tuple[str, ...] | None
) -> pl.DataFrame:
    """Say which image or images each rating is of.

    Parameters
    ----------
    rows
        Ratings as they came.
    images
        As `match_names` takes them.
    near
        The images of rated places, as `images_of_places` gives them.
    qualities
        Those that the study asks for; None for all.

    Returns
    -------
    polars.DataFrame
        Table ``ratings``, by quality and rating_id.

    Raises
    ------
    StudyError
        Where ratings are there, and none is of an image of the study.
    """
    named = match_names(rows["image_name"], images).rename({"name": "image_name"})
    counts = near.group_by("place_id").agg(image_count=pl.len().cast(pl.Int64))
    told = rows.join(named, on="image_name", how="left").join(counts, on="place_id", how="left")
    alone = pl.col("place_id").is_not_null() & pl.col("image_count").is_null()
    told = told.with_columns(
        pl.when(alone).then(0).otherwise("image_count").alias("image_count"),
        pl.when(alone).then(pl.lit("no_image")).otherwise("status").fill_null("ok").alias("status"),
        pl.when(alone).then(pl.lit(NOTHING_NEAR)).otherwise("reason").alias("reason"),
    )
    _require_any(told["status"] == "ok", told["image_name"], images, RATINGS)
    return _finished(_unused(told, "value", qualities), "ratings")


def with_pairs(
    rows: pl.DataFrame, images: pl.DataFrame, qualities: tuple[str, ...] | None
) -> pl.DataFrame:
    """Say which images each comparison is of.

    Parameters
    ----------
    rows
        Comparisons as they came.
    images, qualities
        As `with_images`.

    Returns
    -------
    polars.DataFrame
        Table ``comparisons``, by quality and comparison_id.

    Raises
    ------
    StudyError
        Where comparisons are there, and none is of an image of the study.
    """
    named = match_names(pl.concat([rows["left_name"], rows["right_name"]]), images)
    for side in ("left", "right"):
        found = named.select(
            pl.col("name").alias(f"{side}_name"),
            pl.col("image_id").alias(f"{side}_id"),
            pl.col("status").alias(f"{side}_status"),
            pl.format(f"{side}: {{}}", "reason").alias(f"{side}_reason"),
        )
        rows = rows.join(found, on=f"{side}_name", how="left")
    sides = [pl.when(pl.col(f"{side}_status") != "ok").then(f"{side}_status") for side in _SIDES]
    told = rows.with_columns(
        status=pl.coalesce(*sides, pl.lit("ok")),
        reason=pl.concat_str("left_reason", "right_reason", separator="; ", ignore_nulls=True),
    ).with_columns(pl.when(pl.col("reason") != "").then("reason"))
    is_found = told["left_id"].is_not_null() | told["right_id"].is_not_null()
    _require_any(is_found, told["left_name"], images, COMPARISONS)
    return _finished(_unused(told, "choice", qualities), "comparisons")


_SIDES = ("left", "right")
_WHY_NONE = {
    "value": "no value stands there",
    "choice": "no choice stands there, or the sign for one that is also the id of an image",
}


def _unused(rows: pl.DataFrame, said: str, qualities: tuple[str, ...] | None) -> pl.DataFrame:
    """Mark what says nothing, and what is of a quality that the study does not ask for."""
    unasked = pl.lit(False) if qualities is None else ~pl.col("quality").is_in(list(qualities))
    silent = pl.col(said).is_null()
    status = pl.when(unasked).then(pl.lit("not_asked")).when(silent).then(pl.lit("no_value"))
    reason = (
        pl.when(unasked)
        .then(pl.lit("perception.qualities does not name this quality"))
        .when(silent)
        .then(pl.lit(_WHY_NONE[said]))
    )
    return rows.with_columns(status=status.otherwise("status"), reason=reason.otherwise("reason"))


def _finished(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    table = TABLES[name]
    return rows.match_to_schema(
        table.schema, missing_columns="insert", extra_columns="ignore"
    ).sort(table.key)


def _require_any(is_found: pl.Series, names: pl.Series, images: pl.DataFrame, key: str) -> None:
    """Refuse a file of which nothing is of any image of the study."""
    if is_found.any() or is_found.is_empty():
        return
    if names.null_count() == len(names):
        raise StudyError(
            f"{key}: none of the rated places has an image within perception.within_m. Give a "
            "larger distance, or check that longitude and latitude are not swapped."
        )
    own = pl.concat([images["source_path"].drop_nulls(), images["image_id"]])[: images.height]
    raise StudyError(
        f"{key}: none of the {counted(names.n_unique(), 'rated image')} is one of the "
        f"{counted(images.height, 'image')} of the study. The ratings name "
        f"{listed(names, _SHOWN)}; the study has {listed(own, _SHOWN)}. Name the column that "
        "holds the images' files, image_id or panorama_id under perception.columns."
    )
