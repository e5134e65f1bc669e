"""Vectors of images or panoramas in others' layouts: .pt, npz, clip-retrieval, Parquet.

Each comes in again by `encoder: {name: import, path: …}`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.looked_at import SEPARATE
from streetview_assets.embeddings.panoramas import mean_of_views, views_of_panoramas
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.exports.hdf5 import about_encoder
from streetview_assets.exports.panoramas import STRIP
from streetview_assets.exports.street_data_rows import plan_rows
from streetview_assets.exports.written import Written, to_be_run, written_folder
from streetview_assets.images.current import UNKNOWN_DATE, current_images
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.processes import stopping
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.strict_json import to_json

METADATA, EMBEDDINGS = "metadata.json", "embeddings"
_SHARD = 1_000_000
"""Vectors in a shard of clip-retrieval, as that tool writes them."""


@dataclass(frozen=True)
class Vectors:
    """What is written.

    Attributes
    ----------
    names
        A row a vector: image_id (of a panorama, its first view), panorama_id, captured_on (null
        where unknown), heading_deg and image_path (images alone), point_id, longitude, latitude,
        location: `location_i` as `export panoramas` numbers them.
    vectors
        (n, d), float32, unit length.
    model
        What made them.
    of_panoramas
        Whether each is of a panorama.
    """

    names: pl.DataFrame
    vectors: np.ndarray
    model: str
    of_panoramas: bool


def export_vectors(
    opened: OpenStudy,
    output: Path | None = None,
    *,
    layout: str = "parquet",
    panoramas: bool | None = None,
    on_progress: OnProgress = untold,
) -> Written:
    """Write vectors, and whose they are.

    - `parquet`: a row a vector, with ids, date, heading and place, and the column `embedding`.
    - `npz`: the same as arrays, `embeddings` (n × d) among them, and `model`.
    - `pt`: a folder with a tensor (d) a file, which loads as data alone (`weights_only=True`), and
      `metadata.json`, a list of objects: `location_id`, `embedding_path`, `panorama_path` or
      `image_path`, and ids, date, heading, place, model.
    - `clip-retrieval`: a folder with `img_emb/img_emb_0.npy` and `metadata/metadata_0.parquet`,
      whose first column is `image_path`.

    Parameters
    ----------
    opened
        A study with vectors.
    output
        Default: `vectors.parquet`, `vectors.npz`, or the folder `vectors_pt` or `embeddings` here.
    layout
        One of these four.
    panoramas
        Whether vectors are of panoramas: the study's own, or else the means of their views;
        default: what the study looks at.
    on_progress
        Told vectors done, and of how many, where each is a file.

    Raises
    ------
    StudyError
        Where there is no such layout, no vector yet, or something lies in the folder.
    """
    if layout not in LAYOUTS:
        raise StudyError(f"no layout {layout!r} of vectors; there are: {', '.join(LAYOUTS)}")
    is_whole = opened.study.encoder.views != SEPARATE if panoramas is None else panoramas
    held = _panorama_vectors(opened) if is_whole else _image_vectors(opened)
    if held.names.is_empty():
        raise to_be_run(opened, "there are no vectors yet", until="embeddings")
    default, write = LAYOUTS[layout]
    path = output or Path(default)
    write(held, path, on_progress)
    what = "panoramas" if held.of_panoramas else "images"
    said = [f"They come in again as encoder: {{name: import, path: {path}}}."]
    return Written(path, {f"vectors of {what}": len(held.vectors)}, said)


def _image_vectors(opened: OpenStudy) -> Vectors:
    """Gather the vectors of current images."""
    images = current_images(opened.read("images"))
    vectors = opened.read("image_embeddings").filter(status="ok").select("image_id", "embedding")
    return _placed(opened, images.join(vectors, on="image_id"), of_panoramas=False)


def _panorama_vectors(opened: OpenStudy) -> Vectors:
    """Gather the vectors of panoramas; where the study has none, the means of their views'."""
    images = current_images(opened.read("images"))
    made = opened.read("panorama_embeddings")
    if made.is_empty():
        parts = [
            mean_of_views(
                views_of_panoramas(
                    images.filter(authority_code=authority),
                    opened.read("image_embeddings", authority),
                    encoder=opened.encoder,
                ),
                encoder=opened.encoder,
            )
            for authority in opened.authorities
        ]
        made = pl.concat(parts)
    vectors = made.filter(status="ok").select("image_id", "embedding")
    return _placed(opened, images.join(vectors, on="image_id"), of_panoramas=True)


def _placed(opened: OpenStudy, seen: pl.DataFrame, *, of_panoramas: bool) -> Vectors:
    """Say where each vector's image was taken, and which location of the exports that is."""
    rows = (
        plan_rows(opened)
        .slots(seen)
        .sort("row", "slot", "image_id")
        .unique("image_id", keep="first", maintain_order=True)
    )
    points = opened.read("sample_points").select("point_id", "longitude", "latitude")
    rows = rows.join(points, on="point_id", how="left", maintain_order="left")
    is_dated = pl.col("captured_on") != UNKNOWN_DATE
    of_image = [pl.col("heading_deg"), pl.coalesce("source_path", "path").alias("image_path")]
    names = rows.select(
        *("image_id", "panorama_id"),
        pl.when(is_dated).then("captured_on").alias("captured_on"),
        *([] if of_panoramas else of_image),
        *("point_id", "longitude", "latitude"),
        location=pl.format("location_{}", "row"),
    )
    about = about_encoder(opened)
    return Vectors(
        names=names.drop("image_id") if of_panoramas else names,
        vectors=matrix(rows["embedding"]),
        model=str(about.get("encoder", opened.encoder)),
        of_panoramas=of_panoramas,
    )


def _write_parquet(held: Vectors, path: Path, on_progress: OnProgress) -> None:
    vectors = pl.Series("embedding", held.vectors).cast(pl.List(pl.Float32))
    frame = held.names.with_columns(vectors, encoder=pl.lit(held.model))
    with written_aside(path, suffix=path.suffix) as aside:
        frame.write_parquet(aside)


def _write_npz(held: Vectors, path: Path, on_progress: OnProgress) -> None:
    arrays: dict[str, Any] = {
        name: (
            held.names[name].to_numpy()
            if held.names[name].dtype.is_numeric()
            else held.names[name].cast(pl.String).fill_null("").to_numpy().astype(str)
        )
        for name in held.names.columns
    }
    with written_aside(path, suffix=".npz") as aside:
        np.savez(aside, embeddings=held.vectors, model=np.array(held.model), **arrays)


def _write_pt(held: Vectors, folder: Path, on_progress: OnProgress) -> None:
    import torch

    entries = []
    with written_folder(folder) as aside:
        (aside / EMBEDDINGS).mkdir()
        rows = list(held.names.iter_rows(named=True))
        for row, vector in zip(steps(rows, on_progress), held.vectors, strict=True):
            stopping.check()
            stem = row["location"] if held.of_panoramas else row["image_id"]
            file = f"{EMBEDDINGS}/{stem}.pt"
            torch.save(torch.from_numpy(vector.copy()), aside / file)
            entries.append(_entry(row, file, held))
        (aside / METADATA).write_text(to_json(entries, indent=1), encoding="utf-8")


def _entry(row: dict[str, Any], file: str, held: Vectors) -> dict[str, Any]:
    """Say whose vector is in a file."""
    told = {key: value for key, value in row.items() if key not in ("image_path", "location")}
    whole = f"{row['location']}/{STRIP}"
    return {
        "location_id": row["location"],
        "embedding_path": file,
        **({"panorama_path": whole} if held.of_panoramas else {"image_path": row["image_path"]}),
        **told,
        "captured_on": row["captured_on"] and f"{row['captured_on']:%Y-%m}",
        "model": held.model,
    }


def _write_clip_retrieval(held: Vectors, folder: Path, on_progress: OnProgress) -> None:
    strip = pl.format("{}/{}", "location", pl.lit(STRIP))
    path = strip if held.of_panoramas else pl.col("image_path")
    others = [name for name in held.names.columns if name != "image_path"]
    metadata = held.names.select(path.alias("image_path"), *others)
    with written_folder(folder) as aside:
        for kind in ("img_emb", "metadata"):
            (aside / kind).mkdir()
        for shard, start in enumerate(range(0, len(held.vectors), _SHARD)):
            piece = held.vectors[start : start + _SHARD]
            np.save(aside / "img_emb" / f"img_emb_{shard}.npy", piece)
            of_shard = metadata.slice(start, _SHARD)
            of_shard.write_parquet(aside / "metadata" / f"metadata_{shard}.parquet")


LAYOUTS: Mapping[str, tuple[str, Callable[[Vectors, Path, OnProgress], None]]] = {
    "parquet": ("vectors.parquet", _write_parquet),
    "npz": ("vectors.npz", _write_npz),
    "pt": ("vectors_pt", _write_pt),
    "clip-retrieval": ("embeddings", _write_clip_retrieval),
}
"""By name: what is written where nothing else is named, and how."""
