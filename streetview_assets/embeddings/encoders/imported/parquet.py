"""Vectors made elsewhere in a Parquet file: one column of vectors, or one column a number."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from streetview_assets.embeddings.encoders.imported.image_keys import found_columns, read_names
from streetview_assets.embeddings.encoders.imported.vector_file import (
    KEY,
    ROWS_AT_ONCE,
    VectorFile,
    checked_matrix,
    unpacked,
    wrong,
)
from streetview_assets.files import pickled
from streetview_assets.files.reading import reading, refuse_parquet_bomb
from streetview_assets.text.counted import counted

SUFFIXES = (".parquet", ".pq")
PICKLES = pickled.SUFFIXES
VECTOR_COLUMNS = ("embedding", "embeddings", "vector", "vectors", "features", "image_embedding")
MODEL_COLUMNS = ("encoder", "model", "model_name")

_BYTES_AT_ONCE = 2**20
_NUMBERED = re.compile(r"(.*?)(\d+)")


def open_parquet(path: Path) -> VectorFile:
    """Open a Parquet file of vectors; names and vectors are read by columns.

    Raises
    ------
    StudyError
        Where no column holds vectors or names, or vectors are not of one length.
    """
    with readable_parquet(path) as file:
        schema = file.schema_arrow
        columns = _vector_columns(schema, path)
        matrix = unpacked(_matrices(file, columns, path), path)
        names = read_names(name_columns(file), path)
        return VectorFile(path, names, matrix, models=_models(file), files=[path])


def open_pickle(path: Path) -> VectorFile:
    """Open a pickled data frame of vectors, which a process apart moves to Parquet.

    Raises
    ------
    StudyError
        Where it holds more than data, or as `open_parquet`.
    """
    with pickled.as_parquet(path, f"{KEY}: {path}") as parquet:
        return replace(open_parquet(parquet), path=path, files=[path])


def readable_parquet(path: Path, key: str = KEY) -> pq.ParquetFile:
    """Open a Parquet file.

    Parameters
    ----------
    path
        The file.
    key
        The key of the study, or the option of the command, that names it.

    Raises
    ------
    StudyError
        Where it is none, or is cut short.
    """
    place = f"{key}: {path}"
    with reading(place, "Parquet"):
        refuse_parquet_bomb(path, 1, place)
        return pq.ParquetFile(path, pre_buffer=False, buffer_size=_BYTES_AT_ONCE)


def name_columns(file: pq.ParquetFile) -> dict[str, pl.Series]:
    """Read the columns that say whose the vectors are, by meaning."""
    found = found_columns(file.schema_arrow.names)
    table = file.read(columns=sorted(set(found.values())))
    return {meaning: pl.Series(pl.from_arrow(table[name])) for meaning, name in found.items()}


def _vector_columns(schema: pa.Schema, path: Path) -> list[str]:
    """Find the column of vectors, or the columns of their numbers in the order of these."""
    lists = [field.name for field in schema if _is_list_of_numbers(field.type)]
    if len(lists) > 1:
        usual = [name for name in lists if name.lower() in VECTOR_COLUMNS]
        if len(usual) != 1:
            raise wrong(
                path,
                f"several columns hold vectors: {', '.join(lists)}; leave one of them, or name it "
                "`embedding`",
            )
        return usual
    if lists:
        return lists
    groups: dict[str, list[tuple[int, str]]] = {}
    for field in schema:
        numbered = _NUMBERED.fullmatch(field.name)
        if numbered and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
            groups.setdefault(numbered[1], []).append((int(numbered[2]), field.name))
    largest = sorted(max(groups.values(), key=lambda group: len(list(group)), default=[]))
    if len(largest) < 2:
        raise wrong(
            path,
            "no column holds vectors; expected a column of lists of numbers (`embedding`), or "
            f"numbered columns (0, 1, 2, … or dim_0, dim_1, …). There are: "
            f"{', '.join(schema.names)}",
        )
    return [name for _, name in largest]


def _is_list_of_numbers(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not (is_list or pa.types.is_fixed_size_list(kind)):
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _matrices(file: pq.ParquetFile, columns: list[str], path: Path) -> Iterator[np.ndarray]:
    """Read the vectors piece by piece; a row without a vector is NaN."""
    start, dimension, dtype = 0, None, None
    for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns):
        if len(columns) > 1:
            piece = np.column_stack(
                [batch.column(name).to_numpy(zero_copy_only=False) for name in columns]
            )
        else:
            piece, dimension = _listed(batch.column(0), start, dimension, path)
        dtype = dtype or (piece.dtype if piece.dtype.kind == "f" else np.dtype(np.float64))
        start += len(piece)
        if piece.size:
            yield checked_matrix(piece.astype(dtype, copy=False), path, _places(columns))


def _places(columns: list[str]) -> str:
    return f"column {columns[0]!r}" if len(columns) == 1 else f"{columns[0]!r} to {columns[-1]!r}"


def _listed(
    column: pa.Array, start: int, dimension: int | None, path: Path
) -> tuple[np.ndarray, int | None]:
    """Make a matrix of a column of lists, held against the length of those before."""
    if pa.types.is_fixed_size_list(column.type):
        column = column.cast(pa.list_(column.type.value_type))
    is_there = column.is_valid().to_numpy(zero_copy_only=False)
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    if dimension is None and is_there.any():
        dimension = int(lengths[is_there][0])
    odd = np.flatnonzero(is_there & (lengths != dimension))
    if len(odd):
        raise wrong(
            path,
            f"the vector in row {start + odd[0]} has {counted(int(lengths[odd[0]]), 'number')}, "
            f"those before have {dimension}; vectors of one model are of one length",
        )
    if dimension is None:
        raise wrong(path, f"no vector in the first {counted(len(column), 'row')}")
    flat = column.flatten().to_numpy(zero_copy_only=False)
    kind = flat.dtype if flat.dtype.kind == "f" else np.dtype(np.float64)
    matrix = np.full((len(column), dimension), np.nan, dtype=kind)
    matrix[is_there] = flat.reshape(-1, dimension)
    return matrix, dimension


def _models(file: pq.ParquetFile) -> list[Any]:
    about = file.schema_arrow.metadata or {}
    there = [name for name in MODEL_COLUMNS if name in file.schema_arrow.names]
    if there:
        return list(pc.unique(file.read(columns=there[:1]).column(0)).to_pylist())
    return [about[name.encode()].decode() for name in MODEL_COLUMNS if name.encode() in about]
