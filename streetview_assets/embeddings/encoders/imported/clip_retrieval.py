"""Vectors made elsewhere in the layout of clip-retrieval: shards of npy beside their metadata."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.image_keys import read_names
from streetview_assets.embeddings.encoders.imported.parquet import name_columns, readable_parquet
from streetview_assets.embeddings.encoders.imported.vector_file import (
    KEY,
    VectorFile,
    checked_matrix,
    wrong,
)
from streetview_assets.files.reading import reading
from streetview_assets.text.counted import counted

VECTORS, METADATA = "img_emb", "metadata"


@dataclass(frozen=True)
class Shards:
    """Matrices (m, d) under one another, each in a file of its own."""

    matrices: list[np.ndarray]

    @property
    def shape(self) -> tuple[int, int]:
        """How many vectors there are, and how many numbers each has."""
        return sum(map(len, self.matrices)), self.matrices[0].shape[1]

    @property
    def dtype(self) -> np.dtype:
        """The number format, the same in all."""
        return self.matrices[0].dtype

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Gather rows out of the shards that have them."""
        ends = np.cumsum([len(matrix) for matrix in self.matrices])
        pieces = np.split(rows, np.searchsorted(rows, ends[:-1]))
        starts = ends - [len(matrix) for matrix in self.matrices]
        found = zip(self.matrices, pieces, starts, strict=True)
        return np.concatenate([matrix[piece - start] for matrix, piece, start in found])


def open_clip_retrieval(path: Path) -> VectorFile:
    """Open a folder with `img_emb/img_emb_0.npy`, … and `metadata/metadata_0.parquet`, ….

    Shards follow each other by their numbers. Vectors are mapped into memory, not read.

    Raises
    ------
    StudyError
        Where a shard lacks its other half, or the two differ in length, or dimensions differ.
    """
    shards, vectors = mapped_shards(path)
    names = []
    for _, metadata in shards:
        with readable_parquet(metadata) as file:
            names.append(read_names(name_columns(file), metadata))
    whose = pl.concat(names).with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
    return VectorFile(path, whose, vectors, files=[file for pair in shards for file in pair])


def mapped_shards(
    path: Path, kind: str = VECTORS, key: str = KEY
) -> tuple[list[tuple[Path, Path]], Shards]:
    """Map the vectors of all shards of a folder into memory, by their numbers.

    Parameters
    ----------
    path
        The folder.
    kind
        The folder in it that has the vectors: `img_emb`, or `text_emb`.
    key
        The key of the study, or the option of the command, that names it.

    Returns
    -------
    tuple
        The files of vectors and of metadata of each shard, and the vectors.

    Raises
    ------
    StudyError
        Where a shard lacks its other half, or the two differ in length, or dimensions differ.
    """
    shards = _shards(path, kind, key)
    matrices = [_mapped(vectors, key) for vectors, _ in shards]
    for (vectors, metadata), matrix in zip(shards, matrices, strict=True):
        if (matrix.shape[1], matrix.dtype) != (matrices[0].shape[1], matrices[0].dtype):
            raise wrong(
                vectors,
                f"vectors are {counted(matrix.shape[1], 'number')} of {matrix.dtype}, those of "
                f"{shards[0][0].name} are {matrices[0].shape[1]} of {matrices[0].dtype}; give "
                "shards of one model",
                key,
            )
        with readable_parquet(metadata, key) as file:
            count = file.metadata.num_rows
        if count != len(matrix):
            raise wrong(
                metadata,
                f"{counted(count, 'row')} for the {counted(len(matrix), 'vector')} of "
                f"{vectors.name}; the two have to be "
                "of one run",
                key,
            )
    stacked = Shards(matrices)
    if not stacked.shape[0]:
        raise wrong(path, "there is not one vector in it", key)
    return shards, stacked


def _shards(folder: Path, kind: str, key: str) -> list[tuple[Path, Path]]:
    """List the shards by number; names of files sort 10 before 2."""
    found = {
        part: {
            int(named[1]): file
            for file in (folder / part).glob(f"{part}_*{suffix}")
            if (named := re.fullmatch(rf"{part}_(\d+){suffix}", file.name))
        }
        for part, suffix in ((kind, ".npy"), (METADATA, ".parquet"))
    }
    alone = sorted(found[kind].keys() ^ found[METADATA].keys())
    if alone:
        number = alone[0]
        there, absent = (kind, METADATA) if number in found[kind] else (METADATA, kind)
        what = f"there is no {absent} of shard {number} beside it; give both"
        raise wrong(found[there][number], what, key)
    if not found[kind]:
        what = f"there is no {kind}_0.npy; expected one file a shard"
        raise wrong(folder / kind, what, key)
    return [(found[kind][number], found[METADATA][number]) for number in sorted(found[kind])]


def _mapped(path: Path, key: str) -> np.ndarray:
    with reading(f"{key}: {path}", "npy"):
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return checked_matrix(array, path, "it", key)
