"""MLflow holds all that is needed to judge a model and to make its predictions again."""

import json
import os
import subprocess
import sys

import dagster as dg
import numpy as np
import polars as pl
import pytest

from streetview_assets.cli.runs.run_end import show_report
from streetview_assets.orchestration.runs.materialise import RunReport
from streetview_assets.orchestration.tracking.candidate_runs import HEADLINE
from streetview_assets.orchestration.tracking.champion import COMPARED_WITHIN
from streetview_assets.orchestration.tracking.mlflow_resource import (
    champion,
    model_promotion,
    tracking_uri,
)
from streetview_assets.study_state.open_study import open_study

EAST = "X01000001"
SECRET = "s3cr3t-0f-a-key-that-n0b0dy-may-see"
ELSEWHERE = """
import json, sys, warnings
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("dagster", "streetview_assets"):
            raise ImportError(name + " is not on this machine")
sys.meta_path.insert(0, Absent())
import mlflow, numpy as np, pandas as pd
model = mlflow.pyfunc.load_model("models:/small-town@champion")
told = json.load(open(sys.argv[2]))
vectors = np.load(sys.argv[1])
rows = lambda vectors: pd.DataFrame({"features": list(vectors)})
frame = model.predict(rows(vectors), params=told)
example = model.predict(model.input_example)
with warnings.catch_warnings(record=True) as caught:
    garbage = model.predict(rows(-1e3 * vectors), params=told)
warned = [str(one.message) for one in caught if "learned from" in str(one.message)]
try:
    model.predict(rows(vectors[:, 1:]))
except Exception as error:
    refused = str(error)
asked = [str(one) for one in model.metadata.signature.inputs.inputs]
outside = int((~garbage["is_applicable"]).sum())
told = {"examples": len(example), "garbage": [outside, warned], "asked": asked}
print(json.dumps({**frame.to_dict("list"), **told, "refused": refused}))
"""


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
    assert {"r2", "r2_lower", "rmse", "spearman", "blocks.r2", "random.r2"} <= set(run.data.metrics)
    assert len(run.data.metrics) <= 12, "all others are in the table"
    assert {"figures/scores.png", "figures/residual_map.png"} <= names(client, run, "figures")
    tables = {"scores.parquet", "scores.csv", "predictions.parquet"}
    assert {f"tables/{name}" for name in tables} <= names(client, run, "tables")
    assert {"input_fingerprint", "dagster_run_id", "study_hash", "synthetic"} <= set(run.data.tags)
    assert {"data_version.targets", "data_version.area_embeddings"} <= set(run.data.tags)


@pytest.mark.parametrize("name", ["model_selection", "deprivation_model"])
def test_a_run_says_in_words_what_it_is_and_which_areas_it_learned_from(finished_town, kept, name):
    run = kept[1][name]
    (learned,) = run.inputs.dataset_inputs
    areas = finished_town.opened.read("targets").filter(target="score").drop_nulls("value")
    assert learned.dataset.name == "score"
    assert json.loads(learned.dataset.profile)["num_rows"] <= areas.height
    said = run.data.tags["mlflow.note.content"]
    assert said.startswith("**score** of ")
    assert f"R² {run.data.metrics['r2']:.2f} (" in said


def test_every_candidate_and_baseline_is_a_run_beneath_the_selection(finished_town, kept):
    _, runs = kept
    parent = runs["model_selection"].info.run_id
    children = {
        name: run for name, run in runs.items() if run.data.tags.get("mlflow.parentRunId") == parent
    }
    scores = finished_town.opened.read("model_scores").filter(fold=0, group_name="all")
    valued = scores.drop_nulls("value").filter(pl.col("model") != "observed")
    assert set(children) == set(valued["model"])
    assert {"ridge", "mean", "place", "tuned"} <= set(children)
    assert {run.info.status for run in children.values()} == {"FINISHED"}
    for model, validation, metric, value in (
        valued.filter(pl.col("metric").is_in(HEADLINE))
        .select("model", "validation", "metric", "value")
        .iter_rows()
    ):
        assert children[model].data.metrics[f"{validation}.{metric}"] == pytest.approx(value)
    ridge = children["ridge"].data
    assert ridge.tags["kind"] == "candidate"
    assert children["mean"].data.tags["kind"] == "baseline"
    assert {"blocks.1.alpha", "blocks.2.alpha", "random.1.alpha"} <= set(ridge.params)
    assert ridge.tags["data_version.targets"] == runs["model_selection"].data.tags[
        "data_version.targets"
    ]  # fmt: skip


def test_the_tables_name_their_run(finished_town, kept):
    _, runs = kept
    ids = finished_town.opened.read("model_scores")["mlflow_run_id"].unique().to_list()
    assert ids == [runs["model_selection"].info.run_id]


def test_the_champion_predicts_what_was_published_on_a_machine_without_this_package(
    finished_town, tmp_path
):
    """Loaded in a process of its own, where importing this package or Dagster fails."""
    opened = finished_town.opened
    pooled = opened.read("area_embeddings").filter(statistic="median")
    pooled = pooled.join(opened.read("areas").select("area_code", "authority_code"), on="area_code")
    told = {
        "image_count": pooled["image_count"].to_list(),
        "authority_code": pooled["authority_code"].to_list(),
    }
    (tmp_path / "told.json").write_text(json.dumps(told))
    np.save(tmp_path / "vectors.npy", np.array(pooled["embedding"].to_list(), dtype=np.float32))
    found = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, tmp_path / "vectors.npy", tmp_path / "told.json"],
        env={**os.environ, "MLFLOW_TRACKING_URI": tracking_uri(opened)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert found.returncode == 0, found.stderr
    again = json.loads(found.stdout.splitlines()[-1])
    assert again.pop("examples") == 2
    assert again.pop("asked") == ["'features': Array(double) (required)"]
    assert "features: the model takes" in again.pop("refused")
    outside, (warned,) = again.pop("garbage")
    assert outside == len(again["predicted"])
    assert warned.startswith(
        f"areas unlike all that the model learned from: {outside} of {outside}; "
    )
    published = opened.read("area_predictions").drop_nulls("predicted")
    both = published.join(
        pooled.select("area_code").with_columns(
            **{f"{name}_again": pl.Series(values) for name, values in again.items()}
        ),
        on="area_code",
    )
    assert both.height == published.height > 0
    assert both["lower"].null_count() == 0
    for name in ("predicted", "lower", "upper"):
        np.testing.assert_allclose(both[f"{name}_again"], both[name], rtol=1e-6)
    assert both["dissimilarity_again"].to_numpy() == pytest.approx(0, abs=1e-3)
    assert both["is_applicable_again"].all()


def test_the_champion_is_found_with_its_score(finished_town, kept, tmp_path, monkeypatch):
    _, runs = kept
    opened = finished_town.opened
    scores = opened.read("model_scores").filter(
        model="tuned", validation="knndm", fold=0, metric="r2"
    )
    found = champion(opened)
    assert (found.name, found.number, found.uri) == ("small-town", 1, "models:/small-town/1")
    assert found.spatial_r2 == scores["value"].item()
    assert found.run_id == runs["deprivation_model"].info.run_id
    assert found.tags["target"] == "score"
    assert set(COMPARED_WITHIN) <= set(found.tags)
    assert model_promotion(opened).startswith(
        "version 1 of small-town is the champion: there was no"
    )
    event = finished_town.instance.get_latest_materialization_event(
        dg.AssetKey("deprivation_model")
    )
    told = event.asset_materialization.metadata
    assert told["model_version"].value == 1
    assert told["model_alias"].value == "champion"
    assert told["model_uri"].value == "models:/small-town@champion"
    assert told["why_champion"].value == "there was no champion"
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path))
    assert champion(open_study(finished_town.opened.study.path)) is None
    assert not list(tmp_path.iterdir())


def test_a_run_ends_with_what_became_of_its_model(finished_town, capsys):
    show_report(finished_town.opened, RunReport(made=[("deprivation_model", None)]))
    said = " ".join(capsys.readouterr().out.split())
    assert "Model: version 1 of small-town is the champion: there was no champion." in said
    show_report(finished_town.opened, RunReport(made=[("areas", "X01000001")]))
    assert "Model" not in capsys.readouterr().out


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
