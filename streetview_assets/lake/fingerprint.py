"""Fingerprints: the one thing by which it is decided what is out of date.

A fingerprint covers the generation of the code, the study keys that are read, the content of the
source files they name and the fingerprints of the tables that are read; never a timestamp.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel

from streetview_assets.embeddings.vector_file import files_of_vectors
from streetview_assets.lake.lake import Lake, read_stamp
from streetview_assets.lake.recipes import Recipe
from streetview_assets.study import Study
from streetview_assets.tables import TABLES


def digest(value: Any) -> str:
    """Hash plain data, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def made_from(
    recipe: Recipe,
    study: Study,
    lake: Lake,
    content_hash: Callable[[Path], str],
    authority: str | None,
) -> str:
    """Fingerprint all that an asset, or its part of one authority, is made from now."""
    return digest(
        {
            "asset": recipe.asset,
            "generation": recipe.generation,
            "authority": authority,
            "keys": {key: study_value(study, key, content_hash) for key in recipe.keys},
            "tables": tables_read(recipe, lake, study.encoder.slug, authority),
        }
    )


def tables_read(
    recipe: Recipe, lake: Lake, encoder: str, authority: str | None
) -> dict[str, dict[str, str]]:
    """Collect the fingerprints of the files that an asset reads, by table and file."""
    return {
        table: {
            path.relative_to(lake.root).as_posix(): read_stamp(path).fingerprint
            for path in lake.files(
                table,
                None if recipe.reads_every_authority else authority,
                encoder if table in TABLES and TABLES[table].by_encoder else None,
            )
        }
        for table in recipe.reads
    }


def observed(frames: Mapping[str, pl.DataFrame], recipe: Recipe, origin: str) -> str:
    """Fingerprint what readers depend on: `origin`, and the columns in which the world has a say.

    Parameters
    ----------
    frames
        The tables that the asset made.
    origin
        Its `made_from`.
    """
    if not recipe.observes:
        return origin
    rows = [
        frame.select(recipe.observes).sort(recipe.observes).write_csv() for frame in frames.values()
    ]
    return digest([origin, rows])


def study_value(study: Study, key: str, content_hash: Callable[[Path], str]) -> Any:
    """Read a dotted key of the study as plain data, with the content of files for their paths.

    An estimated CRS depends on which authorities are in, so these stand for it.
    """
    if key == "crs" and study.crs is None:
        return {"estimated for": study.authorities}
    if key == "encoder.path" and study.encoder.path is not None:
        return _vectors(study.encoder.path, content_hash)
    value: Any = study
    for part in key.split("."):
        value = getattr(value, part)
    return _plain(value, content_hash)


def _vectors(path: Path, content_hash: Callable[[Path], str]) -> Any:
    """Hash vectors made elsewhere, with what lies beside their file and says whose they are."""
    hashes = [content_hash(path)]
    if path.is_file():
        hashes += [content_hash(file) for file in files_of_vectors(path) if file != path]
    return hashes if len(hashes) > 1 else hashes[0]


def _plain(value: Any, content_hash: Callable[[Path], str]) -> Any:
    if isinstance(value, Path):
        return content_hash(value)
    if isinstance(value, BaseModel):
        return {
            name: _plain(getattr(value, name), content_hash) for name in type(value).model_fields
        }
    if isinstance(value, (tuple, list)):
        return [_plain(item, content_hash) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, content_hash) for key, item in value.items()}
    return value
