"""Vectors in the layout of clip-retrieval: read with the names they came with, and written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from streetview_assets.embeddings.encoders.imported.clip_retrieval import (
    METADATA,
    VECTORS,
    mapped_shards,
)
from streetview_assets.embeddings.encoders.imported.parquet import readable_parquet
from streetview_assets.files.reading import reading
from streetview_assets.lake.atomic_write import written_aside

TEXTS = "text_emb"
ROWS_AT_ONCE = 4096
COLUMN_OF = {VECTORS: "image_path", TEXTS: "caption"}


@dataclass(frozen=True)
class NamedVectors:
    """Vectors, and what each was made of.

    Attributes
    ----------
    names
        (n,) paths of images, or captions.
    vectors
        (n, d), as they came.
    """

    names: list[str]
    vectors: np.ndarray


def read_vectors(folder: Path, option: str, kind: str = VECTORS) -> NamedVectors:
    """Read vectors of all shards, in the order of their metadata.

    Parameters
    ----------
    folder
        With `img_emb` or `text_emb`, and `metadata`, whose first column has the names.
    option
        The option of the command that names it, for messages.
    kind
        `img_emb` or `text_emb`.

    Raises
    ------
    StudyError
        Where a shard lacks its other half, they differ in length, or are not readable.
    """
    shards, vectors = mapped_shards(folder, kind, option)
    names: list[str] = []
    for _, metadata in shards:
        with (
            reading(f"{option}: {metadata}", "Parquet"),
            readable_parquet(metadata, option) as file,
        ):
            column = file.read(columns=file.schema_arrow.names[:1]).column(0)
            names += [str(name) for name in column.to_pylist()]
    with reading(f"{option}: {folder}", "vectors"):
        return NamedVectors(names, vectors[np.arange(len(names))])


def write_shard(folder: Path, number: int, kind: str, named: NamedVectors, **more: list) -> None:
    """Write a shard, its metadata last: a shard without is none.

    Parameters
    ----------
    folder
        Where; it is made.
    number
        Of the shard.
    kind
        `img_emb` or `text_emb`.
    named
        The vectors and their names.
    **more
        Further columns of the metadata.
    """
    with written_aside(folder / kind / f"{kind}_{number}.npy", ".npy") as aside:
        np.save(aside, named.vectors)
    columns = {COLUMN_OF[kind]: named.names, **more}
    with written_aside(folder / METADATA / f"{METADATA}_{number}.parquet") as aside:
        pq.write_table(pl.DataFrame(columns).to_arrow(compat_level=pl.CompatLevel.oldest()), aside)


def file_name(path: str) -> str:
    """Give the name by which the image is known: what stands behind the last slash."""
    return path.rpartition("/")[2]


def lengths_of(vectors: np.ndarray) -> np.ndarray:
    """Give the lengths of the rows of a matrix (n, d), float64, a block of rows at a time."""
    blocks = range(0, len(vectors), ROWS_AT_ONCE)
    parts = [
        np.linalg.norm(vectors[start : start + ROWS_AT_ONCE].astype(np.float64), axis=1)
        for start in blocks
    ]
    return np.concatenate([np.empty(0), *parts])


def without_direction(vectors: np.ndarray) -> Sequence[int]:
    """List the rows of a matrix that are zero or not finite, which are like nothing."""
    lengths = lengths_of(vectors)
    return np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0))).tolist()
