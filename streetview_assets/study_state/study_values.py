"""Values of a study file as plain data: as they were given, or as what they come to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from streetview_assets.embeddings.encoders.imported.vector_file import files_of_vectors
from streetview_assets.files.labels import HDF5
from streetview_assets.study.study_file import Study


def study_value(study: Study, key: str, content_hash: Callable[[Path], str]) -> Any:
    """Read a dotted key of the study as plain data, with the content of files for their paths.

    Parameters
    ----------
    study
        The study file, read.
    key
        Such as `clusters.k`, or a whole part: `points`.
    content_hash
        Gives the hash of a file's content.
    """
    if key == "encoder.path" and study.encoder.path is not None:
        return _vectors(study.encoder.path, content_hash)
    value: Any = study
    for part in key.split("."):
        value = getattr(value, part)
    return _plain(value, content_hash)


def _vectors(path: Path, content_hash: Callable[[Path], str]) -> Any:
    """Hash vectors or a store, with what lies beside the file and says whose they are."""
    hashes = [content_hash(path)]
    if path.is_file():
        hashes += [content_hash(file) for file in files_of_vectors(path) if file != path]
    return hashes if len(hashes) > 1 else hashes[0]


def _plain(value: Any, content_hash: Callable[[Path], str]) -> Any:
    if isinstance(value, Path):
        return _vectors(value, content_hash) if value.suffix in HDF5 else content_hash(value)
    if isinstance(value, BaseModel):
        return {
            name: _plain(getattr(value, name), content_hash) for name in type(value).model_fields
        }
    if isinstance(value, (tuple, list)):
        return [_plain(item, content_hash) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, content_hash) for key, item in value.items()}
    return value
