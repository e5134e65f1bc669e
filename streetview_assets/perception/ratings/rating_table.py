"""CSV of ratings or averages: of images or places, a row each or several qualities side by side."""

from collections.abc import Mapping

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.csv_file import CsvFile, as_degrees, as_numbers, read_columns, refuse
from streetview_assets.perception.ratings.demographics import PEOPLE
from streetview_assets.perception.ratings.groups import region_of
from streetview_assets.perception.ratings.rating_columns import (
    ValueColumn,
    found_columns,
    value_columns,
)
from streetview_assets.perception.ratings.rows import as_rows
from streetview_assets.points.places import named_places
from streetview_assets.study.perception import RatingColumns

_WHOSE = ("image", "longitude", "latitude")
_BESIDE = ("quality", "rating_id", "rater", "age", *PEOPLE)
_PLAIN = {
    "quality": "quality",
    "rating_id": "rating_id",
    "rater": "rater_id",
    **{name: name for name in PEOPLE},
}
_ONCE = ("image_name", "place_id", "quality", "group_name")


def read_rating_table(
    file: CsvFile, wishes: RatingColumns, qualities: tuple[str, ...] | None = None
) -> pl.DataFrame:
    """Read ratings of images, or of places where no column names an image.

    Parameters
    ----------
    file
        The CSV, opened.
    wishes
        Its columns, as the study names them.
    qualities
        Those of the study; a lone one is what a file without a column of qualities rates, else the
        name of its column of values is.

    Returns
    -------
    polars.DataFrame
        Rows of the table `ratings`, without the image.

    Raises
    ------
    StudyError
        With the column and the row of what is wrong, or the columns that are there.
    """
    columns = found_columns(file, wishes, (*_WHOSE, *_BESIDE))
    whose = ("image",) if "image" in columns else ("longitude", "latitude")
    if not set(whose) <= columns.keys():
        raise StudyError(
            f"{file.place}: no column says which image or place is rated. Name it under "
            "perception.columns.image, or .longitude and .latitude. The columns there are: "
            f"{', '.join(file.columns)}."
        )
    values = value_columns(file, wishes, qualities or ())
    wanted = [part for one in values for part in (one.value, one.spread, one.count) if part]
    cells = read_columns(file, [*columns.values(), *wanted])
    shared = _shared(file, cells, columns, whose)
    sole = qualities[0] if qualities and len(qualities) == 1 else None
    frames = [_values(file, cells, one, shared, sole) for one in values]
    rows = pl.concat(frames, how="diagonal")
    return as_rows(_with_source(rows, "rater" in columns), "ratings", file.place)


def people_of(file: CsvFile, cells: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """Read who gave each row, with what a file says of people; what it does not say is null.

    Parameters
    ----------
    file, cells
        The file and its columns as text.
    columns
        The column of each meaning that is there.

    Returns
    -------
    polars.DataFrame
        quality, rating_id, rater_id, age and what is known of people, with the region.

    Raises
    ------
    StudyError
        Where an age is no number.
    """
    texts = [
        (pl.col(columns[meaning]) if meaning in columns else pl.lit(None, pl.String)).alias(name)
        for meaning, name in _PLAIN.items()
    ]
    age = as_numbers(file, cells, columns["age"]) if "age" in columns else None
    years = (pl.lit(None, pl.Float64) if age is None else age).alias("age")
    told = cells.with_columns(*texts, years).select(*_PLAIN.values(), "age")
    return told.with_columns(region=region_of()).drop("postalcode")


def _shared(
    file: CsvFile, cells: pl.DataFrame, columns: Mapping[str, str], whose: tuple[str, ...]
) -> pl.DataFrame:
    """Read what counts for all values of a row: the image or place, and the person."""
    for meaning in (*whose, *({"quality"} & columns.keys())):
        empty = cells[columns[meaning]].is_null()
        remedy = "Fill the cell in, or take the row out"
        refuse(file, cells, columns[meaning], empty, "stands there", remedy)
    people = people_of(file, cells, columns)
    if whose == ("image",):
        return people.with_columns(cells[columns["image"]].alias("image_name"))
    placed = people.with_columns(
        as_degrees(file, cells, columns["longitude"], 180).alias("longitude"),
        as_degrees(file, cells, columns["latitude"], 90).alias("latitude"),
    )
    return named_places(placed).rename({"point_id": "place_id"})


def _values(
    file: CsvFile, cells: pl.DataFrame, one: ValueColumn, shared: pl.DataFrame, sole: str | None
) -> pl.DataFrame:
    spread, count = (
        as_numbers(file, cells, column) if column else pl.Series([None], dtype=pl.Float64)
        for column in (one.spread, one.count)
    )
    for column, numbers in ((one.spread, spread), (one.count, count)):
        if column:
            below = (numbers < 0).fill_null(False)
            refuse(file, cells, column, below, "is below 0", "Put the true number there")
    quality = pl.lit(one.quality) if one.quality else pl.col("quality").fill_null(sole or one.value)
    rows = shared.with_columns(
        quality.alias("quality"),
        as_numbers(file, cells, one.value).alias("value"),
        (spread if one.spread else pl.lit(None, pl.Float64)).alias("spread"),
        (count if one.count else pl.lit(None, pl.Float64)).alias("rating_count"),
        pl.lit(one.group_name, pl.String).alias("group_name"),
        is_average=pl.lit(one.spread is not None or one.count is not None),
    )
    return rows.with_columns(
        pl.when(pl.col("rating_count") >= 1).then(pl.col("rating_count").round().cast(pl.Int64))
    )


def _with_source(rows: pl.DataFrame, names_raters: bool) -> pl.DataFrame:
    """Tell ratings from averages: those have a spread, a count, or no rater and one row each."""
    rows = rows.match_to_schema(
        rows.schema | {name: pl.String() for name in _ONCE}, missing_columns="insert"
    )
    lone = not names_raters and not rows.select(pl.struct(_ONCE).is_duplicated().any()).item()
    average = pl.col("is_average") | lone
    of_images = pl.when(average).then(pl.lit("averages")).otherwise(pl.lit("ratings"))
    return rows.with_columns(
        pl.when(average).then("rating_count").otherwise(1).alias("rating_count"),
        source=pl.when(pl.col("place_id").is_not_null())
        .then(pl.lit("places"))
        .otherwise(of_images),
    )
