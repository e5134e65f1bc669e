"""Vectors made elsewhere in an npz file: an array of vectors, and arrays of their names."""

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.image_keys import found_columns, read_names
from streetview_assets.embeddings.encoders.imported.vector_file import (
    KEY,
    VectorFile,
    checked_matrix,
    wrong,
)
from streetview_assets.files.reading import reading, refuse_zip_bomb
from streetview_assets.text.counted import counted

SUFFIXES = (".npz",)
VECTOR_ARRAYS = ("embeddings", "embedding", "vectors", "vector", "features", "vecs", "img_emb")
MODEL_ARRAYS = ("model", "model_name", "encoder")

_SUFFIX = ".npy"


def open_npz(path: Path) -> VectorFile:
    """Open an npz file; its vectors are unpacked beside it in no file of a name, and mapped.

    Raises
    ------
    StudyError
        Where it has no array of vectors or of names, they are not of one length, or an array
        holds Python objects, which are never loaded.
    """
    refuse_zip_bomb(path, f"{KEY}: {path}")
    with zipfile.ZipFile(path) as archive:
        arrays = {
            name.removesuffix(_SUFFIX): _unpacked_array(archive, name, path)
            for name in archive.namelist()
            if name.endswith(_SUFFIX)
        }
    vectors = _vectors(arrays, path)
    count = len(vectors)
    columns = {
        meaning: _series(arrays[name], name, count, path)
        for meaning, name in found_columns(list(arrays)).items()
    }
    models = [arrays[name].ravel()[0] for name in MODEL_ARRAYS if name in arrays][:1]
    return VectorFile(path, read_names(columns, path), vectors, models=models, files=[path])


def _unpacked_array(archive: zipfile.ZipFile, name: str, path: Path) -> np.ndarray:
    """Unpack one array into a file without a name, and map it into memory."""
    with archive.open(name) as packed, tempfile.TemporaryFile() as file:
        shape, is_by_columns, dtype = _header(packed, name, path)
        shutil.copyfileobj(packed, file)
        file.flush()
        if file.tell() != dtype.itemsize * int(np.prod(shape)):
            raise wrong(path, f"array {name!r} is cut short")
        if not file.tell():
            return np.empty(shape, dtype)
        flat: np.ndarray = np.memmap(file, dtype=dtype, mode="r")
        return flat.reshape(shape, order="F" if is_by_columns else "C")


def _header(packed: IO[bytes], name: str, path: Path) -> tuple[tuple[int, ...], bool, np.dtype]:
    with reading(f"{KEY}: {path}: array {name!r}", "npy", "Write it again by np.savez."):
        version = np.lib.format.read_magic(packed)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, is_by_columns, dtype = read(packed)
    if dtype.hasobject:
        raise wrong(
            path,
            f"array {name!r} holds Python objects, which are not loaded, since they can run code; "
            "save texts as np.array(names, dtype=str)",
        )
    return shape, is_by_columns, dtype


def _vectors(arrays: Mapping[str, np.ndarray], path: Path) -> np.ndarray:
    """Find the array of vectors: the usual name, or the only matrix of numbers."""
    matrices = [name for name, array in arrays.items() if array.ndim == 2]
    usual = [name for name in VECTOR_ARRAYS if name in arrays]
    found = usual or matrices
    if not usual and len(matrices) != 1:
        there = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "none"
        raise wrong(
            path,
            f"no array is plainly that of the vectors; name it `embeddings`, of shape (n, d). "
            f"There are: {there}",
        )
    vectors = checked_matrix(arrays[found[0]], path, f"array {found[0]!r}")
    if not len(vectors):
        raise wrong(path, "there is not one vector in it")
    return vectors


def _series(values: np.ndarray, name: str, count: int, path: Path) -> pl.Series:
    """Make a column of an array, one value a vector."""
    if values.shape != (count,):
        raise wrong(
            path,
            f"array {name!r} has shape {values.shape}; expected ({count},), one for each of the "
            f"{counted(count, 'vector')}",
        )
    if values.dtype.kind == "S":
        return pl.Series(name, [value.decode() for value in values.tolist()], dtype=pl.String)
    if values.dtype.kind in "UM":
        return pl.Series(name, values.astype(str).tolist(), dtype=pl.String)
    return pl.Series(name, np.array(values))
