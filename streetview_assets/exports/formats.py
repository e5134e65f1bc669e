"""Rows as files: CSV, a sheet, XML, LaTeX, GeoJSON (RFC 7946: GDAL takes some text for JSON)."""

import json
import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from streetview_assets.areas.geoframe import flat
from streetview_assets.errors import StudyError
from streetview_assets.text.counted import counted
from streetview_assets.text.spreadsheet_text import guarded
from streetview_assets.text.strict_json import to_json

OF_JSON = "source_properties"
"""The column whose texts are JSON in GeoJSON too."""
MOST_ROWS, LONGEST_CELL = 1_048_576, 32_767
"""Limits of a sheet of XLSX: rows with the heading, characters of a cell."""

FIRST_DAY = date(1900, 3, 1)
"""Spreadsheets have no earlier dates, or count them wrongly."""

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML, of which a spreadsheet is made too, cannot hold."""

_NOT_FINITE = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}
_ELEMENT = re.compile(r"(?!xml)[A-Za-z_][\w.-]*", re.ASCII | re.IGNORECASE)


def write_csv(frame: pl.DataFrame, path: Path, table: str) -> None:
    """Write rows as CSV: maps, lists and vectors as JSON, geometry as WKT.

    A text that a spreadsheet would run as a formula gets a `'` before it.

    Parameters
    ----------
    frame
        Rows of a table, or of a mart.
    path
        The file to write; whoever calls puts it in its place.
    table
        Its name; CSV has no place for it.
    """
    guarded(flat(frame)).write_csv(path)


def write_latex(frame: pl.DataFrame, path: Path, table: str) -> None:
    """Write rows as a table of LaTeX (with the package booktabs), numbers to four digits.

    Parameters
    ----------
    frame
        Rows of a table, or of a mart.
    path
        The file to write; whoever calls puts it in its place.
    table
        Its name, the label of the table: `tab:NAME`.
    """
    rows = flat(frame).to_pandas()
    text = rows.to_latex(index=False, escape=True, float_format="%.4g", label=f"tab:{table}")
    path.write_text(text, encoding="utf-8")


def write_xlsx(frame: pl.DataFrame, path: Path, table: str) -> None:
    """Write rows as a spreadsheet: one sheet, its heading in sight; times are in UTC.

    Text stays text, also where it begins with `=`; dates before 1900 are text too.

    Parameters
    ----------
    frame
        Rows of a table, or of a mart.
    path
        The file to write; whoever calls puts it in its place.
    table
        Its name, for the sheet and for messages.

    Raises
    ------
    StudyError
        Where the table has vectors, or more than a sheet or a cell holds.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    _refuse_vectors(frame, table, "xlsx")
    if frame.height >= MOST_ROWS:
        raise StudyError(
            f"table {table} has {counted(frame.height, 'row')}, and a sheet of xlsx holds "
            f"{MOST_ROWS - 1:,}; export it as csv or parquet"
        )
    rows = flat(frame)
    _refuse_long_texts(rows, table)
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table[:31])
    sheet.freeze_panes = "A2"

    def cell(value: object) -> object:
        value = _for_a_sheet(value)
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value)
        made.data_type = "s"  # openpyxl takes what begins with `=` for a formula
        return made

    for row in (rows.columns, *rows.iter_rows()):
        sheet.append([cell(value) for value in row])
    book.save(path)


def write_xml(frame: pl.DataFrame, path: Path, table: str) -> None:
    """Write rows as XML: `<table name="…"><row><column>value</column>…</row>…</table>`.

    What is null has no element. Numbers, dates and times are written as XML Schema does.

    Parameters
    ----------
    frame
        Rows of a table, or of a mart.
    path
        The file to write; whoever calls puts it in its place.
    table
        Its name, for the outermost element and for messages.

    Raises
    ------
    StudyError
        Where the table has vectors, or a column whose name is none of an element.
    """
    _refuse_vectors(frame, table, "xml")
    if unfit := [name for name in frame.columns if not _ELEMENT.fullmatch(name)]:
        raise StudyError(
            f"table {table}: XML has no element named {', '.join(map(repr, unfit))}; "
            "export it as csv or parquet"
        )
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        file.write(f"<table name={quoteattr(table)}>\n")
        for row in flat(frame).iter_rows():
            elements = [
                f"<{name}>{escape(_for_xml(value))}</{name}>"
                for name, value in zip(frame.columns, row, strict=True)
                if value is not None
            ]
            file.write(f"<row>{''.join(elements)}</row>\n")
        file.write("</table>\n")


def _refuse_vectors(frame: pl.DataFrame, table: str, kind: str) -> None:
    vectors = [
        name
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.List | pl.Array) and dtype.inner == pl.Float32
    ]
    if vectors:
        raise StudyError(
            f"table {table} has vectors ({', '.join(vectors)}), which {kind} does not "
            "hold; export it as parquet, or as csv, where they become JSON"
        )


def _refuse_long_texts(rows: pl.DataFrame, table: str) -> None:
    lengths = rows.select(pl.col(pl.String).str.len_chars().max())
    for column, length in lengths.row(0, named=True).items() if rows.height else ():
        if length is not None and length > LONGEST_CELL:
            raise StudyError(
                f"table {table}, column {column}: a text of {counted(length, 'character')}, and a "
                f"cell of xlsx holds {LONGEST_CELL:,}; export it as csv or parquet"
            )


def _for_a_sheet(value: object) -> object:
    if isinstance(value, str):
        return _UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date) and value < FIRST_DAY:
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _for_xml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _NOT_FINITE.get(str(value)) or repr(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return _UNWRITABLE.sub("\ufffd", str(value))


def write_geojson(
    frame: pl.DataFrame, shapes: Iterable[BaseGeometry | None], path: Path, table: str
) -> None:
    """Write a feature a row; lists and maps stay such, dates are ISO text, a gap is null.

    Parameters
    ----------
    frame
        Rows; a column `geometry` is left out.
    shapes
        Of each row, in degrees (WGS 84); None where it has no place.
    path
        The file to write; what is there is replaced.
    table
        Name of the collection.
    """
    rows = frame.drop("geometry", strict=False).iter_rows(named=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"type": "FeatureCollection", "name": {to_json(table)}, "features": [')
        for number, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
            feature = {
                "type": "Feature",
                "properties": _properties(row),
                "geometry": None if shape is None else shapely.geometry.mapping(shape),
            }
            file.write(",\n" if number else "\n")
            file.write(to_json(feature, default=str))
        file.write("\n]}\n")


def _properties(row: dict[str, Any]) -> dict[str, Any]:
    told = row.get(OF_JSON)
    return row if told is None else row | {OF_JSON: json.loads(told)}
