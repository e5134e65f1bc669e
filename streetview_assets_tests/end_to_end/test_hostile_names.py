"""Codes and names that are paths, patterns, markup or controls: nothing is lost, nothing leaves."""

import json

import pytest

from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.small_studies import write_study

ONE, TWO = "../../../../ESCAPED", "[a],b|c...d/\x1b[31m*\n$x$"
AREA_NAME = "[red]x[/] $\\no{f$ \x1b[2J"


@pytest.fixture
def hostile(tmp_path):
    """A tiny study whose files hold such texts wherever a text can stand."""
    drawn = {"draw": True}  # what is drawn has names in it
    study = write_study(tmp_path / "study", authorities=[ONE, TWO], figures=drawn)
    path = study.parent / "areas.geojson"
    document = json.loads(path.read_text(encoding="utf-8"))
    codes = {"X01000001": ONE, "X01000002": TWO}
    renamed = {}
    for number, feature in enumerate(document["features"]):
        told = feature["properties"]
        renamed[told["area_code"]] = f"{number}/../../../{number}[x]*"
        told["area_code"] = renamed[told["area_code"]]
        told["area_name"] = AREA_NAME
        told["authority_code"] = codes.get(told["authority_code"], told["authority_code"])
    path.write_text(json.dumps(document), encoding="utf-8")
    targets = study.parent / "targets.csv"
    lines = targets.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",", 1) for line in lines]
    targets.write_text(
        "\n".join(f"{renamed.get(code, code)},{rest}" for code, rest in rows), encoding="utf-8"
    )
    return study


def test_every_area_of_a_hostile_code_is_made_and_nothing_is_written_elsewhere(
    hostile, tmp_path, streetview, monkeypatch
):
    root = tmp_path / "a" / "b" / "c" / "data"
    monkeypatch.setenv("STREETVIEW_DATA", str(root))
    both = ("--authority", ONE, "--authority", TWO)
    result = streetview("run", hostile, *both, "--until", "images")
    assert result.exit_code == 0, result.output
    assert not set(result.output) & {"\x1b", "\x9b"}
    opened = open_study(hostile)
    counts = {code: opened.read("areas", code).height for code in (ONE, TWO)}
    assert min(counts.values()) > 0
    assert sum(counts.values()) == opened.read("areas").height == opened.sources.areas().height
    for code in (ONE, TWO):
        assert set(opened.read("images", code)["authority_code"]) == {code}
        assert opened.is_fresh("images", code)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "study"]
    assert [path.name for path in root.iterdir()] == ["tiny"]
    assert list(tmp_path.rglob("*ESCAPED*")) == list(root.rglob("*ESCAPED"))
    said = streetview("sql", hostile, "select distinct area_name from areas").output
    assert r"\x1b[2J" in said
    assert "[red]x[/]" in said
