"""Frames of pandas go out as other pipelines name them, and come in again as pickles."""

import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.errors import StudyError
from streetview_assets.exports.frames import FRAMES
from streetview_assets.exports.tables import export_table
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.conftest import STUDY, VECTORS, small_frames
from streetview_assets_tests.lake.small_lake import ENCODER
from streetview_assets_tests.report.conftest import publish_small

CENTRES = {2: [VECTORS[1], VECTORS[2]], 3: [VECTORS[2], VECTORS[1], [0.0, 1.0, 0.0]]}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """Two authorities with a sweep, a layout and draws of a sample-size experiment."""
    frames = small_frames("mapillary")
    frames["sample_points"] = frames["sample_points"].with_columns(
        source_id=pl.col("point_id").replace_strict(
            {"A1p": "3", "A1q": "7", "A2p": "12"}, default="301", return_dtype=pl.String
        )
    )
    frames["images"] = frames["images"].with_columns(
        source_path=pl.format("street_images/{}.jpg", "image_id")
    )
    frames["sweep_centres"] = TABLES["sweep_centres"].frame(
        [
            {"encoder": ENCODER, "method": "kmeans", "space": "raw", "k": k, "cluster": number}
            | {"image_count": 1, "centre": centre}
            for k, centres in CENTRES.items()
            for number, centre in enumerate(centres, start=1)
        ]
    )
    ids = frames["images"].filter(status="ok")["image_id"]
    frames["image_layouts"] = TABLES["image_layouts"].frame(
        [
            {"encoder": ENCODER, "method": "umap", "setting": "n 5", "image_id": one}
            | {"x": float(at), "y": -1.0}
            for at, one in enumerate(ids)
        ]
    )
    draw = {"target": "imd_rank", "encoder": ENCODER, "features": "pooled", "k": 2}
    draw |= {"sample_size": 500, "repeat": 1, "area_count": 20, "model": "published"}
    frames["sample_size_scores"] = TABLES["sample_size_scores"].frame(
        [
            draw
            | {"group_name": group, "areas": areas, "metric": metric, "value": value}
            | {"image_count": count, "note": note}
            for group, metric, value, count, note in (
                ("cluster 1", "r2", 0.25, 500, None),
                ("cluster 1", "rmse", 3.0, 500, None),
                ("cluster 1", "mae", 2.0, 500, None),
                ("cluster 2", "r2", None, 90, "capped: 90 images"),
                ("all", "r2", 0.5, 500, None),
            )
            for areas in ("free", "constant")
        ]
    )
    folder = tmp_path_factory.mktemp("frames") / "study"
    return publish_small(folder, STUDY + "authorities: [E01, E02]\n", frames)


def exported(opened: OpenStudy, name: str, folder):
    path = export_table(opened, name, "pickle", folder / f"{name}.pkl")
    return pickle.loads(path.read_bytes())


def test_a_row_an_image_has_the_columns_and_the_order_that_other_pipelines_read(study, tmp_path):
    frame = exported(study, "one_row_per_image_cleaned", tmp_path)
    assert isinstance(frame, gpd.GeoDataFrame)
    assert frame.crs == "EPSG:4326"
    assert (frame.attrs["study"], frame.attrs["images_are_drawn"]) == ("small", False)
    assert "Mapillary" in frame.attrs["attribution"]
    named = ["point_id", "latitude", "longitude", "code", "image_path", "embedding", "geometry"]
    assert set(named) < set(frame.columns), "`code` is what the study's boundaries call it"
    images = study.read("images").filter(status="ok")
    assert len(frame) == images.height
    assert frame["point_id"].dtype == np.int64
    vectors = dict(study.read("image_embeddings").select("image_id", "embedding").iter_rows())
    for row in frame.itertuples():
        assert row.embedding.dtype == np.float32
        assert row.embedding.tolist() == pytest.approx(vectors[row.image_id])
        assert (row.geometry.x, row.geometry.y) == (row.longitude, row.latitude)
    assert frame["date"].isna().sum() == 4, "an unknown month is none"
    # And in again: the frame stands in the place of an encoder, each row its image's.
    again = load_encoder(Encoder(name="import", path=tmp_path / "one_row_per_image_cleaned.pkl"))
    assert again.file.names["image_id"].to_list() == frame["image_id"].tolist()
    assert np.allclose(again.file.read(np.arange(len(frame))), np.stack(frame["embedding"]))


def test_beside_it_stand_the_labels_for_every_number_of_clusters_and_the_plane(study, tmp_path):
    frame = exported(study, "one_row_per_image_cleaned_with_cluster_numbers", tmp_path)
    own = dict(study.read("cluster_assignments").select("image_id", "cluster").iter_rows())
    for row in frame.itertuples():
        assert row.scene_cluster_2 == own[row.image_id], "the study's own k has the study's labels"
        nearest = np.argmin([np.linalg.norm(row.embedding - one) for one in CENTRES[3]]) + 1
        assert row.scene_cluster_3 == nearest
    assert frame["umap_x"].is_unique
    assert isinstance(frame, gpd.GeoDataFrame)


def test_areas_have_a_column_a_statistic_under_their_own_code(study, tmp_path):
    frame = exported(study, "median_embeddings", tmp_path)
    assert list(frame.columns) == ["code", "median_embedding"]
    assert frame["code"].tolist() == ["A1", "A2", "B1"]
    assert frame["median_embedding"][0].tolist() == pytest.approx([0.5, 0.2, 0.1])
    every = exported(study, "area_embeddings_by_statistic", tmp_path)
    names = [f"{name}_embedding" for name in ("mean", "median", "min", "max")]
    assert list(every.columns) == ["code", *names]
    assert every["max_embedding"].isna().all(), "what was not pooled is not there"


def test_draws_of_the_sample_size_experiment_are_records(study, tmp_path):
    (record,) = exported(study, "sample_size_records", tmp_path)
    assert np.isnan(record["r2_results"].pop(2))
    assert np.isnan(record["mae_results"].pop(2))
    assert np.isnan(record["rmse_results"].pop(2))
    assert record == {
        "k": 2,
        "sample_size": 500,
        "repeat": 0,
        "r2_results": {1: 0.25},
        "rmse_results": {1: 3.0},
        "mae_results": {1: 2.0},
        "actual_sample_counts": {1: 500, 2: 90},
        "effective_n_after_filtering": {1: 20, 2: 20},
        "sampling_status": {1: "full", 2: "capped"},
    }


def test_any_table_is_a_frame_too_and_places_have_geometry(study, tmp_path):
    assert isinstance(exported(study, "area_profile", tmp_path), gpd.GeoDataFrame)
    scores = exported(study, "model_scores", tmp_path)
    assert type(scores) is pd.DataFrame
    assert len(scores) == study.table("model_scores").height
    with pytest.raises(StudyError, match="no table 'nothing' is published"):
        exported(study, "nothing", tmp_path)
    with pytest.raises(StudyError, match="--format pickle"):
        export_table(study, next(iter(FRAMES)), "csv", None)
