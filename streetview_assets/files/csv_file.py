"""CSV as people have it: any usual separator, every cell as text, faults by their row.

A million rows read in a second or two, since no cell becomes an object of Python.
"""

import csv
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.text.counted import counted

ROW = "row in the file"
"""The column that says in which row of the file, counted from the header's 1, a row stood."""

_FORM = "CSV with a header"
_REMEDY = "Save it as CSV in UTF-8 (comma, semicolon or tab), one row of names above the values."
_SEPARATORS = ",;\t"
_LONGEST_HEADER = 1_000_000
_FIRST_ROW = 2
NOTHING = ("", "na", "n/a", "nan", "null", "none")
"""What stands for no value, as R, pandas and databases write it; in lower case."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose names of columns are known.

    Attributes
    ----------
    path
        The file.
    key
        The key of the study, or the option of the command, that names it.
    separator
        What stands between cells.
    columns
        As they stand in the header.
    """

    path: Path
    key: str
    separator: str
    columns: tuple[str, ...]

    @property
    def place(self) -> str:
        """The key and the file, for messages."""
        return f"{self.key}: {self.path}"

    def find(self, *names: str) -> str | None:
        """Find the first column of one of these names, in any case of letters; None without one."""
        by_lower = {name.strip().lower(): name for name in reversed(self.columns)}
        return next((by_lower[name] for name in names if name in by_lower), None)


def open_csv(path: Path, key: str) -> CsvFile:
    """Read the header of a CSV file with commas, semicolons or tabs, in UTF-8.

    Parameters
    ----------
    path, key
        The file, and the key of the study or option of the command that names it.

    Raises
    ------
    StudyError
        Where it cannot be read, is empty, or names a column twice.
    """
    with _border(path, key), path.open(encoding="utf-8-sig", newline="") as text:
        line = text.readline(_LONGEST_HEADER)
        separator = separator_of(line)
        columns = next(csv.reader([line], delimiter=separator), [])
    if not any(name.strip() for name in columns):
        raise StudyError(f"{key}: {path} is empty, or does not begin with a header. {_REMEDY}")
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        raise StudyError(f"{key}: {path} has two columns {repeated[0]!r}. Name one otherwise.")
    return CsvFile(path, key, separator, tuple(columns))


def separator_of(header: str) -> str:
    """Give what stands most often between the names of a header: comma, semicolon or tab."""
    return max(_SEPARATORS, key=header.count)


def read_columns(
    file: CsvFile,
    columns: Iterable[str],
    *,
    nothing: Sequence[str] = NOTHING,
    may_be_empty: bool = False,
) -> pl.DataFrame:
    """Read some columns as text without blanks around it; null where a cell holds nothing.

    Parameters
    ----------
    file
        The file, opened.
    columns
        Names of its columns.
    nothing
        Texts that stand for no value, in lower case.
    may_be_empty
        Whether a header without rows is a file as well as any.

    Returns
    -------
    polars.DataFrame
        The columns, and `ROW`; rows without any cell filled in are left out.

    Raises
    ------
    StudyError
        Where the file cannot be read, a row has more cells than the header, or there are no rows
        though there must be.
    """
    wanted = list(dict.fromkeys(columns))
    with _border(file.path, file.key):
        try:
            read = pl.read_csv(
                file.path, separator=file.separator, infer_schema=False, glob=False, columns=wanted
            )
        except pl.exceptions.ComputeError:
            _refuse_long_row(file)
            raise
    cells = pl.all().str.strip_chars()
    empty = cells.str.to_lowercase().is_in(nothing)
    frame = (
        read.select(pl.when(~empty).then(cells).name.keep())
        .with_row_index(ROW, offset=_FIRST_ROW)
        .filter(pl.any_horizontal(pl.col(wanted).is_not_null()))
    )
    if frame.is_empty() and not may_be_empty:
        raise StudyError(f"{file.place} has a header and no rows. Give the file with its rows.")
    return frame


def as_numbers(file: CsvFile, frame: pl.DataFrame, column: str) -> pl.Series:
    """Read a column as finite numbers, null where a cell holds nothing.

    Where cells are separated by semicolons, a comma is a decimal point.

    Parameters
    ----------
    file, frame
        The file, and its columns as `read_columns` gives them.
    column
        The column.

    Raises
    ------
    StudyError
        With the row and the text of the first cell that is no number.
    """
    text = frame[column]
    if file.separator == ";":
        text = text.str.replace(",", ".", literal=True)
    numbers = text.cast(pl.Float64, strict=False)
    wrong = text.is_not_null() & ~numbers.is_finite().fill_null(False)
    remedy = "Put a plain number there, with a decimal point, or leave the cell empty"
    refuse(file, frame, column, wrong, "is not a finite number", remedy)
    return numbers


def as_degrees(file: CsvFile, frame: pl.DataFrame, column: str, most: int) -> pl.Series:
    """Read a column as degrees (WGS 84), null where a cell holds nothing.

    Parameters
    ----------
    file, frame, column
        As `as_numbers`.
    most
        180 of a longitude, 90 of a latitude.

    Raises
    ------
    StudyError
        As `as_numbers`, and where a number is beyond what there is.
    """
    degrees = as_numbers(file, frame, column)
    remedy = "Check that longitude and latitude (EPSG:4326) are not swapped"
    beyond = (degrees.abs() > most).fill_null(False)
    refuse(file, frame, column, beyond, f"is not between -{most} and {most} degrees", remedy)
    return degrees


def refuse(
    file: CsvFile, frame: pl.DataFrame, column: str, wrong: pl.Series, fault: str, remedy: str
) -> None:
    """Refuse a file of which any row is wrong.

    Parameters
    ----------
    file, frame, column
        As `as_numbers`.
    wrong
        Whether each row is.
    fault
        What is wrong, behind the text of the cell.
    remedy
        What to do.

    Raises
    ------
    StudyError
        With the row and the text of the first, and how many there are.
    """
    if wrong.any():
        first = int(wrong.arg_true()[0])
        shown = "nothing" if frame[column][first] is None else repr(frame[column][first][:80])
        raise StudyError(
            f"{file.place}, column {column!r}, row {frame[ROW][first]}: {shown} {fault} "
            f"({counted(int(wrong.sum()), 'such cell')} in all). {remedy}."
        )


def _border(path: Path, key: str) -> AbstractContextManager[None]:
    return reading(f"{key}: {path}", _FORM, _REMEDY)


def _refuse_long_row(file: CsvFile) -> None:
    """Name the first row that has more cells than the header, where one has."""
    with file.path.open(encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter=file.separator)
        for number, row in enumerate(islice(rows, 1, None), start=_FIRST_ROW):
            if len(row) > len(file.columns):
                raise StudyError(
                    f"{file.place}, row {number}: {counted(len(row), 'cell')} below "
                    f"{counted(len(file.columns), 'name')}. Put a text with a separator in it "
                    "between quotes."
                )
