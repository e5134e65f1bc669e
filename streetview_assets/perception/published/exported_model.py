"""A model as percept-knn-model exports it: an npz file of vectors and scores by quality."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading, refuse_zip_bomb
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.perception.published.rated_images import RatedImages

SCORES, VECTORS = "_scores", "_vecs"
OPTION = "--import-model"

_REMEDY = "Give a file that --export wrote: arrays QUALITY_scores (n,) and QUALITY_vecs (n, d)."


@dataclass(frozen=True)
class Learned:
    """What is known of one quality.

    Attributes
    ----------
    quality
        What was rated.
    scores
        (n,), float64.
    vectors
        (n, d), float64.
    """

    quality: str
    scores: np.ndarray
    vectors: np.ndarray

    def rated(self) -> RatedImages:
        """Give it as rated images; the file names none, so equal vectors are one image."""
        whose = np.array([_hash_of(row) for row in self.vectors + 0.0], dtype=object)
        return RatedImages(self.quality, whose, np.arange(len(self.scores)), self.scores)


def write_model(path: Path, rated: Sequence[RatedImages], vectors: np.ndarray) -> None:
    """Write a model.

    Parameters
    ----------
    path
        The file; a name without `.npz` gets it, as from numpy.
    rated
        Images and scores of each quality.
    vectors
        (m, d), of which `rated.rows` are the images'.

    Raises
    ------
    StorageError
        Where the disk does not take it.
    """
    arrays: dict[str, Any] = {}
    for one in rated:
        arrays[f"{one.quality}{SCORES}"] = one.scores.astype(np.float64)
        arrays[f"{one.quality}{VECTORS}"] = vectors[one.rows].astype(np.float64)
    with written_aside(path, ".npz") as aside:
        np.savez_compressed(aside, **arrays)


def read_model(path: Path) -> list[Learned]:
    """Read a model; a quality without scores is left out.

    Parameters
    ----------
    path
        The npz file.

    Raises
    ------
    StudyError
        Where it is none, an array is not there, or they are not of one form and finite.
    """
    place = f"{OPTION}: {path}"
    with reading(place, "an npz file", _REMEDY):
        refuse_zip_bomb(path, place)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    names = [name.removesuffix(SCORES) for name in arrays if name.endswith(SCORES)]
    learned = [_learned(place, name, arrays) for name in names]
    learned = [one for one in learned if len(one.scores)]
    if not learned:
        raise StudyError(f"{place} has no score of any quality. {_REMEDY}")
    dimensions = {one.vectors.shape[1] for one in learned}
    if len(dimensions) > 1:
        raise StudyError(f"{place}: vectors are of {sorted(dimensions)} numbers. {_REMEDY}")
    return learned


def _hash_of(vector: np.ndarray) -> str:
    return hashlib.blake2b(vector.tobytes(), digest_size=16).hexdigest()


def _learned(place: str, quality: str, arrays: dict[str, np.ndarray]) -> Learned:
    scores, vectors = arrays[f"{quality}{SCORES}"], arrays.get(f"{quality}{VECTORS}")
    if vectors is None:
        raise StudyError(f"{place}: there is no {quality}{VECTORS}. {_REMEDY}")
    is_empty = scores.shape == (0,) and len(vectors) == 0
    is_matrix = vectors.ndim == 2 and scores.shape == (len(vectors),)
    if not (is_empty or is_matrix) or {scores.dtype.kind, vectors.dtype.kind} - set("fiu"):
        raise StudyError(
            f"{place}: {quality}{SCORES} is {scores.dtype}{scores.shape}, {quality}{VECTORS} is "
            f"{vectors.dtype}{vectors.shape}. {_REMEDY}"
        )
    exact = [array.astype(np.float64) for array in (scores, vectors)]
    if not all(np.isfinite(array).all() for array in exact):
        raise StudyError(f"{place}: {quality} has numbers that are not finite. {_REMEDY}")
    return Learned(quality, *exact)
