"""Vectors made elsewhere in a store of street data (HDF5): by point and slot."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.image_keys import NAMES
from streetview_assets.embeddings.encoders.imported.vector_file import KEY, VectorFile, wrong
from streetview_assets.points.imported.store_file import VECTORS, opened, text_of
from streetview_assets.points.imported.street_data import StreetData, read_street_data

if TYPE_CHECKING:
    import h5py

MODEL_ATTRIBUTES = ("model", "model_name", "encoder", "clip_model")

_POINTS_AT_ONCE = 64
_WORTH_A_BLOCK = 16
_POINTS_HASHED_AT_ONCE = 1024


def open_store(path: Path) -> VectorFile:
    """Open a store; a slot's image is known by panorama, month and heading.

    Rows of one panorama stand in for each other, since points may share it.

    Raises
    ------
    StudyError
        Where it is of another form, or has no vectors.
    """
    store = read_street_data(path, KEY)
    if store.dimension is None:
        raise wrong(
            path,
            f"there is no data set {VECTORS!r}; expected the vectors, points × slots × dimension, "
            "float32",
        )
    with opened(path, KEY) as file:
        vectors = Slots(path, VECTORS, file[VECTORS].shape, file[VECTORS].dtype)
        models = told_models(file, VECTORS)
    return VectorFile(
        path=path,
        names=_names(store),
        vectors=vectors,
        models=models,
        content=partial(_content, store, vectors),
        is_repeatable=True,
    )


def told_models(file: "h5py.File", vectors: str) -> list[str]:
    """Read which model the vectors of a store are of, where its attributes say so.

    Parameters
    ----------
    file
        The store, open.
    vectors
        Name of the data set, whose attributes go before those of the file.
    """
    attributes = {**dict(file.attrs), **dict(file[vectors].attrs)}
    told = [text_of(attributes[name]) for name in MODEL_ATTRIBUTES if name in attributes]
    return [name for name in told if name][:1]


@dataclass(frozen=True)
class Slots:
    """Vectors of a store by slot, numbered through from point to point; in the file until asked.

    Attributes
    ----------
    path
        The store, an HDF5 file.
    name
        Of the data set.
    stored_shape
        Points × slots × dimension.
    dtype
        Number format in which they are kept.
    """

    path: Path
    name: str
    stored_shape: tuple[int, int, int]
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """How many slots there are, and how many numbers each has."""
        count, slots, dimension = self.stored_shape
        return count * slots, dimension

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Read the vectors of slots, which ascend: of many in a block of points, all its points."""
        slots = self.stored_shape[1]
        found = np.empty((len(rows), self.stored_shape[2]), self.dtype)
        starts = np.flatnonzero(np.diff(rows // (slots * _POINTS_AT_ONCE), prepend=-1))
        with opened(self.path, KEY) as file:
            stored = file[self.name]
            for start, end in zip(starts, [*starts[1:], len(rows)][: len(starts)], strict=True):
                points, slot = np.divmod(rows[start:end], slots)
                if end - start < _WORTH_A_BLOCK:
                    for number, (row, column) in enumerate(
                        zip(points, slot, strict=True), int(start)
                    ):
                        found[number] = stored[row, column]
                else:
                    several = stored[points[0] : points[-1] + 1]
                    found[start:end] = several[points - points[0], slot]
        return found

    def sha256(self) -> str:
        """Hash the vectors, not what else is in the file."""
        digest = hashlib.sha256()
        with opened(self.path, KEY) as file:
            stored = file[self.name]
            for start in range(0, stored.shape[0], _POINTS_HASHED_AT_ONCE):
                digest.update(stored[start : start + _POINTS_HASHED_AT_ONCE].tobytes())
        return digest.hexdigest()


def _names(store: StreetData) -> pl.DataFrame:
    count, slots = store.headings_deg.shape
    point = np.repeat(np.arange(count), slots)
    names = store.points.select("panorama_id", "captured_on")[point].with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        heading_deg=store.headings_deg.ravel(),
    )
    return names.match_to_schema(NAMES, missing_columns="insert")


def _content(store: StreetData, vectors: Slots) -> str:
    places = store.points.select("panorama_id", "captured_on").write_csv()
    known = f"{vectors.sha256()}\n{places}".encode() + store.headings_deg.tobytes()
    return hashlib.sha256(known).hexdigest()
