"""One row a rating with the person who gave it, as the survey of the percept project keeps it."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from streetview_assets.areas.columns import require_columns
from streetview_assets.files.csv_file import CsvFile, as_numbers, open_csv, read_columns, refuse
from streetview_assets.perception.ratings.groups import region_of

CATEGORIES = ("walkability", "bikeability", "pleasantness", "greenness", "safety")
"""What category_id 1 to 5 stand for."""

PEOPLE = ("gender", "country", "postalcode", "education")
"""What a person wrote of herself, beside the age; each may be left out."""
RATER = (
    *("rater_id", "rater", "user_id", "user", "participant_id", "participant", "voter_uniqueid"),
    "session_id",
)
"""Columns that say who rated, the surest first."""
_WHOLE = r"^(-?\d+)\.0+$"
"""A whole number that a program stored as a fraction."""


def read_demographics(
    path: Path, key: str = "perception.demographics", categories: Sequence[str] = CATEGORIES
) -> pl.DataFrame:
    """Read ratings with who gave them.

    Parameters
    ----------
    path
        CSV with the columns image_id, category_id and rating, and where they are known
        rating_id, age, gender, country, postalcode, education, and who rated (one of `RATER`).
    key
        The key of the study, or the option of the command, that names it.
    categories
        The qualities that category_id counts, from 1.

    Returns
    -------
    polars.DataFrame
        In the order of the file: rating_id, image_id, quality, value, rater_id, age, gender,
        country, postalcode, education, region (`NL`, `non-NL` or null); what is not there is null.

    Raises
    ------
    StudyError
        With the column and the row: where a column is not there, a cell is no number, there is no
        such category, or a rating has no image, no category or no value.
    """
    file = open_csv(path, key)
    needed = {name: file.find(name) or name for name in ("image_id", "category_id", "rating")}
    require_columns(str(path), {f"{key}, {name}": name for name in needed.values()}, file.columns)
    others = {name: file.find(name) for name in ("rating_id", "age", *PEOPLE)}
    named = {**needed, **others, "rater_id": file.find(*RATER)}
    cells = read_columns(file, [column for column in named.values() if column])
    for column in needed.values():
        remedy = "Fill the cell in, or take the row out"
        refuse(file, cells, column, cells[column].is_null(), "stands there", remedy)
    age = named["age"]
    return cells.select(
        *(_text(named, name).str.replace(_WHOLE, "$1") for name in ("rating_id", "image_id")),
        _quality(file, cells, needed["category_id"], categories),
        as_numbers(file, cells, needed["rating"]).alias("value"),
        _text(named, "rater_id"),
        as_numbers(file, cells, age).alias("age") if age else pl.lit(None, pl.Float64).alias("age"),
        *(_text(named, name) for name in PEOPLE),
    ).with_columns(region=region_of())


def _text(named: dict[str, str | None], name: str) -> pl.Expr:
    column = named[name]
    return (pl.col(column) if column else pl.lit(None, pl.String)).alias(name)


def _quality(
    file: CsvFile, cells: pl.DataFrame, column: str, categories: Sequence[str]
) -> pl.Series:
    number = as_numbers(file, cells, column)
    places = {float(at): name for at, name in enumerate(categories, start=1)}
    names = ", ".join(f"{at} {name}" for at, name in enumerate(categories, start=1))
    unknown = ~number.is_in(list(places))
    refuse(file, cells, column, unknown, "is no category", f"The categories are {names}")
    return number.replace_strict(places, return_dtype=pl.String).alias("quality")
