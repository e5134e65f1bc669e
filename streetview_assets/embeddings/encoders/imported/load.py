"""The encoder `import`: vectors that were made elsewhere, taken from a file instead of pixels."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.base import EncoderIdentity
from streetview_assets.embeddings.encoders.imported.duplicate_keys import refuse_different
from streetview_assets.embeddings.encoders.imported.image_keys import kind_of
from streetview_assets.embeddings.encoders.imported.matching import match_images, rows_of_files
from streetview_assets.embeddings.encoders.imported.vector_file import (
    KEY,
    VectorFile,
    files_of_vectors,
    has_direction,
    is_finite,
    wrong,
)
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.errors import StudyError
from streetview_assets.files.file_state import FileState, file_state
from streetview_assets.files.reading import reading
from streetview_assets.points.imported.store_file import SUFFIXES as HDF5

if TYPE_CHECKING:
    from streetview_assets.study.embeddings import Encoder

NOT_FINITE = "there is no vector for this image: what stands in its place is not finite"
ZERO = "there is no vector for this image: what stands in its place is zero"
FORMS = (
    "an HDF5 store or features (.h5), Parquet, npz, a folder of clip-retrieval (img_emb, "
    "metadata), or a folder of .pt files with its JSON"
)
PER_SHARD = 4096

State = tuple[tuple[str, FileState], ...]
"""Name, size and time of change of files."""

_PRECISIONS = {"float64": "fp64", "float32": "fp32", "float16": "fp16"}
_DIGITS = 16


@dataclass(frozen=True)
class ImportedVectors:
    """Vectors of a file in the place of an encoder: nothing is computed.

    Attributes
    ----------
    identity
        What the file says of the model, and a hash of the vectors and of whose they are.
    file
        The vectors and their names.
    files
        Of vectors that are named by files, those of images: image_id, row.
    """

    identity: EncoderIdentity
    file: VectorFile
    files: pl.DataFrame | None = None

    @property
    def is_named_by_files(self) -> bool:
        """Whether the vectors name their images by files."""
        return kind_of(self.file.names) == "file"

    def with_files(self, there: Iterable[str], called: pl.DataFrame) -> "ImportedVectors":
        """Tell what the files of images are called where the images come from.

        Parameters
        ----------
        there
            All files there are.
        called
            image_id, file; an image may have several.

        Raises
        ------
        StudyError
            Where two vectors that are not the same would be of one file.
        """
        rows = rows_of_files(self.file.names, there)
        if not self.file.is_repeatable:
            refuse_different(self.file, rows, ["file"])
        return replace(self, files=called.join(rows, on="file").select("image_id", "row"))

    def vectors(self, images: pl.DataFrame) -> pl.DataFrame:
        """Look images up.

        Parameters
        ----------
        images
            Rows of the table `images`.

        Returns
        -------
        pl.DataFrame
            `embedding`, of unit length, and `error`, one of them null, in the order of `images`.
        """
        found, missing = match_images(images, self.file.names, self.files)
        errors = np.full(images.height, None, dtype=object)
        errors[missing["asked"].to_numpy()] = missing["error"].to_numpy()
        rows, place = np.unique(found["row"].to_numpy(), return_inverse=True)
        stored = self.file.read(rows).astype(np.float64)
        is_number, is_vector = is_finite(stored), has_direction(stored)
        asked = found["asked"].to_numpy()
        for faults, error in ((~is_number, NOT_FINITE), (is_number & ~is_vector, ZERO)):
            errors[asked[faults[place]]] = error
        # The first of several for one image that is a vector.
        good = np.flatnonzero(is_vector[place])
        chosen, first = np.unique(asked[good], return_index=True)
        errors[chosen] = None
        picked: list[int | None] = [None] * images.height
        for number, at in zip(chosen, place[good[first]], strict=True):
            picked[number] = int(at)
        matrix = unit(np.where(is_vector[:, None], stored, 0))
        embedding = vector_series("embedding", matrix).gather(pl.Series(picked, dtype=pl.UInt32))
        return pl.DataFrame([embedding, pl.Series("error", errors.tolist(), dtype=pl.String)])


def load_imported(settings: "Encoder") -> ImportedVectors:
    """Open the vectors that a study names.

    Raises
    ------
    StudyError
        Where they are of another form, or cannot be told apart.
    """
    file = _checked(settings)
    content = _content(file.path, _state(file.path))[:_DIGITS]
    identity = EncoderIdentity(
        encoder=settings.slug,
        library="import",
        model=file.model or file.path.name,
        weights_sha256=None,
        preprocessing=f"made elsewhere: {file.path.name}, sha256 {content}",
        precision=_PRECISIONS.get(file.dtype, file.dtype),
        dimension=file.dimension,
    )
    return ImportedVectors(identity, file)


def check_imported(settings: "Encoder") -> None:
    """Refuse vectors that cannot be used."""
    _checked(settings)


def imported_embeddings(
    vectors: ImportedVectors,
    images: pl.DataFrame,
    *,
    authority_code: str,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[pl.DataFrame]:
    """Take the vectors of images from a file, shard by shard.

    Parameters
    ----------
    vectors
        The file, matched by id, file or place.
    images
        Rows of the table `images`.
    authority_code
        Code of the authority whose images they are: the column of that name.
    on_progress
        Told how many images are done, and of how many.

    Yields
    ------
    pl.DataFrame
        Rows of the table `image_embeddings`, in the order of `images`; an image that the file
        has no vector for is a row `failed` with its reason.
    """
    for start in range(0, images.height, PER_SHARD):
        asked = images.slice(start, PER_SHARD)
        found = vectors.vectors(asked)
        if on_progress:
            on_progress(start + asked.height, images.height)
        is_there = pl.col("error").is_null()
        yield found.select(
            pl.lit(authority_code).alias("authority_code"),
            asked["image_id"],
            pl.lit(vectors.identity.encoder).alias("encoder"),
            pl.when(is_there).then(pl.lit("ok")).otherwise(pl.lit("failed")).alias("status"),
            "embedding",
            "error",
            asked["sha256"].alias("image_sha256"),
        )


def _checked(settings: "Encoder") -> VectorFile:
    path = settings.path
    if path is None:
        raise StudyError(f"{KEY}: encoder import needs the file with the vectors.")
    for key in ("checkpoint", "options"):
        if getattr(settings, key):
            raise StudyError(f"encoder.{key}: import computes nothing and takes no {key}.")
    for key, default in (("precision", "auto"), ("fit", "crop")):
        if getattr(settings, key) != default:
            raise StudyError(f"encoder.{key}: import computes nothing; leave it out.")
    return _opened(path, _state(path))


def _state(path: Path) -> State:
    """Tell files from what they were, by names and states."""
    return tuple((str(file), file_state(file)) for file in files_of_vectors(path))


@lru_cache(maxsize=2)
def _opened(path: Path, state: State) -> VectorFile:
    """Open each file once; its state is there so that one that changed is read anew."""
    with _reading(path):
        file = _form(path)(path)
        if not file.is_repeatable:
            kind = kind_of(file.names)
            of_view = [] if kind in ("image_id", "file") else ["captured_on", "heading_deg"]
            refuse_different(file, file.names, [str(kind), *of_view])
    return replace(file, read=partial(_read, path, file.read))


def _read(path: Path, read: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    with _reading(path):
        return read(rows)


def _reading(path: Path) -> AbstractContextManager[None]:
    return reading(f"{KEY}: {path}", "vectors", f"Give {FORMS}.")


@lru_cache(maxsize=8)
def _content(path: Path, state: State) -> str:
    file = _opened(path, state)
    with _reading(path):
        return file.content()


def _form(path: Path) -> Callable[[Path], VectorFile]:
    """Choose how a path is opened, by its ending or by what is in the folder."""
    from streetview_assets.embeddings.encoders.imported import (
        clip_retrieval as imported_clip_retrieval,
    )
    from streetview_assets.embeddings.encoders.imported import features_h5 as imported_features
    from streetview_assets.embeddings.encoders.imported import npz as imported_npz
    from streetview_assets.embeddings.encoders.imported import parquet as imported_parquet
    from streetview_assets.embeddings.encoders.imported import street_data_h5 as imported_store
    from streetview_assets.embeddings.encoders.imported import torch_folder as imported_torch

    suffix = path.suffix.lower()
    if path.is_dir():
        if (path / imported_clip_retrieval.VECTORS).is_dir():
            return imported_clip_retrieval.open_clip_retrieval
        if any(path.rglob(f"*{imported_torch.SUFFIX}")):
            return imported_torch.open_torch_folder
        raise wrong(path, f"nothing in this folder is known as vectors; give {FORMS}")
    if suffix in HDF5:
        is_features = imported_features.is_features(path)
        return imported_features.open_features if is_features else imported_store.open_store
    if suffix in imported_parquet.SUFFIXES:
        return imported_parquet.open_parquet
    if suffix in imported_npz.SUFFIXES:
        return imported_npz.open_npz
    if suffix == ".json":
        return imported_torch.open_torch_folder
    kind = repr(suffix or "(no suffix)")
    raise wrong(path, f"files of kind {kind} are not read as vectors; give {FORMS}")
