"""Vectors named by files: a folder's images by their paths, a store's by those it tells."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.embeddings.encoders.imported.load import ImportedVectors, with_original_files
from streetview_assets.embeddings.encoders.imported.matching import rows_of_files
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.points.imported.street_data import read_street_data
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.images import Images
from streetview_assets_tests.points.street_stores import IDS, jpeg, write_store


def vectors_named(path, names) -> ImportedVectors:
    """Vectors whose largest number says of which name they are."""
    vectors = np.eye(len(names)).tolist()
    pl.DataFrame({"image_path": names, "embedding": vectors}).write_parquet(path)
    return load_encoder(Encoder.model_validate({"name": "import", "path": path}))


def rows_given(vectors: ImportedVectors, images: pl.DataFrame, wishes: dict) -> list[int | None]:
    told = with_original_files(vectors, images, Images.model_validate(wishes))
    found = told.vectors(images)["embedding"]
    return [None if vector is None else int(np.argmax(vector)) for vector in found]


def test_images_of_a_folder_are_found_by_their_paths(tmp_path):
    files = ["a/1.jpg", "b/1.jpg", "b/2.jpg", "copy.jpg"]
    contents = [jpeg(1), jpeg(2), jpeg(3), jpeg(1)]
    for file, content in zip(files, contents, strict=True):
        (tmp_path / "photos" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / file).write_bytes(content)
    told = pl.DataFrame({"file": files, "lon": -1.5, "lat": 53.8})
    told.write_csv(tmp_path / "positions.csv")
    vectors = vectors_named(tmp_path / "v.parquet", ["/gpu/b/1.jpg", "/gpu/2.jpg", "/gpu/copy.jpg"])
    ids = [f"image{number}" for number in range(4)]
    images = pl.DataFrame({"image_id": ids, "source_path": files})
    wishes = {
        "provider": "folder",
        "path": tmp_path / "photos",
        "positions": tmp_path / "positions.csv",
    }
    # `/gpu/2.jpg` need not be `b/2.jpg`, since nothing says that `/gpu` is the folder `b`.
    assert rows_given(vectors, images, wishes) == [None, 0, None, 2]


@pytest.mark.parametrize(
    "name",
    [
        "gpu/CAFE\u0301.JPG",
        "gpu\\Caf\u00e9.jpg",
        "file:///gpu/caf%C3%A9.jpeg",
        "./gpu/caf\u00e9.png",
    ],
)
def test_a_vector_is_of_a_file_however_its_name_is_written(tmp_path, name):
    names = pl.DataFrame({"row": [0, 1], "file": [name, "gpu/other.jpg"]})
    found = rows_of_files(names, ["caf\u00e9.jpg", "other.jpg"])
    assert found.rows() == [("caf\u00e9.jpg", 0), ("other.jpg", 1)]


def test_a_vector_of_a_file_that_is_gone_is_of_no_other(tmp_path):
    names = pl.DataFrame({"row": [0, 1, 2], "file": ["a.jpg", "A.jpg", "a.png"]})
    assert rows_of_files(names, ["a.jpg"]).rows() == [("a.jpg", 0)]


def test_images_of_a_store_are_found_by_the_paths_it_tells(tmp_path):
    store = write_store(tmp_path / "s.h5")
    slots = read_street_data(store, "k").slots([0, 90, 180, 270])
    images = slots.with_columns(
        image_id=pl.format("{}-{}", "row", "slot"),
        captured_on=pl.col("captured_on").fill_null(UNKNOWN_DATE),
    ).filter(pl.col("slot") == 1)
    names = [f"street_images/photos/{point}_90.jpg" for point in reversed(IDS)]
    found = rows_given(
        vectors_named(tmp_path / "v.parquet", names), images, {"provider": "hdf5", "path": store}
    )
    assert found == list(reversed(range(len(IDS))))
