"""Vectors made elsewhere as one `.pt` file each, with a JSON file that says whose they are."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.imported.image_keys import found_columns, read_names
from streetview_assets.embeddings.encoders.imported.vector_file import (
    KEY,
    VectorFile,
    checked_matrix,
    unpacked,
    wrong,
)
from streetview_assets.files.reading import reading, refuse_bomb, refuse_zip_bomb
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

SUFFIX = ".pt"
PATHS = ("embedding_path", "vector_path", "pt_path")


def open_torch_folder(path: Path) -> VectorFile:
    """Open a folder of `.pt` files with its metadata, a JSON list of objects.

    Each object names a file (`embedding_path`; what leads to it on another machine is left out)
    and whose vector is in it. Files are loaded as tensors alone: what would run code is refused.
    Objects whose file is not there are left out.

    Raises
    ------
    StudyError
        Where the metadata is absent or of another form, a file is no tensor of one vector, or
        vectors are not of one length.
    """
    metadata = _metadata_file(path)
    folder = metadata.parent
    entries = _entries(metadata)
    located = [(entry, _located(folder, entry, metadata)) for entry in entries]
    told = [entry for entry, file in located if file]
    files = [file for _, file in located if file]
    if not files:
        raise wrong(metadata, f"not one of its {counted(len(entries), 'file')} is in {folder}")
    matrix = unpacked(_vectors(files), path)
    keys = list(dict.fromkeys(key for entry in told for key in entry if key not in PATHS))
    columns = {
        meaning: _column([entry.get(key) for entry in told], key, metadata)
        for meaning, key in found_columns(keys).items()
    }
    models = [entry.get("model") for entry in told]
    names = read_names(columns, metadata)
    return VectorFile(path, names, matrix, models=models, files=[metadata, *files])


def _metadata_file(path: Path) -> Path:
    """Find the metadata: the file itself, or the one JSON file of the folder."""
    if path.is_file():
        return path
    there = sorted(path.glob("*.json"))
    usual = [file for file in there if "metadata" in file.stem.lower()]
    found = usual if len(usual) == 1 else there
    if len(found) != 1:
        names = ", ".join(file.name for file in there) or "none"
        raise wrong(
            path,
            "one JSON file has to say whose the .pt files are: a list of objects with "
            f"embedding_path. There are: {names}; name the one that is meant as encoder.path",
        )
    return found[0]


def _entries(metadata: Path) -> list[dict[str, Any]]:
    with reading(f"{KEY}: {metadata}", "JSON"):
        document = json.loads(metadata.read_text(encoding="utf-8-sig"))
    entries = document
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        entries = lists[0] if len(lists) == 1 else document
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise wrong(
            metadata, "expected a list of objects, each with embedding_path and its image's name"
        )
    return entries


def _located(folder: Path, entry: dict[str, Any], metadata: Path) -> Path | None:
    """Find the file of an entry below the folder, and never outside of it; None: not there."""
    told = next((entry[key] for key in PATHS if isinstance(entry.get(key), str)), None)
    if told is None:
        raise wrong(metadata, f"an object has no embedding_path: {to_json(entry)[:120]}")
    parts = [
        part for part in PurePosixPath(told.replace("\\", "/")).parts if part not in ("..", "/")
    ]
    candidates = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((file for file in candidates if file.is_file()), None)


def _vectors(files: list[Path]) -> Iterator[np.ndarray]:
    """Load the files one by one, as one row each."""
    first: np.ndarray | None = None
    for file in files:
        vector = _vector(file)
        if first is not None and vector.shape != first.shape:
            raise wrong(
                file,
                f"the vector has {counted(vector.shape[1], 'number')}, that of {files[0].name} has "
                f"{first.shape[1]}; vectors of one model are of one length",
            )
        first = vector if first is None else first
        yield vector.astype(first.dtype, copy=False)


def _vector(file: Path) -> np.ndarray:
    """Load a tensor of one vector, without running what a foreign file may hold."""
    import torch

    place = f"{KEY}: {file}"
    form = "a plain tensor, and nothing else is loaded, since it can run code"
    with reading(place, form, "Save it by torch.save(vector.cpu(), path)."):
        if zipfile.is_zipfile(file):
            refuse_zip_bomb(file, place)
        tensor = torch.load(file, map_location="cpu", weights_only=True)
    if not isinstance(tensor, torch.Tensor):
        raise wrong(file, f"it holds a {type(tensor).__name__}; expected a tensor of one vector")
    refuse_bomb(file.stat().st_size, tensor.numel() * tensor.element_size(), place)
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    values: np.ndarray = tensor.detach().numpy()
    if values.ndim == 0 or values.size != values.shape[-1]:
        raise wrong(file, f"the tensor is of shape {values.shape}; expected (d) or (1, d)")
    return checked_matrix(values.reshape(1, -1), file, "the tensor")


def _column(values: list[Any], key: str, metadata: Path) -> pl.Series:
    try:
        return pl.Series(key, values, strict=True)
    except TypeError:
        return pl.Series(key, [None if v is None else str(v) for v in values], dtype=pl.String)
