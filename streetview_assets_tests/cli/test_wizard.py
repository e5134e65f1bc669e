"""What `init` asks: a wrong answer costs that answer alone, and no answer writes nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
import typer
from shapely import LineString, box
from typer.testing import CliRunner

from streetview_assets.cli.starter.study_text import Wanted, study_text
from streetview_assets.cli.starter.wizard import QUESTIONS, asked

NOTHING = Wanted(None, None, None, None, (), (), None)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    areas = {"code": ["a1", "a2"], "authority_code": ["X1", "X2"]}
    squares = [box(place, 0, place + 0.01, 0.01) for place in (0, 0.01)]
    gpd.GeoDataFrame(areas, geometry=squares, crs=4326).to_file("my areas.geojson")
    line = LineString([(0, 0), (0.02, 0.01)])
    gpd.GeoDataFrame({"highway": ["primary"]}, geometry=[line], crs=4326).to_file("roads.gpkg")
    Path("values.csv").write_text("code,score\na1,3\na2,4\n")
    Path("elsewhere.csv").write_text("code,score\nb1,3\nb2,4\n")
    return tmp_path


def answered(folder, *answers, given=NOTHING):
    with CliRunner().isolation(input="".join(f"{one}\n" for one in answers)) as (out, *_):
        try:
            return asked(given, folder), out.getvalue().decode()
        except typer.Exit:
            return None, out.getvalue().decode()


def test_each_wrong_answer_is_told_at_once_and_asked_again(folder):
    made, said = answered(
        folder, "none.geojson", "", "roads.gpkg", "'my areas.geojson'", "", "X3", "X1, X2",
        "my areas.geojson", "roads.gpkg", "elsewhere.csv", "values.csv", "bing", "panoramax",
    )  # fmt: skip
    assert made == Wanted(
        Path("my areas.geojson"), Path("roads.gpkg"), None, None, (Path("values.csv"),),
        ("X1", "X2"), "panoramax",
    )  # fmt: skip
    told = " ".join(said.split())
    assert f"There is no file none.geojson in {folder}." in told
    assert "A study needs this file." in told
    assert "areas are polygons, but this file holds LineStrings" in told
    assert "--authority X3: no area is in it." in told
    assert "roads are lines, but this file holds Polygons" in told
    assert "elsewhere.csv: no column has the codes of the areas" in told
    assert "--provider bing: none of google" in told


def test_nothing_stands_for_what_each_question_says(folder):
    made, _ = answered(folder, "my areas.geojson", "", "", "", "", "")
    text = study_text(made, folder)
    assert all(said in text for said in ("source: overpass", "provider: synthetic", "# targets:"))


def test_what_was_given_is_not_asked(folder):
    _, said = answered(folder, "my areas.geojson", given=Wanted(
        None, Path("roads.gpkg"), None, None, (), ("X1",), "google"))  # fmt: skip
    assert [one.key for one in QUESTIONS if one.text in said] == ["areas", "lookup"]


def test_the_end_of_input_writes_nothing_and_says_so(folder):
    made, said = answered(folder, "my areas.geojson")
    assert made is None
    assert "Nothing was written." in said


def test_ctrl_c_at_a_question_ends_it_with_one_line_and_writes_nothing(folder):
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "streetview_assets.cli.entry", "init"]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm"}
    asking = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True
    )
    os.close(theirs)
    assert "File of the areas" in asking.stdout.readline()
    asking.send_signal(signal.SIGINT)
    said, _ = asking.communicate(timeout=60)
    os.close(ours)
    assert asking.returncode == 130
    assert said.removeprefix("> ").split() == ["Nothing", "was", "written."]
    assert not Path("study.yaml").exists()
