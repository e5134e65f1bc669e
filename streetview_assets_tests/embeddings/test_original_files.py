"""Vectors named by files: a folder's pictures by their paths, a store's by those it tells."""

import hashlib

import numpy as np
import polars as pl

from streetview_assets.embeddings.catalogue import load_encoder
from streetview_assets.embeddings.imported import ImportedVectors
from streetview_assets.embeddings.original_files import with_original_files
from streetview_assets.images.provider import UNKNOWN_DATE
from streetview_assets.points.street_data import read_street_data
from streetview_assets.study import Encoder, Images
from streetview_assets_tests.points.street_stores import IDS, jpeg, write_store


def vectors_named(path, names) -> ImportedVectors:
    """Vectors whose largest number says of which name they are."""
    vectors = np.eye(len(names)).tolist()
    pl.DataFrame({"image_path": names, "embedding": vectors}).write_parquet(path)
    return load_encoder(Encoder.model_validate({"name": "import", "path": path}))


def rows_given(vectors: ImportedVectors, pictures: pl.DataFrame, wishes: dict) -> list[int | None]:
    told = with_original_files(vectors, pictures, Images.model_validate(wishes))
    found = told.vectors(pictures)["embedding"]
    return [None if vector is None else int(np.argmax(vector)) for vector in found]


def test_pictures_of_a_folder_are_found_by_their_paths(tmp_path):
    files = ["a/1.jpg", "b/1.jpg", "b/2.jpg", "copy.jpg"]
    contents = [jpeg(1), jpeg(2), jpeg(3), jpeg(1)]
    for file, content in zip(files, contents, strict=True):
        (tmp_path / "photos" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / file).write_bytes(content)
    told = pl.DataFrame({"file": files, "lon": -1.5, "lat": 53.8})
    told.write_csv(tmp_path / "positions.csv")
    vectors = vectors_named(tmp_path / "v.parquet", ["/gpu/b/1.jpg", "/gpu/2.jpg", "/gpu/copy.jpg"])
    pictures = pl.DataFrame(
        {
            "image_id": [f"image{number}" for number in range(3)],
            "point_id": "53.800000_-1.500000",
            "panorama_id": [hashlib.sha256(content).hexdigest() for content in contents[:3]],
            "heading_deg": pl.Series([None] * 3, dtype=pl.Float64),
        }
    )
    wishes = {
        "provider": "folder",
        "path": tmp_path / "photos",
        "positions": tmp_path / "positions.csv",
    }
    # The first has no vector under its own name, but under that of its copy; `/gpu/2.jpg` need
    # not be `b/2.jpg`, since nothing says that `/gpu` is the folder `b`.
    assert rows_given(vectors, pictures, wishes) == [2, 0, None]


def test_pictures_of_a_store_are_found_by_the_paths_it_tells(tmp_path):
    store = write_store(tmp_path / "s.h5")
    slots = read_street_data(store, "k").slots([0, 90, 180, 270])
    pictures = slots.with_columns(
        image_id=pl.format("{}-{}", "row", "slot"),
        captured_on=pl.col("captured_on").fill_null(UNKNOWN_DATE),
    ).filter(pl.col("slot") == 1)
    names = [f"street_images/photos/{point}_90.jpg" for point in reversed(IDS)]
    found = rows_given(
        vectors_named(tmp_path / "v.parquet", names), pictures, {"provider": "hdf5", "path": store}
    )
    assert found == list(reversed(range(len(IDS))))
