"""What changed between two publications: told for every area, and nothing else."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.errors import StudyError
from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.study.explorer import Publish
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.verify import verify
from streetview_assets.warehouse.kept_publications import kept_publications
from streetview_assets.warehouse.marts import publication
from streetview_assets.warehouse.publication_diff import publication_diff, read_publication
from streetview_assets.warehouse.publish import Build, publish
from streetview_assets.warehouse.published_query import DATABASE
from streetview_assets_tests.lake.small_lake import SmallStudy

BUILT_AT = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def earlier(published_once: SmallStudy) -> Path:
    return published_once.lake.root / DATABASE


@pytest.fixture
def later(small_study: SmallStudy) -> Callable[[], Path]:
    """Publishes a copy of the small study as it has become by then."""

    def publish_it() -> Path:
        small_study.make_marts()
        publish(small_study.lake, small_study.study, Build("hash", "0.1.0", "build 2", BUILT_AT))
        return small_study.lake.root / DATABASE

    return publish_it


def _diff(before: Path, after: Path):
    return publication_diff(read_publication(before), read_publication(after))


def _changed(found) -> set[tuple[str, str, str | None, str | None]]:
    return set(found.changes.select("area_code", "measure", "before", "after").iter_rows())


def test_what_was_published_twice_is_the_same(earlier, later):
    found = _diff(earlier, later())
    assert found.changes.is_empty()
    assert found.notes == ()
    measures = dict(found.counts.select("measure", "compared").iter_rows())
    assert measures["predicted"] == measures["imd_rank"] == 5
    assert found.counts["changed"].sum() == 0


def test_a_changed_value_is_told_of_its_area_with_the_largest_first(earlier, later, small_study):
    target = (pl.col("target") == "imd_rank") & pl.col("area_code").is_in(["A1", "A2", "B2"])
    moved = pl.col("area_code").replace_strict({"A1": 101.0, "A2": 10.0, "B2": 7.0}, default=None)
    small_study.change("targets", moved.alias("value"), where=target)
    new = pl.lit(date(2026, 2, 1)).alias("captured_on")
    small_study.change("images", new, where=pl.col("area_code") == "A2")
    small_study.drop("images", pl.col("point_id") == "A1p")
    small_study.change(
        "area_predictions", pl.col("predicted") + 5, where=pl.col("area_code") == "A1"
    )
    found = _diff(earlier, later())
    values = found.changes.filter(measure="imd_rank")
    assert values.select("area_code", "change").rows() == [("A2", -40.0), ("A1", 1.0), ("B2", None)]
    assert ("A2", "captured_newest_on", "2022-03-01", "2026-02-01") in _changed(found)
    assert {area for area, measure, *_ in _changed(found) if measure == "image_count"} == {"A1"}
    assert {area for area, measure, *_ in _changed(found) if measure == "fitted"} == {"A1"}
    assert not {area for area, *_ in _changed(found)} & {"A3"}


def test_areas_of_one_alone_are_listed_and_not_compared(earlier, later, small_study):
    small_study.drop("areas", pl.col("area_code") == "A3")
    found = _diff(earlier, later())
    assert found.changes.rows() == [("A3", "Area A3", "E01", "area", "only before", *[None] * 3)]
    back = _diff(later(), earlier)
    assert back.changes["measure"].to_list() == ["only after"]
    assert set(back.counts.filter(pl.col("aspect") != "area")["compared"]) == {4}


def test_clusters_numbered_anew_are_the_same_clusters(earlier, later, small_study):
    swapped = (3 - pl.col("cluster")).alias("cluster")
    numbers = small_study.lake.read("cluster_assignments")["cluster"]
    assert set(numbers) == {1, 2}
    for table in ("cluster_assignments", "cluster_shares"):
        small_study.change(table, swapped)
    found = _diff(earlier, later())
    assert found.changes.is_empty()
    assert any("2 is 1 after, 1 is 2 after" in note for note in found.notes)


def test_an_area_of_another_cluster_is_told(earlier, later, small_study):
    shares = small_study.lake.read("cluster_shares").filter(k=2)
    area = shares["area_code"][0]
    there = pl.col("area_code") == area
    small_study.change("cluster_shares", (3 - pl.col("cluster")).alias("cluster"), where=there)
    found = _diff(earlier, later())
    assert found.changes.filter(aspect="cluster")["area_code"].to_list() == [area]


def test_predictions_of_another_target_are_not_compared(earlier, later, small_study):
    small_study.file.write_text(
        small_study.file.read_text() + "models: {target: income_rank}\n", encoding="utf-8"
    )
    small_study.study = load_study(small_study.file)
    found = _diff(earlier, later())
    assert found.notes[0].startswith("the target differs: imd_rank before, income_rank after")
    assert any("different targets" in note for note in found.notes)
    assert "prediction" not in set(found.counts["aspect"])


def test_what_is_no_publication_is_said_to_be_none(earlier, tmp_path):
    foreign, text, empty = (tmp_path / name for name in ("a'b.duckdb", "b.duckdb", "c.duckdb"))
    with duckdb.connect(str(foreign)) as connection:
        connection.execute("create table about as select 'x' as build_id")
    text.write_text("no database")
    empty.touch()
    for path in (foreign, text, empty, tmp_path):
        with pytest.raises(StudyError, match="no file that streetview published"):
            _diff(earlier, path)
    with pytest.raises(StudyError, match="no such file"):
        _diff(tmp_path / "none.duckdb", earlier)


def test_the_command_tells_it_and_gives_it_as_data(earlier, later, small_study, tmp_path):
    named = pl.lit("=1+1").alias("area_name")
    small_study.change("areas", named, where=pl.col("area_code") == "A1")
    small_study.change("targets", pl.col("value") * 2, where=pl.col("area_code") == "A1")
    files = [str(earlier), str(later())]
    said = CliRunner().invoke(app, ["diff", *files, "--csv", str(tmp_path / "changes.csv")])
    assert said.exit_code == 0, said.output
    assert "build 1" in said.output
    assert "imd_rank" in said.output
    rows = pl.read_csv(tmp_path / "changes.csv").to_dicts()
    assert {row["area_name"] for row in rows} == {"'=1+1"}
    data = json.loads(CliRunner().invoke(app, ["diff", *files, "--json"]).output)
    assert [change["change"] for change in data["changes"]] == [100.0, 1000.0]
    assert data["after"]["build_id"] == "build 2"
    wrong = CliRunner().invoke(app, ["diff", files[0], str(tmp_path / "x.duckdb")])
    assert wrong.exit_code == 2


def _publish(study: SmallStudy, number: int, keep: int | None) -> None:
    built = BUILT_AT.replace(day=number)
    kept = study.study.model_copy(update={"publish": Publish(keep=keep)})
    publish(study.lake, kept, Build("hash", "0.1.0", f"build{number}", built))


def test_so_many_publications_are_kept_the_oldest_goes(small_study):
    root = small_study.lake.root
    _publish(small_study, 1, keep=None)
    assert not (root / "publications").exists()
    own = root / "publications" / "mine.duckdb"
    own.parent.mkdir()
    own.write_bytes(b"of somebody")
    for number in (2, 2, 3):
        _publish(small_study, number, keep=2)
        (own.parent / f".x.duckdb.{number}.tmp").touch()
    kept = kept_publications(root)
    assert [path.name for path in kept] == [
        "20260702T000000Z-build2.duckdb",
        "20260703T000000Z-build3.duckdb",
    ]
    _publish(small_study, 4, keep=None)
    assert kept_publications(root) == kept
    assert own.exists()
    assert read_publication(kept[0]).about["build_id"] == "build2"
    kept[1].write_bytes(b"half of it")
    found = verify(OpenStudy(small_study.study, root))
    assert [one.path for one in found if one.path in kept and one.fault == "damaged"] == [kept[1]]


def test_the_one_before_is_kept_once_it_is_asked_for(small_study, monkeypatch):
    small_study.lake.root.rename(small_study.file.parent / "small")
    small_study.lake = Lake(small_study.file.parent / "small")
    monkeypatch.setenv("STREETVIEW_DATA", str(small_study.file.parent))
    monkeypatch.setenv("STREETVIEW_STUDY", str(small_study.file))
    _publish(small_study, 1, keep=None)
    said = CliRunner().invoke(app, ["diff"])
    assert said.exit_code == 2
    assert "0 publications are kept" in said.output
    _publish(small_study, 2, keep=2)
    said = CliRunner().invoke(app, ["diff", "--json"])
    data = json.loads(said.output)
    assert (data["before"]["build_id"], data["after"]["build_id"]) == ("build1", "build2")


def test_how_many_are_kept_makes_nothing_anew(small_study):
    opened = OpenStudy(small_study.study, small_study.lake.root)
    kept = small_study.study.model_copy(update={"publish": Publish(keep=5)})
    keeping = OpenStudy(kept, small_study.lake.root)
    assert keeping.study_hash == opened.study_hash
    assert publication(keeping) == publication(opened)
