"""Text in CSV that no spreadsheet runs: what it would take for a formula stands behind a `'`."""

import re

import polars as pl

_FIRST = r"[=+\-@\t\r\n＝＋－＠]"
_IS_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_IS_POINT_ID = r"^-?\d+\.\d{6}_-?\d+\.\d{6}$"
_GUARDED = re.compile(f"^'(?={_FIRST})")


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """Put a `'` before each text, and each name of a column, that would be taken for a formula.

    Numbers stay numbers, those kept as text too, and ids of points stay as they are.
    """
    text = pl.col(pl.String)
    stays = text.str.contains(_IS_NUMBER) | text.str.contains(_IS_POINT_ID)
    cells = pl.when(stays).then(text).otherwise(text.str.replace(f"^({_FIRST})", "'${1}"))
    return frame.with_columns(cells).rename(lambda name: re.sub(f"^(?={_FIRST})", "'", name))


def unguarded(text: str) -> str:
    """Give a text of a CSV as it was before it was guarded."""
    return _GUARDED.sub("", text)
