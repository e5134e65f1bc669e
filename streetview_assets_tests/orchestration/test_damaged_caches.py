"""Caches, notes and databases of ours, each damaged in each way: they are made anew."""

import json

from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.lake.sealed_json import read_json
from streetview_assets.lake.sqlite_file import is_whole_database, put_damaged_aside
from streetview_assets.orchestration.runs.instance import (
    CLAIM,
    DATABASES,
    OWNER,
    SETTINGS,
    open_instance,
    prepare_home,
)
from streetview_assets.study_state.open_study import open_study
from streetview_assets.study_state.source_hashes import SourceHashes
from streetview_assets.study_state.sources import is_kept_whole
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.damages import DAMAGES

EVERYWHERE = {"authorities: [X01000001, X01000002]\n": ""}


@DAMAGES
def test_a_damaged_piece_is_none_and_the_others_are_read(tmp_path, damage):
    shards = Shards(tmp_path / "pieces", "targets")
    for code in "ab":
        row = {"authority_code": "A", "area_code": code, "target": "t", "more_is": "better"}
        shards.append(TABLES["targets"].frame([row]))
    damage(min(shards.folder.iterdir()))
    assert shards.read()["area_code"].to_list() == ["b"]
    shards.clear()
    assert shards.read().is_empty()


@DAMAGES
def test_damaged_hashes_of_sources_are_reckoned_anew(tmp_path, damage):
    source, memory = tmp_path / "a.csv", tmp_path / "memory.json"
    source.write_text("1,2")
    found = SourceHashes(memory).of(source)
    damage(memory)
    assert SourceHashes(memory).of(source) == found
    assert json.loads(memory.read_bytes())["value"]


@DAMAGES
def test_damaged_sources_are_converted_anew(at_home, write_town, damage):
    path = write_town(at_home / "study", EVERYWHERE)
    first = open_study(path)
    first.root.joinpath("cache").mkdir(parents=True)
    codes, roads = first.authorities, first.sources.roads(first.sources.areas())
    files = sorted(first.sources.folder.iterdir())
    assert {file.name.split("-")[0] for file in files} == {"areas", "authorities", "roads"}
    for file in files:
        damage(file)
    again = open_study(path)
    assert again.authorities == codes
    assert again.sources.areas().equals(first.sources.areas())
    assert again.sources.roads(again.sources.areas()).equals(roads)
    assert all(is_kept_whole(file) for file in files if file.suffix == ".parquet")


@DAMAGES
def test_damaged_notes_and_databases_of_an_instance_are_made_anew(at_home, write_town, damage):
    opened = open_study(write_town(at_home / "study"))
    with open_instance(opened) as instance:
        home = opened.root / "dagster"
        assert instance.get_runs() == []
    for path in (opened.root / CLAIM, *(home / name for name in (OWNER, SETTINGS, *DATABASES))):
        assert path.is_file(), path
        damage(path)
    put_damaged_aside.cache_clear()
    prepare_home(opened)
    with open_instance(opened) as instance:
        assert instance.get_runs() == []
        assert instance.get_asset_keys() == []
    assert read_json(opened.root / CLAIM) == str(opened.study.path)
    assert read_json(home / OWNER) == opened.study.name
    assert all(is_whole_database(home / name) for name in DATABASES)
