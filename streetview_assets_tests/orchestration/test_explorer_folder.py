"""The explorer of a study that asks for it: sprites, names, groups and words in a folder."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from streetview_assets.clusters.names.cluster_names import rename_cluster
from streetview_assets.clusters.names.user_groups import save_group
from streetview_assets.errors import StudyError
from streetview_assets.explorer.static_folder import is_written, write_static
from streetview_assets.explorer.static_site import ATLAS
from streetview_assets.explorer.words import word_likeness
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.assets import atlas, layout, names
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.runs.preflight import check_inputs
from streetview_assets.orchestration.sql import sql_assets
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets.warehouse.marts import make_mart, marts, publish_study, stale_marts
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip
from streetview_assets_tests.orchestration.test_layout import (
    COUNT,
    LAYOUT,
    UP_TO_CLUSTERS,
    make,
    write,
    write_images,
)

TILES = {"url": "https://tiles.example.org/{z}/{x}/{y}.png", "attribution": "© Them"}
ASKED = {
    "encoder": {
        **{"name": CLIP, "checkpoint": "small.pt", "options": OPTIONS, "precision": "fp32"},
        "fit": "pad",
    },
    "layout": {**LAYOUT, "methods": ["umap_3d", "tsne"], "show": "dots"},
    "explorer": {"words": ["a wood", "the sea"], "tiles": TILES},
}
NAME = '<b>"brick"</b>'


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> OpenStudy:
    """A study that asks for an explorer, made up to its published file."""
    folder = tmp_path_factory.mktemp("explorer")
    write_images(folder)
    write_small_clip(folder / "small.pt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        opened = write(folder, **ASKED)
        make(opened, *UP_TO_CLUSTERS)
        assigned = opened.read("cluster_assignments").filter(k=3)
        rename_cluster(folder / "cluster_names.csv", assigned, 2, NAME)
        save_group(folder / "user_groups.csv", NAME, assigned["image_id"].sort().to_list()[:3])
        opened = write(folder, **ASKED)
        made = (names.user_groups, names.cluster_names, layout.image_layout)
        make(opened, *made, atlas.thumbnails_atlas)
        publish(opened)
        write_static(opened)
    return opened


def context(opened: OpenStudy) -> AssetContext:
    log = logging.getLogger(__name__)
    return AssetContext(
        opened, "thumbnails_atlas", None, "run", False, False, tracking=None, log=log
    )


def publish(opened: OpenStudy) -> None:
    for query in marts():
        make_mart(opened, query)
    publish_study(opened)


@pytest.fixture
def told(opened, monkeypatch) -> dict:
    monkeypatch.setenv("STREETVIEW_DATA", str(opened.root.parent))
    return json.loads((opened.root / "explorer" / "data" / "manifest.json").read_text())


def numbers(opened: OpenStudy, entry: dict) -> np.ndarray:
    return np.fromfile(opened.root / "explorer" / entry["file"], dtype="<f4")


def test_sprites_of_the_table_are_those_of_the_folder(opened, told):
    table = opened.read("thumbnails_atlas")
    check_contract(TABLES["thumbnails_atlas"], table)
    assert table["has_thumbnail"].all()
    assert table.group_by("cell_px").len().sort("cell_px").rows() == [(32, COUNT), (64, COUNT)]
    of_page = json.loads((opened.root / "explorer/data/image_id.json").read_text())
    assert table.filter(cell_px=64).sort("cell")["image_id"].to_list() == of_page
    for cell_px, files in told["atlas"]["sprites"].items():
        assert set(table.filter(cell_px=int(cell_px))["sprite"]) == set(files)
        for file in files:
            drawn = (opened.root / ATLAS / file).read_bytes()
            assert (opened.root / "explorer" / file).read_bytes() == drawn


def test_sprites_that_are_there_are_kept(opened, told):
    files = list((opened.root / ATLAS).rglob("*.webp"))
    before = {path: path.stat().st_mtime_ns for path in files}
    made = make(opened, atlas.thumbnails_atlas)
    assert {path: path.stat().st_mtime_ns for path in files} == before
    files[0].unlink()
    (files[0].parent / "stale.webp").touch()
    assert (
        make(opened, atlas.thumbnails_atlas)
        .frames["thumbnails_atlas"]
        .equals(made.frames["thumbnails_atlas"])
    )
    assert sorted((opened.root / ATLAS).rglob("*.webp")) == sorted(files)


def test_names_groups_words_tiles_and_space_are_told(opened, told):
    assert told["study"]["names"] == {"2": NAME}
    ((group, members),) = told["study"]["groups"].items()
    assert (group, len(members)) == (NAME, 3)
    assert [one["text"] for one in told["words"]] == ["a wood", "the sea"]
    alike = numbers(opened, told["words"][1])
    ids = json.loads((opened.root / "explorer/data/image_id.json").read_text())
    expected = word_likeness(opened, ["the sea"], [*ids, "none"])["the sea"]
    assert np.array_equal(alike, expected[:-1])
    assert np.isnan(expected[-1])
    assert np.ptp(alike) > 0
    assert told["study"]["tiles"] == TILES | {"host": "https://tiles.example.org"}
    page = (opened.root / "explorer" / "index.html").read_text()
    assert "img-src 'self' blob: data: https://tiles.example.org;" in page
    flat, space = told["layouts"]
    assert (flat["name"], flat["z"]) == ("t-SNE, perplexity 5", None)
    assert numbers(opened, space["z"]).shape == (COUNT,)


def test_dagster_makes_the_folder_of_what_is_published(opened, told):
    write(opened.study.path.parent, **ASKED)
    made = {key.to_user_string(): one for one in sql_assets(opened) for key in one.keys}
    manifest = opened.root / "explorer" / "data" / "manifest.json"
    manifest.unlink()
    study = StudyResource(study_file=str(opened.study.path))
    assert dg.materialize([made["explorer"]], resources={"study": study}).success
    again = json.loads(manifest.read_text())
    assert again["study"].pop("writtenAt") >= told["study"].pop("writtenAt")
    assert again == told
    without = opened.study.model_copy(update={"explorer": None})
    named = {key for one in sql_assets(replace(opened, study=without)) for key in one.keys}
    assert dg.AssetKey("explorer") not in named


def test_the_folder_is_behind_once_the_study_says_otherwise(opened, told):
    assert is_written(opened)
    folder = Path(opened.study.path).parent
    again = write(folder, **{**ASKED, "explorer": {"words": ["a wood"]}})
    assert not is_written(again)
    (again.root / "explorer" / "data" / "manifest.json").rename(folder / "kept.json")
    assert not is_written(opened)
    (folder / "kept.json").rename(again.root / "explorer" / "data" / "manifest.json")


def test_a_provider_that_forbids_it_gets_no_sprites_and_words_need_a_text_tower(
    opened, told, monkeypatch
):
    restricted = opened.study.images.model_copy(update={"provider": "google"})
    study = opened.study.model_copy(update={"images": restricted})
    made = atlas.thumbnails_atlas(context(replace(opened, study=study)))
    assert "restrict keeping thumbnails" in made.note
    assert made.frames["thumbnails_atlas"].is_empty()
    page = write_static(replace(opened, study=study))
    about = json.loads((page.parent / "data" / "manifest.json").read_text())
    assert about["atlas"] is None
    assert "restrict passing them on" in about["study"]["withoutImages"]
    assert not list(page.parent.rglob("*.webp"))
    wordless = {**ASKED, "encoder": {"name": "colour-texture"}}
    with pytest.raises(StudyError, match=r"explorer\.words: "):
        check_inputs(write(Path(opened.study.path).parent, **wordless))
    assert pl.DataFrame(word_likeness(opened, [], [])).is_empty()


def behind(opened: OpenStudy) -> set[str]:
    """Name the assets and marts that are to be made again."""
    stages = {None: True, "all": False}
    assets = {
        asset
        for asset, spec in opened.assets.items()
        for code, wide in stages.items()
        if spec.study_wide == wide and not opened.is_fresh(asset, code)
    }
    return assets | set(stale_marts(opened))


def test_another_name_remakes_what_shows_it_alone(opened, told):
    before = behind(opened)
    path = opened.study.cluster_names_file
    rename_cluster(path, opened.read("cluster_assignments").filter(k=3), 3, "another")
    renamed = write(path.parent, **ASKED)
    assert behind(renamed) - before == {"cluster_names"}
    make(renamed, names.cluster_names)
    assert behind(renamed) - before == {"image_layout", "cluster_summary"}
    made = make(renamed, layout.image_layout)
    assert "layouts" in made.metadata, "places are kept"
    assert "cluster_names" not in behind(renamed)
