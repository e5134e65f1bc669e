"""The encoder `import`: vectors that were made elsewhere, taken from a file instead of pixels."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.base import EncoderIdentity
from streetview_assets.embeddings.encoders.imported import (
    clip_retrieval,
    features_h5,
    npz,
    parquet,
    street_data_h5,
    torch_folder,
)
from streetview_assets.embeddings.encoders.imported.image_keys import kind_of
from streetview_assets.embeddings.encoders.imported.matching import (
    match_images,
    refuse_different,
    rows_of_files,
)
from streetview_assets.embeddings.encoders.imported.vector_file import (
    FORMS,
    KEY,
    VectorFile,
    files_of_vectors,
    has_direction,
    is_finite,
    one_model,
    reading_vectors,
    wrong,
)
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.errors import StudyError
from streetview_assets.files.file_state import FileState, file_state
from streetview_assets.images.providers.own_images import OwnImagesProvider
from streetview_assets.images.providers.registry import provider_class
from streetview_assets.points.imported.location_features import is_location_features
from streetview_assets.points.imported.store_file import SUFFIXES as HDF5
from streetview_assets.study.images import Images

if TYPE_CHECKING:
    from streetview_assets.study.embeddings import Encoder

NOT_FINITE = "there is no vector for this image: what stands in its place is not finite"
ZERO = "there is no vector for this image: what stands in its place is zero"
_PRECISIONS = {"float64": "fp64", "float32": "fp32", "float16": "fp16"}
_DIGITS = 16
_KEY_OF_A_PLACE = ("point_id", "captured_on", "heading_deg")


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

    def of_provider(self, store: Path | None) -> "ImportedVectors":
        """Name the images as a provider does that may read the same file.

        Parameters
        ----------
        store
            What it reads; of another, images are known by their places.

        Raises
        ------
        StudyError
            Where two vectors that are not the same would be of one place.
        """
        if self.file.own_ids is None:
            return self
        if store != self.file.path:
            refuse_different(self.file, self.file.names, [*_KEY_OF_A_PLACE])
            return self
        names = self.file.names.with_columns(panorama_id=self.file.own_ids)
        return replace(self, file=replace(self.file, names=names))

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
        stored = self.file.read(rows)
        is_number, is_vector = is_finite(stored), has_direction(stored)
        asked = found["asked"].to_numpy()
        for faults, error in ((~is_number, NOT_FINITE), (is_number & ~is_vector, ZERO)):
            errors[asked[faults[place]]] = error
        # The first of several for one image that is a vector.
        good = np.flatnonzero(is_vector[place])
        chosen, first = np.unique(asked[good], return_index=True)
        errors[chosen] = None
        picked = np.full(images.height, None, dtype=object)
        picked[chosen] = place[good[first]]
        matrix = unit(np.where(is_vector[:, None], stored, 0))
        embedding = vector_series("embedding", matrix).gather(
            pl.Series(picked.tolist(), dtype=pl.UInt32)
        )
        return pl.DataFrame([embedding, pl.Series("error", errors.tolist(), dtype=pl.String)])


def load(settings: "Encoder") -> ImportedVectors:
    """Open the vectors that a study names.

    Raises
    ------
    StudyError
        Where they are of another form, or cannot be told apart.
    """
    file = check(settings)
    identity = EncoderIdentity(
        encoder=settings.slug,
        library="import",
        model=one_model(file.models, file.path) or file.path.name,
        weights_sha256=None,
        preprocessing=f"made elsewhere: {file.path.name}, sha256 {file.sha256[:_DIGITS]}",
        precision=_PRECISIONS.get(file.vectors.dtype.name, file.vectors.dtype.name),
        dimension=file.vectors.shape[1],
    )
    return ImportedVectors(identity, file)


def check(settings: "Encoder") -> VectorFile:
    """Open vectors, or refuse those that cannot be used.

    Raises
    ------
    StudyError
        Where they are of another form, cannot be told apart, or a setting would not be heeded.
    """
    path = settings.path
    if path is None:
        raise StudyError(f"{KEY}: encoder import needs the file with the vectors.")
    unset = type(settings)(name="import", path=path)
    for key in ("checkpoint", "options", "precision", "fit"):
        if getattr(settings, key) != getattr(unset, key):
            raise StudyError(f"encoder.{key}: import computes nothing; leave it out.")
    state = tuple((str(file), file_state(file)) for file in files_of_vectors(path))
    return _opened(path, state)


@lru_cache(maxsize=2)
def _opened(path: Path, state: tuple[tuple[str, FileState], ...]) -> VectorFile:
    """Open each file once; its state is there so that one that changed is read anew."""
    with reading_vectors(path):
        file = _form(path)(path)
        if not file.is_repeatable and file.own_ids is None:
            kind = kind_of(file.names)
            of_view = [] if kind in ("image_id", "file") else ["captured_on", "heading_deg"]
            refuse_different(file, file.names, [str(kind), *of_view])
        one_model(file.models, path)
    return file


def _form(path: Path) -> Callable[[Path], VectorFile]:
    """Choose how a path is opened, by its ending or by what is in the folder."""
    if path.is_dir():
        if (path / clip_retrieval.VECTORS).is_dir():
            return clip_retrieval.open_clip_retrieval
        if any(path.rglob(f"*{torch_folder.SUFFIX}")):
            return torch_folder.open_torch_folder
        if is_location_features(path, KEY):
            return features_h5.open_features
        raise wrong(path, f"nothing in this folder is known as vectors; give {FORMS}")
    suffix = path.suffix.lower()
    if suffix in HDF5:
        is_features = is_location_features(path, KEY)
        return features_h5.open_features if is_features else street_data_h5.open_store
    if suffix not in _BY_SUFFIX:
        kind = repr(suffix or "(no suffix)")
        raise wrong(path, f"files of kind {kind} are not read as vectors; give {FORMS}")
    return _BY_SUFFIX[suffix]


_BY_SUFFIX = {
    **dict.fromkeys(parquet.SUFFIXES, parquet.open_parquet),
    **dict.fromkeys(parquet.PICKLES, parquet.open_pickle),
    **dict.fromkeys(npz.SUFFIXES, npz.open_npz),
    ".json": torch_folder.open_torch_folder,
}


def with_original_files(
    vectors: ImportedVectors, images: pl.DataFrame, wishes: Images
) -> ImportedVectors:
    """Tell vectors what the files of images are called, and by what images are known.

    Features of locations are known by the locations' ids to the provider that reads the same file,
    and by their places to any other.

    Images of a folder are called as they are there, those of a store as it says (`image_paths`).
    Images of other providers are known by the files in which this program keeps them.

    Parameters
    ----------
    vectors
        The file; one whose vectors are named by anything but files stays as it is.
    images
        Rows of the table `images`.
    wishes
        The study's part that names the provider.
    """
    vectors = vectors.of_provider(wishes.path)
    provider = provider_class(wishes.provider)
    if not vectors.is_named_by_files or not issubclass(provider, OwnImagesProvider):
        return vectors
    own = provider(wishes)
    return vectors.with_files(own.names_of_files(), own.files_of(images))
