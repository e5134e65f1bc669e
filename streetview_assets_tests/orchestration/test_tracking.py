"""MLflow holds all that is needed to judge a model and to make its predictions again."""

import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from streetview_assets.lake.open_study import open_study
from streetview_assets.orchestration.tracking import tracking_uri

EAST = "X01000001"
KEEP = """
import sys
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.tracking import TrackedRun, Tracking
tracking = Tracking(study=StudyResource(study_file=sys.argv[1]))
tracking.keep(TrackedRun(sys.argv[2], metrics={"r2": 0.5}))
"""
SECRET = "s3cr3t-0f-a-key-that-n0b0dy-may-see"


@pytest.fixture
def kept(finished_town):
    """Runs of the finished town by name, with the client that finds them."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri(finished_town.opened))
    experiment = client.get_experiment_by_name("small-town")
    runs = client.search_runs([experiment.experiment_id])
    return client, {run.info.run_name: run for run in runs}


def names(client, run, folder: str) -> set[str]:
    return {file.path for file in client.list_artifacts(run.info.run_id, folder)}


def test_a_run_has_what_is_needed_to_judge_it(kept):
    client, runs = kept
    run = runs["model_selection"]
    assert run.info.status == "FINISHED"
    assert run.data.params["folds"] == "2"
    assert "blocks.ridge.r2" in run.data.metrics
    assert {"figures/scores.png", "figures/residual_map.png"} <= names(client, run, "figures")
    assert {"tables/scores.parquet", "tables/predictions.parquet"} <= names(client, run, "tables")
    assert {"made_from", "dagster_run_id", "study_hash"} <= set(run.data.tags)


def test_the_tables_name_their_run(finished_town, kept):
    _, runs = kept
    ids = finished_town.opened.read("model_scores")["mlflow_run_id"].unique().to_list()
    assert ids == [runs["model_selection"].info.run_id]


def test_the_final_model_predicts_again_what_was_published(finished_town, kept, monkeypatch):
    import mlflow

    client, _ = kept
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri(finished_town.opened))
    (version,) = client.search_model_versions("name='small-town'")
    model = mlflow.pyfunc.load_model(version.source)
    assert model.metadata.signature is not None
    pooled = finished_town.opened.read("area_embeddings").filter(statistic="median")
    vectors = np.array(pooled["embedding"].to_list())
    again = pooled.select("area_code").with_columns(
        again=pl.Series(np.ravel(model.predict(vectors)).astype(float))
    )
    published = finished_town.opened.read("area_predictions").drop_nulls("predicted")
    both = published.join(again, on="area_code")
    assert both.height == published.height > 0
    np.testing.assert_allclose(both["again"], both["predicted"], rtol=1e-6)


def test_two_processes_that_track_at_once_make_the_schema_once(at_home, write_town):
    study = write_town(at_home / "study")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", KEEP, str(study), name], stderr=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for process in processes:
        _, errors = process.communicate(timeout=180)
        assert process.returncode == 0, errors
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri(open_study(study)))
    experiment = client.get_experiment_by_name("small-town")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.run_name for run in runs} == {"one", "two"}


def test_a_secret_is_nowhere_in_what_a_failing_run_wrote(town, monkeypatch):
    for name in ("GOOGLE_MAPS_API_KEY", "GOOGLE_MAPS_SIGNING_SECRET", "MAPILLARY_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    town.opened.lake.path("areas", EAST).write_bytes(b"no parquet")
    assert not town.make("road_network", authority=EAST).success
    assert town.make("deprivation_model").success is False
    data = town.opened.root
    files = [path for path in data.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    found = [path for path in files if SECRET.encode() in path.read_bytes()]
    assert not found
    assert os.environ["GOOGLE_MAPS_API_KEY"] == SECRET
