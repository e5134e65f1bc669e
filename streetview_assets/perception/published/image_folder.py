"""A folder of images into vectors in the layout of clip-retrieval, which are kept as they come."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.imported.clip_retrieval import METADATA, VECTORS
from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.errors import StudyError
from streetview_assets.files.file_names import IMAGE_SUFFIXES
from streetview_assets.files.reading import reading
from streetview_assets.files.storage import writing
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.lake.locks import held
from streetview_assets.perception.published.vector_folder import (
    NamedVectors,
    read_vectors,
    write_shard,
)
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

OPTION = "--images-dir"

_MADE_BY = "encoder.json"
_KEPT = ("image_path", "size", "modified_ns", "embedding", "error")


def image_files(folder: Path) -> list[str]:
    """List the images of a folder and of those in it, by their paths in it.

    Parameters
    ----------
    folder
        Files and folders whose names begin with a dot are left out.

    Raises
    ------
    StudyError
        Where it is no folder, or has no image.
    """
    if not folder.is_dir():
        raise StudyError(f"{OPTION}: {folder} is no folder. Give the folder of the images.")
    images = images_in(folder)
    if not images:
        raise StudyError(f"{OPTION}: {folder} has no image ({', '.join(IMAGE_SUFFIXES)}).")
    return images


def images_in(folder: Path) -> list[str]:
    """List the images of a folder as `image_files`, be there any or none."""
    with reading(f"{OPTION}: {folder}", "a folder"):
        found = [
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.suffix.lower().lstrip(".") in IMAGE_SUFFIXES and path.is_file()
        ]
    return sorted(name for name in found if not any(p.startswith(".") for p in name.split("/")))


def encode_folder(
    encoder: ImageEncoder,
    folder: Path,
    *,
    keep_in: Path | None,
    on_progress: OnProgress = untold,
) -> tuple[NamedVectors, dict[str, str]]:
    """Encode the images of a folder, or those that are not yet, and keep their vectors.

    Until all are there, shards lie in a folder beside `keep_in` with `.partial` behind its name. A
    run that was killed goes on from there with images and encoder as they were.

    Parameters
    ----------
    encoder
        What encodes.
    folder
        Of the images.
    keep_in
        Folder that is not there yet, for the vectors in one shard; None: they are not kept.
    on_progress
        Told how many images are done, and of how many.

    Returns
    -------
    tuple
        Paths and vectors, by the paths in the folder; and the reason of each that has none.

    Raises
    ------
    StudyError
        Where there is no image, or none that can be read.
    """
    if keep_in is None:
        return _all_encoded(encoder, folder, None, on_progress)
    partial = keep_in.with_name(f"{keep_in.name}.partial")
    with writing(partial):
        partial.mkdir(parents=True, exist_ok=True)
    with held(partial / "lock"):
        if keep_in.is_dir():  # by another process, which was waited for
            return read_vectors(keep_in, OPTION), {}
        named, reasons = _all_encoded(encoder, folder, partial, on_progress)
        _finish(partial, keep_in, named)
    return named, reasons


def _all_encoded(
    encoder: ImageEncoder,
    folder: Path,
    partial: Path | None,
    on_progress: OnProgress,
) -> tuple[NamedVectors, dict[str, str]]:
    wanted = _with_state(folder, image_files(folder))
    before = _begun(partial, encoder.identity.fingerprint) if partial else _nothing()
    whose = ["image_path", "size", "modified_ns"]
    done = [wanted.join(before, on=whose, how="inner", maintain_order="left")]
    missing = wanted.join(done[0], on="image_id", how="anti", maintain_order="left")
    for encoded in _encoded(encoder, folder, missing, done[0].height, on_progress):
        if partial:
            _keep(partial, encoded)
        done.append(encoded.select(done[0].columns))
    frame = pl.concat(done).sort("image_id")
    failed = frame.filter(pl.col("embedding").is_null())
    reasons = dict(failed.select("image_id", "error").iter_rows())
    frame = frame.filter(pl.col("embedding").is_not_null())
    if frame.is_empty():
        name, reason = next(iter(reasons.items()))
        raise StudyError(
            f"{OPTION}: {folder}: not one of {counted(len(reasons), 'image')} can be read; "
            f"{name}: {reason}"
        )
    return NamedVectors(frame["image_path"].to_list(), matrix(frame["embedding"])), reasons


def _with_state(folder: Path, images: list[str]) -> pl.DataFrame:
    """Say how long each file is and when it was written: by them it is known again."""
    with reading(f"{OPTION}: {folder}", "a folder of images"):
        states = [(folder / name).stat() for name in images]
    return pl.DataFrame(
        {
            "image_id": images,
            "image_path": [str(folder / name) for name in images],
            "size": [state.st_size for state in states],
            "modified_ns": [state.st_mtime_ns for state in states],
        }
    )


def _encoded(
    encoder: ImageEncoder,
    folder: Path,
    missing: pl.DataFrame,
    before: int,
    on_progress: OnProgress,
) -> Iterator[pl.DataFrame]:
    """Encode shard by shard, with the state of each file."""
    rows = missing.with_columns(path="image_id", status=pl.lit("ok"))

    def tell(done: int, count: int) -> None:
        on_progress(before + done, before + count)

    for shard in embed_images(encoder, rows, folder, authority_code="", on_progress=tell):
        yield missing.join(
            shard.select("image_id", "embedding", "error"), on="image_id", maintain_order="right"
        )


def _nothing() -> pl.DataFrame:
    kinds = (pl.String, pl.Int64, pl.Int64, pl.List(pl.Float32), pl.String)
    return pl.DataFrame(schema=dict(zip(_KEPT, kinds, strict=True)))


def _begun(partial: Path, fingerprint: str) -> pl.DataFrame:
    """Read what an earlier run kept; what another encoder made is taken away."""
    mark = partial / _MADE_BY
    if mark.is_file() and _fingerprint_in(mark) != fingerprint:
        for file in (*partial.glob(f"{VECTORS}/*.npy"), *partial.glob(f"{METADATA}/*.parquet")):
            file.unlink()
    with written_aside(mark) as aside:
        aside.write_text(to_json({"fingerprint": fingerprint}), encoding="utf-8")
    shards = [_nothing()]
    for number in _numbers(partial):
        with reading(str(partial), "vectors of a run that was ended", "Take the folder away."):
            rows = pl.read_parquet(partial / METADATA / f"{METADATA}_{number}.parquet", glob=False)
            array = np.load(partial / VECTORS / f"{VECTORS}_{number}.npy", allow_pickle=False)
            shards.append(rows.with_columns(vector_series("embedding", array)).select(_KEPT))
    return pl.concat(shards).unique("image_path", keep="last", maintain_order=True)


def _numbers(partial: Path) -> list[int]:
    """List the shards by their metadata, which is written last."""
    files = (partial / METADATA).glob(f"{METADATA}_*.parquet")
    return sorted(int(file.stem.rpartition("_")[2]) for file in files)


def _fingerprint_in(mark: Path) -> str | None:
    try:
        told = json.loads(mark.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return told.get("fingerprint") if isinstance(told, dict) else None


def _keep(partial: Path, encoded: pl.DataFrame) -> None:
    """Write the images of a shard that have a vector; others are tried again."""
    there = encoded.filter(pl.col("embedding").is_not_null())
    if there.height:
        named = NamedVectors(there["image_path"].to_list(), matrix(there["embedding"]))
        more = {name: there[name].to_list() for name in ("size", "modified_ns", "error")}
        write_shard(partial, max(_numbers(partial), default=-1) + 1, VECTORS, named, **more)


def _finish(partial: Path, keep_in: Path, named: NamedVectors) -> None:
    """Write all vectors as one shard in a folder aside, and give that its name."""
    whole = keep_in.with_name(f".{keep_in.name}.whole")
    write_shard(whole, 0, VECTORS, named)
    with writing(keep_in):
        whole.rename(keep_in)
        shutil.rmtree(partial)
