"""Vectors that were made elsewhere: what each form of file gives, and a place to unpack them."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.labels import labels_of
from streetview_assets.files.reading import reading
from streetview_assets.points.imported.store_file import SUFFIXES as HDF5

KEY = "encoder.path"
ROWS_AT_ONCE = 4096
FORMS = (
    "an HDF5 store or features (.h5), Parquet, npz, a folder of clip-retrieval (img_emb, "
    "metadata), a folder of .pt files with its JSON, a folder of npz files with labels.csv, or a "
    "pickled data frame"
)

_NUMERIC = "fiu"


class Rows(Protocol):
    """A matrix (n, d), in memory or in a file, that gives some of its rows, which ascend."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many vectors there are, and how many numbers each has."""

    @property
    def dtype(self) -> np.dtype:
        """The number format in which they are kept."""

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Give the vectors (m, d) of rows, which ascend."""


@dataclass(frozen=True)
class VectorFile:
    """Vectors of a file or folder, and whose they are.

    Attributes
    ----------
    path
        The file or folder.
    names
        One row a vector, columns `NAMES` of `image_keys`.
    vectors
        In the order of `names`; read through `read`, which says what is wrong with the file.
    models
        What the file says of the model that made them, at a place or at several.
    files
        All that the vectors and names are read from.
    content
        Gives a sha256 of the vectors and of whose they are, where these are not all of `files`.
    is_repeatable
        Whether an image may have several vectors that are not the same; the first that has a
        direction is then taken.
    own_ids
        What the provider that reads the same file calls the panorama of each vector; None where
        `names` has that.
    """

    path: Path
    names: pl.DataFrame
    vectors: Rows
    models: Iterable[Any] = ()
    files: Sequence[Path] = ()
    content: Callable[[], str] | None = None
    is_repeatable: bool = False
    own_ids: pl.Series | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the vectors and of whose they are; it may take reading the whole file."""
        with reading_vectors(self.path):
            return self.content() if self.content else hash_of_files(self.files)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Give the vectors (m, d), float64, of rows, which ascend."""
        with reading_vectors(self.path):
            return self.vectors[rows].astype(np.float64)


def reading_vectors(path: Path) -> AbstractContextManager[None]:
    """Turn whatever a library raises on a file of vectors into an error with file and remedy."""
    return reading(f"{KEY}: {path}", "vectors", f"Give {FORMS}.")


def files_of_vectors(path: Path) -> list[Path]:
    """List all files that vectors and their names are read from, the named one first.

    That is a folder whole, labels beside features, `.pt` files beside the JSON that names them.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    suffix = path.suffix.lower()
    if suffix == ".json":
        return [path, *sorted(path.parent.rglob("*.pt"))]
    labels = labels_of(path) if suffix in HDF5 else []
    return [path, *(file for file in labels if file.is_file())]


def wrong(path: Path, what: str, key: str = KEY) -> StudyError:
    """Make the error that says what is wrong with a file of vectors.

    Parameters
    ----------
    path
        The file.
    what
        What is wrong, and the remedy.
    key
        The key of the study, or the option of the command, that names it.
    """
    return StudyError(f"{key}: {path}: {what}.")


def checked_matrix(array: np.ndarray, path: Path, place: str, key: str = KEY) -> np.ndarray:
    """Refuse an array that is no matrix of numbers, one row a vector.

    Parameters
    ----------
    array
        Whatever stands in the file, of any shape and type.
    path
        The file.
    place
        The place in it, for messages.
    key
        The key of the study, or the option of the command, that names the file.

    Raises
    ------
    StudyError
        With the place in the file, and the shape or type that is there.
    """
    if array.dtype.kind not in _NUMERIC:
        raise wrong(path, f"{place} is of type {array.dtype}; expected numbers", key)
    if array.ndim != 2 or array.shape[1] < 2:
        expected = "expected (n, d), one row a vector, d 2 or more"
        raise wrong(path, f"{place} has shape {array.shape}; {expected}", key)
    return array


def unpacked(pieces: Iterable[np.ndarray], path: Path) -> np.ndarray:
    """Lay matrices (n, d) under one another in a file without a name, mapped into memory.

    What is packed in rows or pages can so be read in any order, and never all at once.

    Raises
    ------
    StudyError
        Where there is not one vector.
    """
    dtype, dimension, count = np.dtype(np.float32), 0, 0
    with tempfile.TemporaryFile() as file:
        for piece in pieces:
            dtype, dimension = piece.dtype, piece.shape[1]
            file.write(np.ascontiguousarray(piece).data)
            count += len(piece)
        if not count:
            raise wrong(path, "there is not one vector in it")
        file.flush()
        return np.memmap(file, dtype=dtype, mode="r", shape=(count, dimension))


def is_finite(vectors: np.ndarray) -> np.ndarray:
    """Say which rows of a matrix are finite."""
    return np.asarray(np.isfinite(vectors).all(axis=1))


def has_direction(vectors: np.ndarray) -> np.ndarray:
    """Say which rows of a matrix are vectors: finite, and not zero."""
    return is_finite(vectors) & np.asarray(vectors.any(axis=1))


def hash_of_files(files: Iterable[Path]) -> str:
    """Hash the contents of files, one after another."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def one_model(told: Iterable[Any], path: Path) -> str | None:
    """Give the one model that a file names; None where it names none.

    Raises
    ------
    StudyError
        Where there are vectors of several models, which cannot be compared.
    """
    names = sorted({str(name).strip() for name in told if name is not None} - {""})
    if len(names) > 1:
        raise wrong(
            path,
            f"there are vectors of {len(names)} models ({', '.join(names[:3])}); write "
            "those of one to a file of their own",
        )
    return names[0] if names else None
