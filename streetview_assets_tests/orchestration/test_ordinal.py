"""The asset `ordinal_model` on the real instance: off, trained, kept, used in another study."""

import json
from dataclasses import replace

import dagster as dg
import polars as pl
import torch
from mlflow import MlflowClient

from streetview_assets.models.ordinal.network import make_network
from streetview_assets.models.ordinal.persistence import NetworkFacts, save_network
from streetview_assets.models.ordinal.score_rows import METRICS
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.tracking.mlflow_resource import tracking_uri
from streetview_assets.study_state.open_study import open_study
from streetview_assets.tables.registry import TABLES, check_contract

TRAINED = "ordinal: {epochs: 2, folds: 2, fine_tune: [0.2], fine_tune_epochs: 1}\n"


def with_part(town, part):
    """The same town, its study file with one more part."""
    path = town.opened.study.path
    path.write_text(path.read_text(encoding="utf-8") + part, encoding="utf-8")
    return replace(town, opened=open_study(path), definitions=build_definitions(path))


def told(town):
    event = town.instance.get_latest_materialization_event(dg.AssetKey("ordinal_model"))
    return {key: value.value for key, value in event.asset_materialization.metadata.items()}


def test_a_network_is_validated_kept_and_used_in_another_study(town):
    town = with_part(town, TRAINED)
    assert town.make("ordinal_model").success
    outputs, scores = (town.opened.read(name) for name in ("ordinal_outputs", "ordinal_scores"))
    check_contract(TABLES["ordinal_outputs"], outputs)
    check_contract(TABLES["ordinal_scores"], scores)
    images = town.opened.read("images").filter("is_current", status="ok")
    alone = outputs.filter(validation="random", share_added=0.0)
    assert set(alone["point_id"]) == set(images["point_id"])
    assert set(outputs["validation"]) == {"random", "blocks", "authorities"}
    assert set(scores["metric"]) == set(METRICS)
    assert set(outputs["share_added"]) == {0.0, 0.2}
    metadata = told(town)
    assert metadata["areas"] == alone["area_code"].n_unique()
    assert "quadratic kappa of areas under blocks" in metadata

    assert (town.opened.root / "figures" / "study" / "ordinal_deciles.png").is_file()
    client = MlflowClient(tracking_uri(town.opened))
    run = client.get_run(metadata["mlflow_run_id"])
    assert "random.0.mae" in run.data.metrics
    kept = {file.path for file in client.list_artifacts(run.info.run_id, "files")}
    assert kept == {"files/network.pt", "files/network.json"}
    folder = town.opened.root / "ordinal"
    facts = json.loads((folder / "network.json").read_text())
    assert facts["area_codes"] == sorted(set(alone["area_code"]))
    assert "centre" in torch.load(folder / "network.pt", weights_only=True)

    assert metadata["model_uri"] == "models:/small-town-ordinal/1"
    by_name = client.get_model_version_download_uri("small-town-ordinal", "1")
    assert by_name == f"{run.info.artifact_uri}/files"

    half = set(facts["area_codes"][::2])
    there = folder.with_name("of-another-study")
    folder.rename(there)
    facts = {**facts, "study": "elsewhere", "area_codes": sorted(half)}
    (there / "network.json").write_text(json.dumps(facts))
    path = town.opened.study.path
    path.write_text(path.read_text().replace(TRAINED, ""))
    town = with_part(town, f"ordinal: {{apply: {there}}}\n")
    assert town.make("ordinal_model").success
    applied = town.opened.read("ordinal_outputs")
    assert set(applied["area_code"]) == set(alone["area_code"]) - half
    assert applied["validation"].unique().to_list() == ["holdout"]
    assert not folder.exists()
    notes = town.opened.read("ordinal_scores")["note"].unique().to_list()
    assert any("network of elsewhere" in note for note in notes)
    assert f"{len(half)} areas" in town.opened.provenance("ordinal_outputs", None).note


def test_a_network_that_does_not_fit_is_refused(town, tmp_path):
    width = len(town.opened.read("image_embeddings")["embedding"][0])
    (encoder,) = town.opened.read("encoders").iter_rows(named=True)
    weights = {key: encoder[key] for key in ("model", "weights_sha256", "preprocessing")}
    sound = NetworkFacts("elsewhere", "score", "worse", town.opened.encoder, width, (), weights)
    folder = tmp_path / "network"
    folder.mkdir()
    town = with_part(town, f"ordinal: {{apply: {folder}}}\n")
    for key, value, words in (
        ("encoder", "another", f"takes {width} numbers of the encoder another"),
        ("more_is", "better", "upside down"),
        ("weights", weights | {"weights_sha256": "other"}, "its weights_sha256 differ"),
    ):
        save_network(folder, make_network(width, 1), replace(sound, **{key: value}))
        result = town.make("ordinal_model")
        assert not result.success
        (failure,) = [event for event in result.all_events if event.is_step_failure]
        assert words in str(failure.event_specific_data.error)


def test_the_published_views_hold_what_the_lake_has(finished_town):
    for name in ("ordinal_outputs", "ordinal_scores"):
        assert finished_town.opened.table(name).columns == TABLES[name].schema.names()
        assert isinstance(finished_town.opened.table(name), pl.DataFrame)
