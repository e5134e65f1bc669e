"""Values as a table of the page shows them: numbers rounded, shares in percent, none as a dash."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

NONE = "–"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: a value as it is shown, with what belongs below it in small."""

    text: str
    small: str = ""
    is_number: bool = True


@dataclass(frozen=True)
class Table:
    """A table as it is shown; which of its columns hold numbers."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    is_number: Sequence[bool]


def shown_table(
    found: pl.DataFrame | Iterable[Sequence[Any]], columns: Mapping[str, str] | Sequence[str]
) -> Table:
    """Lay out rows as they are shown.

    Parameters
    ----------
    found
        A frame, or rows of values in the order of the columns.
    columns
        Headings; of a frame each with its column and how that is shown: `share %`, `width .2` with
        so many decimals, `captured_on %Y-%m`, or the name alone of texts, counts and cells.

    Raises
    ------
    polars.exceptions.ColumnNotFoundError
        Where a frame lacks a column; one without any is of a table that was not published.
    """
    if isinstance(found, pl.DataFrame):
        assert isinstance(columns, Mapping)
        asked = [how.partition(" ") for how in columns.values()] if found.width else []
        shown = [[_cell(value, how) for value in found[name]] for name, _, how in asked]
        rows: list[Sequence[Cell]] = list(zip(*shown, strict=True))
    else:
        rows = [[_cell(value) for value in row] for row in found]
    is_number = [any(cell.is_number for cell in column) for column in zip(*rows, strict=True)]
    return Table(list(columns), rows, is_number)


def _cell(value: Any, how: str = "") -> Cell:
    if isinstance(value, Cell):
        return value
    if how == "%":
        return percent(value)
    if how.startswith("."):
        return number(value, int(how[1:]))
    if isinstance(value, date) and how:
        return Cell(f"{value:{how}}")
    if isinstance(value, int):
        return Cell(f"{value:,}")
    return Cell(NONE if value is None else str(value), is_number=False)


def crossed(cells: pl.DataFrame) -> dict[tuple[Any, Any], Any]:
    """Give the third column by the first and the second, as the cells of a table of the two."""
    return {(row, column): value for row, column, value in cells.iter_rows()}


def number(value: float | None, digits: int = 2) -> Cell:
    """Give a number as a cell; a dash where there is none."""
    return Cell(NONE if value is None else rounded(value, digits))


def percent(value: float | None) -> Cell:
    """Give a share of 0 to 1 as a cell."""
    return Cell(NONE if value is None else f"{value:.0%}")


def rounded(value: float, digits: int = 2) -> str:
    """Write a number with so many decimals; with fewer from a hundred, without from a thousand."""
    size = abs(value)
    kept = 0 if size >= 1000 else min(digits, 1) if size >= 100 else digits
    return minus(f"{value:,.{kept}f}")


def minus(text: str) -> str:
    """Write a minus as a minus; nothing that rounds to nought has one."""
    if text.startswith("-"):
        return text[1:] if not text.strip("-0.,") else f"−{text[1:]}"
    return text
