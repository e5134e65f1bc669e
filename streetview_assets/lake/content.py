"""Fingerprints of content: the same rows give the same, whatever file and order they came in.

Reckoned over canonical bytes, so that they hold for every version of the libraries and every
machine: rows by key, then of each column which values are there, and the values, little-endian.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from streetview_assets.tables.contract import Table
from streetview_assets.text.strict_json import to_json


def digest(value: Any) -> str:
    """Hash plain data, independent of the order of keys."""
    return hashlib.sha256(to_json(value, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Content:
    """What a frame holds, in two hashes.

    Attributes
    ----------
    fingerprint
        Of all but volatile columns, with the note: what readers of a table depend on.
    every_column
        Of all columns: what one sees who looks at the table itself.
    """

    fingerprint: str
    every_column: str


def content_of(frame: pl.DataFrame, contract: Table | None, note: str = "") -> Content:
    """Fingerprint what a frame holds.

    Parameters
    ----------
    frame
        The rows, in any order where there is a contract: they are sorted by its key.
    contract
        Of the table; None for a mart, whose rows count in their order.
    note
        What is said of the frame beside its rows.
    """
    key = contract.key if contract else []
    volatile = {column.name for column in contract.columns if column.volatile} if contract else ()
    digests = column_digests(frame, key)
    lasting = {name: hash_ for name, hash_ in digests.items() if name not in volatile}
    return Content(digest([lasting, note]), digest([digests, note]))


def column_digests(frame: pl.DataFrame, key: Sequence[str]) -> Mapping[str, str]:
    """Hash each column of a frame, its rows sorted by the key.

    Parameters
    ----------
    frame
        The rows.
    key
        Columns to sort by; none: as the rows stand.
    """
    if key:
        order = frame.select(pl.arg_sort_by(*key)).to_series()
        # Most frames are written in order, and to move vectors about costs more than to hash them.
        frame = frame if (order.diff() == 1).all() else frame[order]
    digests = {}
    for name, column in zip(frame.columns, frame.to_arrow().columns, strict=True):
        hash_ = hashlib.sha256()
        for part in _canonical(pa.concat_arrays(column.chunks or [pa.array([], column.type)])):
            hash_.update(part)
        digests[name] = hash_.hexdigest()
    return digests


def _canonical(array: pa.Array) -> Iterator[bytes | memoryview]:
    """Give an array as bytes: how many, which of them are there, their kind, and those there."""
    import pyarrow.compute as pc  # a tenth of the start of a command that only reads

    kind = array.type
    yield len(array).to_bytes(8, "little")
    if array.null_count:
        yield np.packbits(array.is_valid().to_numpy(zero_copy_only=False)).data
        array = array.drop_null()
    if any(is_list(kind) for is_list in _LISTS):
        yield b"list"
        yield from _numbers(pc.list_value_length(array).cast(pa.int64()))
        yield from _canonical(array.flatten())
    elif any(is_text(kind) for is_text in (*_TEXTS, *_BINARIES)):
        yield b"text" if any(is_text(kind) for is_text in _TEXTS) else b"binary"
        plain = array.cast(pa.large_binary())
        yield from _numbers(pc.binary_length(plain))
        yield from _data_of(plain)
    elif pa.types.is_boolean(kind):
        yield b"bool"
        yield np.packbits(array.to_numpy(zero_copy_only=False)).data
    elif pa.types.is_primitive(kind):
        yield str(kind).encode()
        yield from _numbers(array)
    else:  # what only marts have: decimals, structs
        yield str(kind).encode()
        yield to_json(array.to_pylist(), sort_keys=True, default=str).encode()


def _numbers(array: pa.Array) -> Iterator[memoryview]:
    """Give the bytes of numbers, none of which is null."""
    data, width = array.buffers()[1], array.type.bit_width // 8
    if data is not None:
        yield memoryview(data)[array.offset * width : (array.offset + len(array)) * width]


def _data_of(array: pa.LargeBinaryArray) -> Iterator[memoryview]:
    """Give the bytes of texts, one after the other."""
    _, offsets, data = array.buffers()
    if data is not None and len(array):
        bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
        yield memoryview(data)[bounds[0] : bounds[-1]]


_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BINARIES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
