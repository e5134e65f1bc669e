"""Vectors go out in the layouts of other programs, and come in again as what they were."""

import json

import numpy as np
import polars as pl
import pytest
import torch

from streetview_assets.embeddings.encoders.imported.load import with_original_files
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.errors import StudyError
from streetview_assets.exports.vectors import LAYOUTS, export_vectors
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.lake.conftest import STUDY, small_frames
from streetview_assets_tests.report.conftest import publish_small


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    folder = tmp_path_factory.mktemp("vectors") / "study"
    return publish_small(folder, STUDY + "authorities: [E01, E02]\n", small_frames("mapillary"))


def made(opened: OpenStudy) -> dict[str, list[float]]:
    rows = opened.read("image_embeddings").filter(status="ok").select("image_id", "embedding")
    return dict(rows.iter_rows())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_vectors_of_images_come_in_again_as_they_went_out(study, tmp_path, layout):
    path = tmp_path / LAYOUTS[layout][0]
    written = export_vectors(study, path, layout=layout)
    assert written.counts == {"vectors of images": 15}
    assert [one.name for one in tmp_path.iterdir()] == [path.name], "nothing is left aside"
    imported = load_encoder(Encoder(name="import", path=path))
    images = study.read("images").filter(status="ok")
    back = with_original_files(imported, images, study.study.images).vectors(images)
    assert back["error"].null_count() == images.height
    for image_id, vector in zip(images["image_id"], back["embedding"], strict=True):
        assert vector.to_list() == pytest.approx(made(study)[image_id], abs=1e-6)


@pytest.mark.parametrize("layout", ["parquet", "npz"])
def test_vectors_of_panoramas_are_the_means_of_their_views(study, tmp_path, layout):
    path = tmp_path / LAYOUTS[layout][0]
    assert export_vectors(study, path, layout=layout, panoramas=True).counts == {
        "vectors of panoramas": 4
    }
    images = study.read("images").filter(status="ok")
    back = load_encoder(Encoder(name="import", path=path)).vectors(images)
    mean = np.mean([made(study)[f"A1p-{heading}"] for heading in (0, 90, 180, 270)], axis=0)
    of_a1p = back.filter(images["point_id"] == "A1p")["embedding"].to_list()
    assert np.allclose(of_a1p, mean / np.linalg.norm(mean), atol=1e-6)


def test_a_file_a_location_is_a_tensor_alone_beside_metadata_of_that_layout(study, tmp_path):
    folder = tmp_path / "pt"
    export_vectors(study, folder, layout="pt", panoramas=True)
    entries = json.loads((folder / "metadata.json").read_text())
    assert [entry["location_id"] for entry in entries] == sorted(
        {entry["location_id"] for entry in entries}
    )
    for entry in entries:
        assert list(entry)[:3] == ["location_id", "embedding_path", "panorama_path"]
        assert entry["panorama_path"] == f"{entry['location_id']}/panorama.jpg"
        tensor = torch.load(folder / entry["embedding_path"], weights_only=True)
        assert tensor.shape == (3,)
        assert float(tensor.norm()) == pytest.approx(1)
    assert {entry["captured_on"] for entry in entries} == {"2021-06", "2024-06", "2022-03", None}


def test_clip_retrieval_has_a_matrix_beside_metadata_whose_first_column_is_the_path(
    study, tmp_path
):
    folder = tmp_path / "embeddings"
    export_vectors(study, folder, layout="clip-retrieval")
    matrix = np.load(folder / "img_emb" / "img_emb_0.npy")
    told = pl.read_parquet(folder / "metadata" / "metadata_0.parquet")
    assert told.columns[0] == "image_path"
    assert told["image_path"].is_unique().all()
    for image_id, vector in zip(told["image_id"], matrix, strict=True):
        assert vector.tolist() == pytest.approx(made(study)[image_id])
    with pytest.raises(StudyError, match="holds something else already"):
        export_vectors(study, folder, layout="clip-retrieval")
    with pytest.raises(StudyError, match="no layout 'faiss' of vectors; there are: parquet"):
        export_vectors(study, layout="faiss")
