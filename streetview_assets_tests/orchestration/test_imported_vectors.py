"""Images of a folder with vectors that were made of them elsewhere, in a study and out of it."""

import logging

import numpy as np
import polars as pl
import yaml

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.exports.hdf5 import export_hdf5
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import embeddings, images, points
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.points.street_stores import jpeg

UP_TO_VECTORS = (
    points.sample_points,
    images.panoramas,
    images.images,
    embeddings.encoders,
    embeddings.image_embeddings,
)
FILES = [f"{street}/{number}.jpg" for street in ("north", "south") for number in range(6)]


def made(study, text: dict) -> OpenStudy:
    """Make a study without areas up to its vectors, as Dagster would."""
    study.write_text(yaml.safe_dump(text))
    opened = open_study(study)
    for function in UP_TO_VECTORS:
        asset, log = function.__name__, logging.getLogger(__name__)
        code = None if function is embeddings.encoders else "all"
        work = AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)
        origin = opened.input_fingerprint(asset, code)
        done = function(work)
        provenance = done.provenance(origin)
        opened.write(asset, done.frames, code, provenance)
    return opened


def test_a_folder_s_images_get_the_vectors_of_their_files_and_go_out_with_them(at_home):
    photos, vectors = at_home / "photos", np.eye(len(FILES), dtype=np.float32)
    for number, file in enumerate(FILES):
        (photos / file).parent.mkdir(parents=True, exist_ok=True)
        (photos / file).write_bytes(jpeg(number))
    told = pl.DataFrame({"file": FILES, "lon": -1.5, "lat": np.linspace(53, 54, len(FILES))})
    told.write_csv(at_home / "positions.csv")
    (at_home / "out/img_emb").mkdir(parents=True)
    (at_home / "out/metadata").mkdir()
    # The last has no vector; the order is another.
    np.save(at_home / "out/img_emb/img_emb_0.npy", vectors[-2::-1])
    names = [f"/gpu/images/{file}" for file in reversed(FILES[:-1])]
    metadata = pl.DataFrame({"image_path": names})
    metadata.write_parquet(at_home / "out/metadata/metadata_0.parquet")
    text = {
        "name": "folder",
        "points": {"from": "images"},
        "images": {"provider": "folder", "path": "photos", "positions": "positions.csv"},
        "encoder": {"name": "import", "path": "out"},
    }
    opened = made(at_home / "study.yaml", text)
    images = opened.read("images").sort("point_id")  # as the files are
    there = images.join(opened.read("image_embeddings"), on="image_id", maintain_order="left")
    assert there["status_right"].to_list() == ["ok"] * 11 + ["failed"]
    assert np.array_equal(matrix(there["embedding"].head(11)), vectors[:11])

    store = export_hdf5(opened, at_home / "store.h5").path
    text |= {
        "name": "store",
        "points": {"path": store.name},
        "images": {"provider": "hdf5", "path": store.name},
        "encoder": {"name": "import", "path": store.name},
    }
    again = made(at_home / "again.yaml", text)
    key = ["point_id", "panorama_id", "sha256"]
    assert again.read("images").select(key).sort(key).equals(images.select(key).sort(key))
    moved = again.read("images").join(again.read("image_embeddings"), on="image_id")
    moved = moved.sort("point_id")
    assert moved["status_right"].to_list() == there["status_right"].to_list()
    assert np.array_equal(matrix(moved["embedding"].head(11)), vectors[:11])
