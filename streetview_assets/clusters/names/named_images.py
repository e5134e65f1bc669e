"""Names with the images that they are kept with, as CSV: a row for each name and image."""

from pathlib import Path

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.csv_file import open_csv, read_columns, refuse
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.text.counted import counted
from streetview_assets.text.visible_text import in_one_line

LONGEST_NAME = 300
IMAGE = "image_id"


def read_named_images(path: Path, key: str, column: str) -> pl.DataFrame:
    """Read a CSV file of names, each with its images.

    Parameters
    ----------
    path
        The file.
    key
        The key of the study file that names it.
    column
        Header of the names; that of the images is ``image_id``.

    Returns
    -------
    polars.DataFrame
        ``name`` and ``image_id``, each pair once, in the order of the file; none where the file
        has only its header.

    Raises
    ------
    StudyError
        Where the file cannot be read, has not both columns, or a cell is empty or too long.
    """
    file = open_csv(path, key)
    columns = [file.find(column), file.find(IMAGE)]
    if None in columns:
        raise StudyError(
            f"{file.place} needs the columns {column!r} and {IMAGE!r}; it has "
            f"{', '.join(map(repr, file.columns))[:200]}. Name them so in its first row."
        )
    name, image = (str(one) for one in columns)
    rows = read_columns(file, (name, image), nothing=("",), may_be_empty=True)
    for one in (name, image):
        remedy = "Fill it in, or remove the row"
        refuse(file, rows, one, rows[one].is_null(), "in a row that says more", remedy)
    too_long = rows[name].str.len_chars() > LONGEST_NAME
    refuse(file, rows, name, too_long, f"has more than {LONGEST_NAME} letters", "Shorten it")
    return rows.select(name=name, image_id=image).unique(maintain_order=True)


def write_named_images(path: Path, column: str, rows: pl.DataFrame) -> None:
    """Write names with their images, so that `read_named_images` gives them again.

    Parameters
    ----------
    path
        The file, written aside and renamed.
    column
        Header of the names.
    rows
        ``name`` and ``image_id``.
    """
    with written_aside(path) as aside:
        rows.select(pl.col("name").alias(column), IMAGE).write_csv(aside)


def checked_name(name: str) -> str:
    """Give a name as it is kept: in one line, with single blanks; empty for none.

    Parameters
    ----------
    name
        As somebody wrote it.

    Raises
    ------
    StudyError
        Where it is too long.
    """
    kept = in_one_line(" ".join(name.split()))
    if len(kept) > LONGEST_NAME:
        raise StudyError(
            f"a name of {counted(len(kept), 'letter')}; {LONGEST_NAME} are kept at most"
        )
    return kept
