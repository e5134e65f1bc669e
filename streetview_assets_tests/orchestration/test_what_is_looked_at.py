"""A study of panoramas: whatever reads vectors is of panoramas, each once, and of nothing else."""

import json
import logging
from dataclasses import replace

import h5py
import numpy as np
import polars as pl
import pytest
import torch
import yaml
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.embeddings.looked_at import INCLUDED
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.exports.features import export_features
from streetview_assets.exports.hdf5 import export_hdf5
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import (
    areas,
    cluster_meaning,
    cluster_numbers,
    clusters,
    embeddings,
    exclusions,
    images,
    layout,
    points,
    pooling,
)
from streetview_assets.study_state.lineage import spec_for, specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.marts import make_mart, marts, publish_study
from streetview_assets.warehouse.queries import read_queries, sql_folder
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip
from streetview_assets_tests.lake.checked import run_check

EAST = "X01000001"
HEADINGS = [0, 180]
OF_IMAGES = (
    *("images", "image_areas", "image_embeddings", "image_retention"),
    *("panorama_embeddings", "user_groups", "thumbnails_atlas", "exclusion_layout"),
    "image_influences",
)
MADE = (
    *(areas.areas, areas.targets, points.road_network, points.sample_points),
    *(images.panoramas, images.images, embeddings.encoders, embeddings.image_embeddings),
    *(embeddings.panorama_embeddings, exclusions.image_exclusions, embeddings.label_scores),
    *(embeddings.neighbours, pooling.area_embeddings, pooling.baseline_embeddings),
    *(clusters.cluster_model, cluster_numbers.cluster_scores, clusters.density_clusters),
    *(clusters.cluster_assignments, clusters.cluster_shares, clusters.label_shares),
    *(clusters.area_group_embeddings, clusters.capture_changes),
    *(cluster_meaning.cluster_meaning, layout.image_layout),
)
CHANGES = {
    "authorities": [EAST],
    "labels": {"shop": ["a shop"], "field": ["a field"]},
    "label_templates": ["{}"],
    "exclusions": {"above": 1e-9, "words": {"indoor": ["a room"]}},
    "layout": {"methods": ["tsne"], "perplexities": [5], "iterations": 250, "figure_px": 400},
}


def make(opened: OpenStudy, *functions) -> None:
    """Make assets one after the other, as Dagster would."""
    for function in functions:
        asset = function.__name__
        code = None if specs()[asset].study_wide else EAST
        log = logging.getLogger(__name__)
        work = AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)
        origin = opened.input_fingerprint(asset, code)
        made = function(work)
        provenance = made.provenance(origin)
        opened.write(asset, made.frames, code, provenance)


@pytest.fixture(scope="module", params=["mean", "panorama"])
def opened(request, tmp_path_factory, write_town) -> OpenStudy:
    """A town with two views of each panorama, of which all is made and published."""
    folder = tmp_path_factory.mktemp(request.param)
    study = write_town(folder / "study", {"headings_deg: [0]": f"headings_deg: {HEADINGS}"})
    write_small_clip(folder / "study" / "small.pt")
    encoder = {"name": CLIP, "checkpoint": "small.pt", "options": OPTIONS, "precision": "fp32"}
    document = yaml.safe_load(study.read_text()) | CHANGES
    document["encoder"] = {**encoder, "fit": "pad", "views": request.param}
    study.write_text(yaml.safe_dump(document))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        town = open_study(study)
        make(town, *MADE)
        for query in marts():
            make_mart(town, query)
        publish_study(town)
    torch.set_num_threads(threads)
    return town


def panoramas_of(opened: OpenStudy) -> pl.DataFrame:
    return opened.read("panorama_embeddings", EAST).sort("image_id")


def test_every_table_of_vectors_has_a_row_for_each_panorama_and_for_no_view(opened) -> None:
    panoramas = panoramas_of(opened)["image_id"]
    count = len(panoramas)
    assert opened.read("images").height == len(HEADINGS) * count > 50
    seen = {}
    for name, table in TABLES.items():
        if name in OF_IMAGES or "image_id" not in table.schema or table.stage == "perception":
            continue
        frame = opened.read(name)
        seen[name] = frame["image_id"].n_unique()
        assert set(frame["image_id"]) <= set(panoramas), name
        if name == "neighbours":
            assert set(frame["neighbour_id"]) <= set(panoramas)
    assert seen == dict.fromkeys(seen, count)
    assert opened.read("cluster_assignments").height == count
    for table in ("cluster_shares", "label_shares"):
        assert opened.read(table)["image_count"].sum() == count
    for table in ("area_embeddings", "baseline_embeddings"):
        pooled = opened.read(table).filter(statistic="mean")
        assert pooled["image_count"].sum() == len(HEADINGS) * count
    grouped = opened.read("area_group_embeddings").filter(statistic="mean")
    assert grouped["image_count"].sum() == 2 * len(HEADINGS) * count
    assert opened.read("cluster_centres")["image_count"].sum() == count


def test_what_is_made_of_panoramas_passes_its_checks(opened) -> None:
    made = {function.__name__ for function in MADE}
    of_vectors = [
        query
        for query in read_queries(sql_folder())
        if query.kind == "check" and query.asset in made and query.blocking
    ]
    assert len(of_vectors) > 10
    faults = {
        query.name: run_check(opened.lake, query, opened.study, authority=EAST)
        for query in of_vectors
    }
    assert [name for name, result in faults.items() if not result.passed] == []


def test_no_asset_reads_single_views_where_panoramas_are_looked_at(opened) -> None:
    of_views = {"panorama_embeddings", "image_retention"}
    features = ("pooled", "cluster_shares", "by_label")
    models = opened.study.models.model_copy(update={"features": features})
    study = opened.study.model_copy(update={"models": models})
    looking = replace(opened, study=study)
    assert {one for one in specs() if "image_embeddings" in read_by(looking, one)} == of_views


def fresh_where(opened: OpenStudy, views: str) -> set[str]:
    """Name what is up to date in a study that looks at something else."""
    encoder = opened.study.encoder.model_copy(update={"views": views})
    changed = replace(opened, study=opened.study.model_copy(update={"encoder": encoder}))
    codes = {one.__name__: None if specs()[one.__name__].study_wide else EAST for one in MADE}
    return {asset for asset, code in codes.items() if changed.is_fresh(asset, code)}


def test_to_look_at_something_else_puts_out_of_date_what_reads_vectors(opened) -> None:
    made = {function.__name__ for function in MADE}
    of_vectors = {name for name in made if "panorama_embeddings" in read_by(opened, name)}
    assert {"cluster_model", "label_scores", "neighbours", "area_embeddings"} < of_vectors
    own = {"panorama_embeddings", "baseline_embeddings"}
    assert fresh_where(opened, opened.study.encoder.views) == made
    assert made - fresh_where(opened, "separate") == of_vectors | own
    other = {"mean": "panorama", "panorama": "mean"}[opened.study.encoder.views]
    assert made - fresh_where(opened, other) == own, "the rest follows when it is made"


def read_by(opened: OpenStudy, asset: str) -> tuple[str, ...]:
    return spec_for(asset, opened.study).reads


def test_images_dropped_by_words_are_panoramas_with_all_their_views(opened) -> None:
    rule = opened.study.exclusions.model_copy(update={"drop": True})
    dropping = replace(opened, study=opened.study.model_copy(update={"exclusions": rule}))
    table = opened.read("image_exclusions", EAST)
    provenance = opened.provenance("image_exclusions", EAST)
    few = table.head(3).with_columns(is_dropped=pl.lit(True))
    where = {"authority": EAST, "encoder": opened.encoder}
    opened.lake.write("image_exclusions", few, provenance, **where)
    try:
        log = logging.getLogger(__name__)
        work = AssetContext(
            dropping, "area_embeddings", EAST, "run", False, False, tracking=None, log=log
        )
        current = work.read(INCLUDED).filter("is_current")
        pooled = pooling.area_embeddings(work).frames["area_embeddings"]
    finally:
        opened.lake.write("image_exclusions", table, provenance, **where)
    left = opened.read("images").height - 3 * len(HEADINGS)
    assert current.height == left
    assert pooled.filter(statistic="mean")["image_count"].sum() == left


def test_search_and_show_are_of_panoramas(opened, monkeypatch) -> None:
    monkeypatch.setenv("STREETVIEW_DATA", str(opened.root.parent))
    monkeypatch.setenv("COLUMNS", "200")
    panoramas = set(panoramas_of(opened)["image_id"])
    images = opened.read("images")
    said = CliRunner().invoke(app, ["search", "shop", str(opened.study.path), "--count", "100"])
    assert said.exit_code == 0, said.output
    found = {one for one in images["image_id"] if one in said.output}
    assert found == panoramas
    view = images.filter(~pl.col("image_id").is_in(list(panoramas))).row(0, named=True)
    whole = images.filter(panorama_id=view["panorama_id"], image_id=pl.col("image_id"))
    first = whole.filter(pl.col("image_id").is_in(list(panoramas)))["image_id"].item()
    cluster = opened.read("cluster_assignments").filter(image_id=first)["cluster"].item()
    monkeypatch.setenv("STREETVIEW_STUDY", str(opened.study.path))
    said = CliRunner().invoke(app, ["show", view["image_id"]])
    assert said.exit_code == 0, said.output
    assert f"{cluster} of 2" in said.output
    assert "looks like" in said.output


def test_vectors_of_panoramas_can_be_had(opened, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("STREETVIEW_DATA", str(opened.root.parent))
    monkeypatch.setenv("STREETVIEW_STUDY", str(opened.study.path))
    panoramas = panoramas_of(opened)
    vectors = matrix(panoramas["embedding"])
    asked = opened.sql(
        "select image_id, embedding from panorama_embeddings order by image_id", with_vectors=True
    )
    assert np.array_equal(np.array(asked["embedding"].to_list(), dtype=np.float32), vectors)
    file = tmp_path / "panoramas.parquet"
    command = ["export", "panorama_embeddings", "--format", "parquet", "--output", str(file)]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output
    exported = pl.read_parquet(file).sort("image_id")
    assert np.array_equal(np.array(exported["embedding"].to_list(), dtype=np.float32), vectors)

    by_panorama = dict(zip(panoramas["panorama_id"], vectors, strict=True))
    written = export_features(opened, tmp_path / "features.h5")
    labels = pl.read_csv(tmp_path / "features.csv", infer_schema=False)
    with h5py.File(written.path) as store:
        assert store["features"].shape == (len(panoramas), 1, vectors.shape[1])
        assert store.attrs["views"] == opened.study.encoder.views
        for row, name in enumerate(labels["panorama_id"]):
            assert np.array_equal(store["features"][row, 0], by_panorama[name])
    with h5py.File(export_hdf5(opened, tmp_path / "store.h5").path) as store:
        there = store["embeddings_panorama"][()]
        assert np.isfinite(store["embeddings_clip"][()]).all(axis=2).sum() == 2 * len(panoramas)
    there = there[np.isfinite(there).all(axis=1)]
    assert np.allclose(np.sort(there, axis=0), np.sort(vectors, axis=0), atol=0)


def test_tags_are_of_panoramas_whether_the_clusters_are_the_studys_or_not(
    opened, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("STREETVIEW_DATA", str(opened.root.parent))
    monkeypatch.setenv("STREETVIEW_STUDY", str(opened.study.path))
    for options in ([], ["--k", "3"], ["--labels"]):
        file = tmp_path / "tags.json"
        said = CliRunner().invoke(app, ["export", "tags", "--output", str(file), *options])
        assert said.exit_code == 0, said.output
        tagged = [one for one in json.loads(file.read_text()) if one.get("extra", {}).get("tags")]
        assert len(tagged) == panoramas_of(opened).height
    refused = CliRunner().invoke(app, ["export", "tags", "--by-heading"])
    assert refused.exit_code == 2
    assert "leave --by-heading out" in refused.output
