"""Columns that the study names, read from the tables people have: CSV, Excel, Parquet, pickles.

Codes are read as text, so that leading zeros live; numbers are read strictly, so that a footnote
mark in a cell is found instead of becoming a gap.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files import pickled
from streetview_assets.files.csv_file import separator_of
from streetview_assets.files.geo_file import PARQUET
from streetview_assets.files.reading import reading, refuse_parquet_bomb, refuse_zip_bomb
from streetview_assets.text.counted import counted

CSV = (".csv", ".tsv", ".txt")
EXCEL = (".xlsx", ".xlsm")
MARKS = (
    *(".", "..", "...", ":", "*", "**", "***", "#", "c", "s", "x", "z", "na", "n/a"),
    *("[c]", "[x]", "[z]", "[u]", "[low]"),
    *("(d)", "(s)", "(x)"),
)
"""What offices write for "withheld", "not available" or "too few", in lower case.

A dash is not among them: some mean "nothing known" by it, others "none", which is 0.
"""

_EXCEL_ROWS = 2**20

Wanted = Mapping[str, str | None]
"""Names of columns by the key of the study that names each; None: the study names none."""


@dataclass(frozen=True)
class SourceTable:
    """Columns as they stand in a file, and how to name a place in it to a person.

    Attributes
    ----------
    frame
        The columns that were asked for.
    place
        The file, and the sheet of a workbook, as messages name it.
    first_row
        Number of the first row of values: 2 below a line of headings, else 1.
    decimal
        What stands before the fraction of a number: a comma where semicolons part the cells.
    """

    frame: pl.DataFrame
    place: str
    first_row: int
    decimal: str = "."


def read_source(path: Path, wanted: Wanted, sheet: str | None = None) -> SourceTable:
    """Read the wanted columns of a CSV, Excel or Parquet file, or of a pickle.

    Parameters
    ----------
    path
        The file. CSV and Excel cells come back as text, Parquet columns in their own types.
    wanted
        The column's name by the key of the study that names it, such as
        ``{"areas.lookup.code": "lsoa11_code"}``; a column may be wanted by several keys, and a
        key may name none.
    sheet
        The sheet of an Excel file; by default the first.

    Raises
    ------
    StudyError
        Where the file is of another kind or unreadable, or a column or the sheet is not there.
    """
    suffix = path.suffix.lower()
    if suffix in EXCEL:
        return _read_excel(path, wanted, sheet)
    if suffix in PARQUET:
        return _read_parquet(path, wanted)
    if suffix in pickled.SUFFIXES:
        with pickled.as_parquet(path, f"{_first_key(wanted)}: {path}") as parquet:
            return replace(_read_parquet(parquet, wanted), place=str(path))
    if suffix in CSV:
        return _read_csv(path, wanted)
    raise StudyError(
        f"{path} (named at {_first_key(wanted)}): files of kind {suffix or '(no suffix)'!r} are "
        f"not read as tables; save it as one of {', '.join(CSV + EXCEL + PARQUET)}."
    )


def require_columns(place: str, wanted: Wanted, present: Sequence[str]) -> list[str]:
    """Give the wanted columns, each once, where all are present.

    Parameters
    ----------
    place
        The file, and within it the sheet, as told to a person.
    wanted
        The column's name by the key of the study that names it.
    present
        The columns that are there.

    Raises
    ------
    StudyError
        With the key, the place, the closest name and the columns that are there.
    """
    named = {key: column for key, column in wanted.items() if column is not None}
    faults = [
        f"{key}: {place} has no column {column!r}.{did_you_mean(column, present)}"
        for key, column in named.items()
        if column not in present
    ]
    if faults:
        there = ", ".join(present) or "none"
        raise StudyError("\n".join(faults) + f"\nThe columns there are: {there}.")
    return list(dict.fromkeys(named.values()))


def closest(wanted: str, present: Iterable[str]) -> str | None:
    """Find the name that a person most likely meant, None where nothing is near.

    Parameters
    ----------
    wanted
        What the study file says.
    present
        Names that there are.
    """
    by_lower = {name.lower(): name for name in present}
    near = difflib.get_close_matches(wanted.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[near[0]] if near else None


def did_you_mean(wanted: str, present: Iterable[str]) -> str:
    """Ask for the `closest` name, behind a blank; empty where nothing is near."""
    close = closest(wanted, present)
    return f" Did you mean {close!r}?" if close else ""


def listed(codes: Iterable[str], at_most: int = 5) -> str:
    """Write the first few codes, in order, and how many there are in all.

    Parameters
    ----------
    codes
        In any order.
    at_most
        How many are written out.
    """
    ordered = sorted(set(codes))
    shown = ", ".join(ordered[:at_most])
    return shown if len(ordered) <= at_most else f"{shown}, … ({len(ordered)} in all)"


def as_codes(cells: pl.Series) -> pl.Series:
    """Read a column as codes: text without blanks around it, null where the cell is empty.

    A whole number that a file stored as a fraction (``12.0``) is the code ``12``.
    """
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
        if (cells.is_finite() & (cells == cells.floor()) & (cells.abs() < 2**53)).all():
            cells = cells.cast(pl.Int64)
    text = cells.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def as_numbers(source: SourceTable, column: str, key: str) -> pl.Series:
    """Read a column as finite numbers, null where the cell is blank or NaN.

    Parameters
    ----------
    source
        The table that has the column.
    column
        Its name.
    key
        The key of the study that names it, for the message.

    Raises
    ------
    StudyError
        As `numbers_or_withheld`, also for each of its marks.
    """
    return numbers_or_withheld(source, column, key, marks=())[0]


def numbers_or_withheld(
    source: SourceTable, column: str, key: str, marks: Sequence[str] = MARKS
) -> tuple[pl.Series, pl.Series]:
    """Read a column as numbers, null where the cell is blank or says that its number is withheld.

    Parameters
    ----------
    source
        The table that has the column.
    column
        Its name.
    key
        The key of the study that names it, for the message.
    marks
        What says so, in lower case.

    Returns
    -------
    values, withheld
        The finite numbers, and whether the cell holds one of the marks.

    Raises
    ------
    StudyError
        With the file, the column, the row and the text of the first cell that is neither.
    """
    cells = source.frame[column]
    text = as_codes(cells)
    withheld = text.str.to_lowercase().is_in(marks).fill_null(False)
    text = text.set(withheld, None).str.replace(source.decimal, ".", literal=True)
    is_number = cells.dtype.is_numeric()
    values = cells.cast(pl.Float64) if is_number else text.cast(pl.Float64, strict=False)
    wrong = text.is_not_null() & (values.is_null() | values.is_infinite())
    if wrong.any():
        index = int(wrong.arg_true()[0])
        raise StudyError(
            f"{key}: {source.place}, column {column!r}, row {index + source.first_row}: "
            f"{text[index]!r} is not a number ({counted(int(wrong.sum()), 'such cell')} in all). "
            "Put a plain number there (decimal point, no thousands separator), or leave the cell "
            "empty where there is no value."
        )
    return values.fill_nan(None), withheld


def lost_zeros(wanted: pl.Series, there: pl.Series) -> str:
    """Say which codes are alike but for leading zeros; empty where there are none.

    A spreadsheet takes such zeros off: `01001` became `1001`.

    Parameters
    ----------
    wanted
        Codes that are looked for.
    there
        Codes among which they are looked for.
    """
    missing, unused = (
        codes.drop_nulls().unique().to_frame("code").filter(~pl.col("code").is_in(among.implode()))
        for codes, among in ((wanted, there), (there, wanted))
    )
    bare = pl.col("code").str.strip_chars_start("0").alias("bare")
    alike = missing.with_columns(bare).join(unused.with_columns(bare), on="bare", suffix="_there")
    alike = alike.filter(pl.col("bare") != "").sort("code")
    if alike.is_empty():
        return ""
    code, _, found = alike.row(0)
    return (
        f"{counted(alike.height, 'code differs', 'codes differ')} in leading zeros alone: "
        f"{code!r} stands there as {found!r}. A spreadsheet takes such zeros off; store the "
        "column as text in the file that lacks them."
    )


def require_meeting(wanted: pl.Series, there: pl.Series, apart: str, beside: str) -> None:
    """Refuse codes of which none, or none with its leading zeros, is among others.

    Parameters
    ----------
    wanted
        Codes that are looked for.
    there
        Codes among which they are looked for.
    apart
        What is said where none is there.
    beside
        How the message begins where only leading zeros differ.

    Raises
    ------
    StudyError
    """
    zeros = lost_zeros(wanted, there)
    if len(wanted) and not wanted.is_in(there.implode()).any():
        raise StudyError(f"{apart} {zeros}".strip())
    if zeros:
        raise StudyError(f"{beside}: {zeros}")


def require_areas(
    areas: pl.Series, there: pl.Series, source: SourceTable, named: tuple[str, str], remedy: str
) -> None:
    """Refuse a table of which no code is that of an area of the study.

    Parameters
    ----------
    areas
        The study's area codes.
    there
        The codes in the table.
    source
        The table.
    named
        The key of the study that names the column of codes, and the column.
    remedy
        What can be done beside naming the right column.

    Raises
    ------
    StudyError
        With codes of both sides.
    """
    key, column = named
    require_meeting(
        areas,
        there,
        f"{key}: none of the {counted(len(areas), 'area')} is in {source.place}, column "
        f"{column!r}. The areas begin with {listed(areas, 3)}; that column with "
        f"{listed(there, 3) or 'nothing'}. Name the column that holds the codes of these "
        f"areas{remedy}.",
        f"{key}: {source.place}, column {column!r}, and the areas",
    )


def _read_csv(path: Path, wanted: Wanted) -> SourceTable:
    with _reading(path, wanted, "a UTF-8 CSV with a header"):
        with path.open(encoding="utf-8-sig", newline="") as text:
            separator = separator_of(text.readline(1_000_000))
        read = partial(pl.read_csv, path, separator=separator, infer_schema=False, glob=False)
        frame = read(columns=require_columns(str(path), wanted, read(n_rows=0).columns))
    decimal = "," if separator == ";" else "."
    return SourceTable(frame, str(path), first_row=2, decimal=decimal)


def _read_parquet(path: Path, wanted: Wanted) -> SourceTable:
    with _reading(path, wanted, "Parquet"):
        there = pl.scan_parquet(path, glob=False).collect_schema().names()
        columns = require_columns(str(path), wanted, there)
        refuse_parquet_bomb(path, len(columns), str(path))
        frame = pl.read_parquet(path, columns=columns, glob=False)
    return SourceTable(frame, str(path), first_row=1)


def _read_excel(path: Path, wanted: Wanted, sheet: str | None) -> SourceTable:
    import openpyxl

    with _reading(path, wanted, "Excel"):
        refuse_zip_bomb(path, str(path))
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        with closing(book):
            names = [worksheet.title for worksheet in book.worksheets]
            name = sheet or names[0]
            if name not in names:
                raise StudyError(
                    f"{_first_key(wanted).rpartition('.')[0]}.sheet: {path} has no sheet {name!r}; "
                    f"its sheets are: {', '.join(names)}."
                )
            others = f" (of the sheets {', '.join(names)})" if len(names) > 1 else ""
            frame = _cells(book[name], wanted, f"{path}, sheet {name!r}{others},")
    return SourceTable(frame, f"{path}, sheet {name!r}", first_row=2)


def _cells(worksheet: Any, wanted: Wanted, place: str) -> pl.DataFrame:
    """Read the wanted columns of a sheet; what a row that ends early lacks is empty."""
    # A workbook may lack the size of its sheet or give a wrong one, after which rows are cut.
    worksheet.reset_dimensions()
    rows = worksheet.iter_rows(values_only=True)
    header = [_cell_text(cell) or "" for cell in next(rows, ())]
    columns = require_columns(place, wanted, header)
    places = [header.index(column) for column in columns]
    cells: list[list[str | None]] = []
    for row in rows:
        if len(cells) >= _EXCEL_ROWS:
            raise StudyError(f"{place} has more rows than Excel knows ({_EXCEL_ROWS:,}).")
        cells.append([_cell_text(row[at]) if at < len(row) else None for at in places])
    return pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String), orient="row")


def _cell_text(cell: Any) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return None if cell is None else str(cell)


def _first_key(wanted: Wanted) -> str:
    return next(iter(wanted))


def _reading(path: Path, wanted: Wanted, form: str) -> AbstractContextManager[None]:
    place = f"{path} (named at {_first_key(wanted)})"
    return reading(place, form, "Open it and save it again in that form.")
