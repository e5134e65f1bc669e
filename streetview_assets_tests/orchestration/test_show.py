"""A finished study is shown on one sheet, and goes out with tags and as panoramas."""

import json
import re

import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.cli.show.show_facts import facts_of, prediction_of
from streetview_assets.cli.show.show_sheet import draw_sheet
from streetview_assets.points.imported.points import import_points
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES

PANEL_PX = 600


@pytest.fixture
def say(finished_town, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")

    def run(*words: object, code: int = 0) -> str:
        file = str(finished_town.opened.study.path)
        done = CliRunner().invoke(app, [str(word) for word in (*words, file)])
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_an_image_and_an_area_are_shown_on_one_sheet_each(finished_town, say):
    opened = finished_town.opened
    profile = opened.table("area_profile").drop_nulls("predicted").row(0, named=True)
    area = profile["area_code"]
    image = opened.table("images").filter(area_code=area, status="ok").row(0, named=True)
    clusters = opened.table("cluster_assignments").filter(image_id=image["image_id"], k=2)
    for identifier in (image["image_id"], area):
        output = say("show", identifier)
        sheets = re.findall(r"sheet: (.*png)", output)
        assert sheets == [str(opened.root / "figures" / "shown" / f"{identifier}.png")]
        with Image.open(sheets[0]) as sheet:
            assert sheet.width > PANEL_PX
            assert sheet.height > 480, "images without those that look like them"
        if identifier != area:
            assert re.search(rf"cluster\W+{clusters['cluster'][0]} of 2\b", output)
            assert prediction_of(profile)[:30] in output
    assert "neither an image_id nor an area_code" in say("show", "nobody", code=2)


def test_what_is_known_of_an_image_is_its_own(finished_town):
    opened = finished_town.opened
    areas = opened.table("area_profile")
    image = opened.table("images").filter("is_current", status="ok").row(0, named=True)
    name = {"seen_as": image["image_id"]}
    shown = facts_of(opened, image["image_id"], image, areas, **name)
    assert sum(shown.shares.values()) == pytest.approx(1)
    assert shown.profile["area_code"] == image["area_code"]
    assert shown.cluster in (1, 2)
    alone = facts_of(opened, image["image_id"], image | {"area_code": None}, areas, **name)
    assert (alone.profile, alone.shares, alone.cluster) == (None, {}, shown.cluster)
    assert draw_sheet(alone, None, []).startswith(b"\x89PNG")


def test_an_image_at_a_border_tells_the_area_it_looks_at(finished_town, say):
    elsewhere = finished_town.opened.table("image_areas").filter(
        pl.col("looks_at_code").is_not_null(), pl.col("looks_at_code") != pl.col("area_code")
    )
    image_id, _, looks_at = elsewhere.select("image_id", "area_code", "looks_at_code").row(0)
    assert re.search(rf"looks at\W+{looks_at}\b", say("show", image_id))
    area = elsewhere["area_code"][0]
    assert re.search(r"elsewhere_share\W+0\.\d", say("show", area))


def test_points_of_roads_go_out_with_tags(finished_town, say, tmp_path):
    out = tmp_path / "tags.json"
    said = say("export", "tags", "--output", out)
    points = finished_town.opened.read("sample_points")
    locations = json.loads(out.read_text())
    assert f"{points.height} locations" in said
    assert {tag for one in locations for tag in one["extra"]["tags"]} <= {
        "cluster 1 of 2",
        "cluster 2 of 2",
    }
    read = import_points(Points(path=out), TABLES["areas"].frame()).points
    assert set(read["point_id"]) == set(points["point_id"])
    assert "go with export tags" in say("export", "areas", "--k", "3", code=2)
    assert "leave --format out" in say("export", "tags", "--format", "csv", code=2)
    assert "go with export hdf5" in say("export", "--images", "areas", code=2)


def test_what_is_no_kind_of_export_is_a_table_wherever_options_stand(say, tmp_path):
    for file in (tmp_path / "areas.csv", tmp_path / "tags"):
        said = say("export", "--format", "csv", "--output", file, "areas")
        assert f"Wrote {file}" in said
        assert "area_code" in pl.read_csv(file).columns
    out = tmp_path / "tags.json"
    assert "with tags" in say("export", "--k", "2", "--output", out, "tags")
    assert "no table" in say("export", "nowhere", code=2)
    assert "option" in say("export", "areas", "--bogus", code=2)


def test_panoramas_are_images_unless_a_format_is_named(finished_town, say, tmp_path):
    said = say("export", "panoramas", "--output", tmp_path / "out")
    images = finished_town.opened.read("images").filter("is_current", status="ok").height
    assert f"{images} images" in said
    table = pl.read_csv(tmp_path / "out" / "panoramas.csv")
    assert table["attribution"].str.contains("synthetic").all()
    assert (tmp_path / "out" / table["location"][0] / "heading_0.jpg").is_file()
    say("export", "panoramas", "--format", "csv", "--output", tmp_path / "panoramas.csv")
    assert "first_seen_at" in pl.read_csv(tmp_path / "panoramas.csv").columns
