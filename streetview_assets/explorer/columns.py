"""Columns as files that a browser reads by one fetch each: plain numbers, or JSON of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.text.strict_json import to_json

TYPES = {"f4": "Float32Array", "u1": "Uint8Array", "u2": "Uint16Array", "u4": "Uint32Array"}
"""Types of numbers, little-endian, and what a browser calls an array of them."""


@dataclass(frozen=True)
class Coded:
    """A column of texts as numbers: of each row the place of its text among all, the last: none.

    Attributes
    ----------
    texts
        Each once, in order.
    codes
        (n,) ``len(texts)`` where there is none.
    """

    texts: list[str]
    codes: npt.NDArray[Any]


def coded(column: pl.Series, texts: Sequence[str] | None = None) -> Coded:
    """Code a column of texts by numbers.

    Parameters
    ----------
    column
        Texts, null where there is none.
    texts
        The texts in the order in which they are to be numbered; default: sorted.
    """
    known = sorted(column.drop_nulls().unique()) if texts is None else list(texts)
    place = {text: number for number, text in enumerate(known)}
    codes = [len(known) if text is None else place.get(text, len(known)) for text in column]
    smallest = np.min_scalar_type(len(known))
    return Coded(known, np.array(codes, dtype=max(smallest, np.dtype("u1"), key=_size)))


def _size(dtype: np.dtype[Any]) -> int:
    return int(dtype.itemsize)


def write_numbers(folder: Path, name: str, values: npt.ArrayLike, kind: str) -> dict[str, Any]:
    """Write numbers, and say how they are to be read.

    Parameters
    ----------
    folder
        Of the explorer.
    name
        Of the file, safe as a path.
    values
        (n,) or (n, m), written row by row; NaN for what is not known where `kind` is ``f4``.
    kind
        One of `TYPES`.
    """
    array = np.ascontiguousarray(values, dtype=f"<{kind}")
    with written_aside(folder / "data" / f"{name}.bin") as aside:
        array.tofile(aside)
    across = array.shape[1] if array.ndim > 1 else 1
    return {"file": f"data/{name}.bin", "type": TYPES[kind], "across": across}


def write_json_file(folder: Path, name: str, value: object) -> dict[str, Any]:
    """Write plain data as JSON, and say where it is.

    Parameters
    ----------
    folder
        Of the explorer.
    name
        Of the file, safe as a path.
    value
        Lists, dicts, texts and numbers.
    """
    with written_aside(folder / "data" / f"{name}.json") as aside:
        aside.write_text(to_json(value, ensure_ascii=False), encoding="utf-8")
    return {"file": f"data/{name}.json"}


def write_coded(folder: Path, name: str, column: Coded) -> dict[str, Any]:
    """Write a column of texts as numbers, with the texts beside them in what it says of them.

    Parameters
    ----------
    folder
        Of the explorer.
    name
        Of the file, safe as a path.
    column
        What `coded` gave.
    """
    written = write_numbers(folder, name, column.codes, column.codes.dtype.str[1:])
    return {**written, "texts": column.texts}
