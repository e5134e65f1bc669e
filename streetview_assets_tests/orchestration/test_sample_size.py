"""The asset `sample_size_experiment` on the real instance: off, made, gone on with, drawn anew."""

from dataclasses import replace

import dagster as dg
import polars as pl
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import spec_for
from streetview_assets.study_state.open_study import open_study
from streetview_assets.tables.registry import TABLES, check_contract

ASSET, TABLE = "sample_size_experiment", "sample_size_scores"
PART = "sample_size: {sizes: [10, 20, 30], repeats: 2}\n"


def with_part(town, part, instead_of=""):
    """The same town, its study file with one more part."""
    path = town.opened.study.path
    path.write_text(path.read_text(encoding="utf-8").replace(instead_of, "") + part)
    return replace(town, opened=open_study(path), definitions=build_definitions(path))


def told(town):
    event = town.instance.get_latest_materialization_event(dg.AssetKey(ASSET))
    return {key: value.value for key, value in event.asset_materialization.metadata.items()}


def test_it_is_made_gone_on_with_and_drawn_by_another_metric(town):
    town = with_part(town, PART)
    assert town.make(ASSET).success
    opened = town.opened
    scores = opened.read(TABLE)
    check_contract(TABLES[TABLE], scores)
    # Of the numbers of clusters that are asked for by default, the sweep has two.
    assert set(scores["k"]) == {1, 2, 3}
    assert set(scores["group_name"]) == {"all", "cluster 1", "cluster 2", "cluster 3"}
    assert set(scores["sample_size"]) == {10, 20, 30}
    assert scores["value"].count()
    # With an image or two of each area there is no second size of the same areas.
    assert "is not told from that of more areas" in told(town)["what more images are worth"]
    figures = opened.root / "figures" / "study"
    assert {path.name for path in figures.glob("sample_size_*.png")} == {
        "sample_size_free.png",
        "sample_size_constant.png",
    }
    before = (figures / "sample_size_free.png").read_bytes()
    shards = Resumption(opened, TABLE, "", opened.provenance(TABLE, None).reuse).shards
    assert not shards.folder.exists()

    # As if killed after one draw, whose score is recognised; what other input left is not taken.
    marked = scores.filter(k=2, group_name="cluster 1", repeat=2).with_columns(value=pl.lit(0.123))
    shards.append(marked)
    stale = replace(shards, folder=shards.folder.with_name("of-other-input"))
    stale.append(scores.with_columns(value=pl.lit(0.456)))
    opened.lake.path(TABLE, encoder=opened.encoder).unlink()
    assert town.make(ASSET).success
    again = opened.read(TABLE)
    key = TABLES[TABLE].key
    assert again.join(marked, on=key, how="semi").equals(marked)
    assert again.join(marked, on=key, how="anti").equals(scores.join(marked, on=key, how="anti"))
    assert not shards.folder.exists()
    assert not stale.folder.exists()

    part = "sample_size: {sizes: [10, 20, 30], repeats: 2, processes: 1}\n"
    town = with_part(town, part, instead_of=PART)
    assert town.opened.is_fresh(ASSET, None)
    town = with_part(town, part.replace("processes: 1", "metric: r2"), instead_of=part)
    assert not town.opened.is_fresh(ASSET, None)
    assert town.make(ASSET).success
    assert town.opened.read(TABLE).equals(again), "another figure needs no other scores"
    assert (figures / "sample_size_free.png").read_bytes() != before


def test_a_number_of_clusters_without_centres_is_named(town):
    town = with_part(
        town, "sample_size: {k: [3], sizes: [10], repeats: 1, recipe: published, processes: 1}\n"
    )
    opened = town.opened
    provenance = opened.provenance("sweep_centres", None)
    centres = opened.read("sweep_centres")
    for k, expected in ((3, ""), (2, "no centres of k = 3 in `sweep_centres`")):
        changed = replace(provenance, fingerprint=f"other {k}")
        kept = centres.filter(pl.col("k") <= k)
        opened.lake.write("sweep_centres", kept, changed, encoder=opened.encoder)
        assert town.make(ASSET).success
        scores = opened.read(TABLE)
        assert expected in opened.provenance(TABLE, None).note
        if k == 3:
            assert "models of" in told(town)["expected before the start"]
            assert set(scores["model"]) <= {"published", "mean"}
        assert scores.is_empty() == bool(expected)


def test_the_studys_own_choice_is_drawn_with_and_says_what_flatters_it(town):
    town = with_part(town, "sample_size: {k: [2], sizes: [10], repeats: 1, recipe: chosen}\n")
    assert town.make(ASSET).success
    scores = town.opened.read(TABLE).drop_nulls("value")
    assert set(scores["model"]) == {"chosen", "mean"}
    (note,) = scores.filter(model="chosen")["note"].unique()
    assert note.startswith("ridge, its parameters chosen on all areas, those held out among them")
    # What the choice was made on is read, and so remakes the draws.
    assert {"areas", "area_embeddings", "predictions"} <= set(
        spec_for(ASSET, town.opened.study).reads
    )


@pytest.mark.parametrize("k", ["[3, 4]", "[9]"])
def test_a_number_of_clusters_beyond_the_sweep_is_refused_at_once(finished_town, tmp_path, k):
    study = tmp_path / "study.yaml"
    folder = finished_town.opened.study.path.parent
    text = finished_town.opened.study.path.read_text(encoding="utf-8")
    for name in ("areas.geojson", "roads.geojson", "targets.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    study.write_text(text + f"sample_size: {{k: {k}}}\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"sample_size\.k: \d: not in clusters\.sweep, \[2, 3\]"):
        open_study(study)
