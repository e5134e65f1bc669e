"""Pairs of images of which somebody chose one: a survey's table, or the votes of Place Pulse 2.

A survey of the urban-perceptions kit writes the id of the image that was chosen, `1` where both are
about equal, `0` where they cannot be compared and `2` where an image was not shown.
"""

import polars as pl

from streetview_assets.areas.columns import require_columns
from streetview_assets.files.csv_file import CsvFile, read_columns, refuse
from streetview_assets.perception.ratings.demographics import PEOPLE
from streetview_assets.perception.ratings.rating_columns import PAIR, found_columns
from streetview_assets.perception.ratings.rating_table import people_of
from streetview_assets.perception.ratings.rows import as_rows
from streetview_assets.study.perception import RatingColumns

CHOICES = {
    "left": ("left", "l"),
    "right": ("right", "r"),
    "equal": ("equal", "1", "tie", "same", "both", "draw"),
    "not_comparable": ("not_comparable", "0", "not comparable", "neither"),
    "not_shown": ("not_shown", "2", "not shown"),
}
"""What each choice is called in files, in lower case; besides, the id of the image chosen."""

_BESIDE = ("quality", "rating_id", "rater", "age", *PEOPLE)
_DEFAULT = "preference"


def read_comparisons(
    file: CsvFile, wishes: RatingColumns, qualities: tuple[str, ...] | None = None
) -> pl.DataFrame:
    """Read pairs and which of the two was chosen.

    Parameters
    ----------
    file
        The CSV, opened.
    wishes
        Its columns, as the study names them.
    qualities
        Those of the study; a lone one is what a file without a column of qualities is about, else
        `preference` is.

    Returns
    -------
    polars.DataFrame
        Rows of the table `comparisons`, without the images. Where the id of an image is also one
        of the signs for "equal", "not comparable" or "not shown", the choice is null.

    Raises
    ------
    StudyError
        With the column and the row of what is wrong, or the columns that are there.
    """
    columns = found_columns(file, wishes, (*PAIR, *_BESIDE))
    missing = {f"perception.columns.{name}": columns.get(name, name) for name in PAIR}
    require_columns(str(file.path), missing, file.columns)
    cells = read_columns(file, columns.values())
    for name in ("left", "right", *({"quality"} & columns.keys())):
        empty = cells[columns[name]].is_null()
        refuse(file, cells, columns[name], empty, "stands there", "Fill the cell in")
    sole = qualities[0] if qualities and len(qualities) == 1 else _DEFAULT
    pairs = people_of(file, cells, columns).with_columns(
        pl.col("quality").fill_null(sole),
        cells[columns["left"]].alias("left_name"),
        cells[columns["right"]].alias("right_name"),
        said=cells[columns["choice"]],
    )
    known = pairs.with_columns(_choice().alias("choice"))
    odd = known["said"].is_not_null() & known["choice"].is_null()
    signs = "; ".join(f"{name}: {', '.join(words)}" for name, words in CHOICES.items())
    remedy = f"Write the id of the image that was chosen, or one of these: {signs}"
    refuse(file, cells, columns["choice"], odd, "is no choice", remedy)
    pairs = known.with_columns(pl.col("choice").replace(_UNCLEAR, None)).rename(
        {"rating_id": "comparison_id"}
    )
    return as_rows(pairs, "comparisons", file.place)


_UNCLEAR = "unclear"


def _choice() -> pl.Expr:
    said = pl.col("said").str.to_lowercase()
    by_word = said.replace_strict(
        {word: name for name, words in CHOICES.items() for word in words}, default=None
    )
    left, right = (pl.col("said") == pl.col(name) for name in ("left_name", "right_name"))
    return (
        pl.when((left | right) & by_word.is_not_null())
        .then(pl.lit(_UNCLEAR))
        .when(left)
        .then(pl.lit("left"))
        .when(right)
        .then(pl.lit("right"))
        .otherwise(by_word)
    )
