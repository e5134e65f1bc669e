"""Two studies never mix; one that moved is still the same."""

import shutil

from streetview_assets.lake.sealed_json import write_json
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.small_studies import lake_of, write_study


def test_studies_side_by_side_do_not_see_each_other(tiny, streetview, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in tiny.root.rglob("*") if path.is_file()}
    other = write_study(tmp_path / "second", name="second", authorities=["X01000003"])
    result = streetview("run", other, "--until", "images")
    assert result.exit_code == 0, result.output
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert set(lake_of(tmp_path / "data" / "second")) >= {"images/X01000003/data.parquet"}
    assert not any("X01000003" in name for name in lake_of(tiny.root))


def test_a_home_of_another_study_is_refused_by_name(tmp_path, streetview, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    write_json(home / "streetview_study.json", "leeds-centre")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    result = streetview("run", write_study(tmp_path / "study"), "--until", "areas")
    assert result.exit_code == 2
    assert "'leeds-centre'" in result.output
    assert not (tmp_path / "data" / "tiny" / "lake").exists()


def test_another_study_of_the_same_name_is_refused(tiny, streetview, tmp_path):
    assert streetview("run", tiny.study.path).exit_code == 0
    other = write_study(tmp_path / "other", seed=7)
    result = streetview("run", other)
    assert result.exit_code == 2
    said = result.output.replace("\n", "")
    assert str(other) in said
    assert str(tiny.study.path) in said
    assert "Nothing to do" in streetview("run", tiny.study.path).output


def test_a_study_that_moved_or_was_copied_finds_its_data(tiny, streetview, tmp_path):
    assert streetview("run", tiny.study.path).exit_code == 0
    copied = write_study(tmp_path / "copied")
    assert "Nothing to do" in streetview("run", copied).output
    shutil.rmtree(copied.parent)
    assert "Nothing to do" in streetview("run", tiny.study.path).output
    assert open_study(tiny.study.path).study_hash == tiny.study_hash
