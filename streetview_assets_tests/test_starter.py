"""The study file that `streetview init` writes is right for the files it was made from."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, box
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.cli.starter.guessed_areas import guess_columns
from streetview_assets.cli.starter.study_text import starter_study
from streetview_assets.errors import StudyError
from streetview_assets.study.study_file import load_study

LSOA = {
    "fid": [1.5, 2.5, 3.5],
    "lsoa21_name": ["Leeds 001A", "Leeds 001B", "Leeds 001C"],
    "lsoa21_code": ["E01011229", "E01011230", "E01011231"],
    "ltla24_code": ["E08000035"] * 3,
    "ltla24_name": ["Leeds"] * 3,
}


@pytest.fixture
def folder(tmp_path):
    squares = [box(index, 0, index + 1, 1) for index in range(3)]
    gpd.GeoDataFrame(LSOA, geometry=squares, crs=4326).to_file(tmp_path / "lsoa 2021.geojson")
    lines = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[LineString([(0, 0), (1, 1)])])
    lines.set_crs(4326).to_file(tmp_path / "roads.gpkg")
    return tmp_path


def test_the_file_loads_beside_its_inputs_and_means_them(folder):
    text = starter_study(folder / "lsoa 2021.geojson", folder / "roads.gpkg", folder=folder)
    assert "path: lsoa 2021.geojson" in text
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    study = load_study(folder / "study.yaml")
    assert study.name == "lsoa-2021"
    assert study.areas.path == folder / "lsoa 2021.geojson"
    assert study.areas.code == "lsoa21_code"
    assert study.areas.name == "lsoa21_name"
    assert study.areas.authority_code == "ltla24_code"
    assert study.areas.authority_name == "ltla24_name"
    assert study.roads.path == folder / "roads.gpkg"


def test_paths_are_relative_to_the_folder_of_the_study_file(folder):
    beside = folder / "studies"
    beside.mkdir()
    text = starter_study(folder / "lsoa 2021.geojson", folder / "roads.gpkg", "a", beside)
    assert "path: ../roads.gpkg" in text
    (beside / "a.yaml").write_text(text, encoding="utf-8")
    assert load_study(beside / "a.yaml").roads.path == folder / "roads.gpkg"


def test_the_targets_that_it_shows_are_right_once_they_are_uncommented(folder):
    text = starter_study(folder / "lsoa 2021.geojson", folder / "roads.gpkg", folder=folder)
    before, after = text.split("# targets:\n")
    lines, rest = after.split("\n\n")
    for file in ("imd.csv", "health.csv", "income.csv", "postcodes.csv"):
        (folder / file).touch()
    shown = "\n".join(line.removeprefix("# ") for line in lines.splitlines())
    (folder / "study.yaml").write_text(f"{before}targets:\n{shown}\n\n{rest}", encoding="utf-8")
    targets = load_study(folder / "study.yaml").targets
    assert [target.given_as for target in targets] == ["value", "decile", "value"]
    assert targets[2].lookup.aggregate == "median"


def test_it_tells_what_was_guessed_and_what_there_was_to_choose_from(folder):
    text = starter_study(folder / "lsoa 2021.geojson", folder / "roads.gpkg", folder=folder)
    assert "code: lsoa21_code  # guessed" in text
    assert "# 3 areas; columns: fid, lsoa21_name, lsoa21_code, ltla24_code, ltla24_name" in text
    assert "# columns: highway" in text
    assert "# authorities: [E08000035]" in text


@pytest.mark.parametrize(
    ("columns", "code", "name", "authority_code", "authority_name"),
    [
        (LSOA, "lsoa21_code", "lsoa21_name", "ltla24_code", "ltla24_name"),
        ({"LSOA11CD": ["E01000001", "E01000002"], "LSOA11NM": ["a", "b"]},
         "LSOA11CD", "LSOA11NM", None, None),
        ({"area_code": ["x1", "x2"], "area_name": ["a", "b"], "borough_code": ["p", "p"],
          "borough_name": ["P", "P"]}, "area_code", "area_name", "borough_code", "borough_name"),
        ({"name": ["a", "b"], "geoid": [17, 18]}, "geoid", "name", None, None),
        # An authority of one area: its code is as different in every row as the area's.
        ({"LAD24CD": ["E06000001"], "LSOA21CD": ["E01000001"]},
         "LSOA21CD", None, "LAD24CD", None),
        # A plain `name` is the area's, not the authority's.
        ({"name": ["a", "b"], "geoid": ["x", "y"], "lad_code": ["p", "p"]},
         "geoid", "name", "lad_code", None),
        # The areas are authorities themselves.
        ({"lad24cd": ["E06000001", "E08000002"]}, "lad24cd", None, None, None),
        ({"square": ["a", "b"]}, "square", None, None, None),
    ],
)  # fmt: skip
def test_columns_are_guessed(columns, code, name, authority_code, authority_name):
    guess = guess_columns(pd.DataFrame(columns), Path("areas.gpkg"))
    assert (guess["code"], guess["name"]) == (code, name)
    assert guess["authority_code"] == authority_code
    assert guess["authority_name"] == authority_name


def test_a_file_without_any_code_is_refused_with_its_columns():
    table = pd.DataFrame({"kind": ["a", "a"], "size": [1.0, 2.0], "gap": ["a", None]})
    with pytest.raises(StudyError, match=r"areas\.gpkg: no column could be.*kind, size, gap"):
        guess_columns(table, Path("areas.gpkg"))


def test_files_given_the_wrong_way_round_are_refused(folder):
    with pytest.raises(StudyError, match="areas first, then the file of roads"):
        starter_study(folder / "roads.gpkg", folder / "lsoa 2021.geojson")


def test_files_that_cannot_be_read_are_refused(folder):
    (folder / "notes.geojson").write_text("not a map")
    with pytest.raises(StudyError, match=r"notes\.geojson is not readable as a file of areas"):
        starter_study(folder / "notes.geojson", folder / "roads.gpkg")
    with pytest.raises(StudyError, match=r"notes\.geojson is not readable as a file of roads"):
        starter_study(folder / "lsoa 2021.geojson", folder / "notes.geojson")
    with pytest.raises(StudyError, match=r"gone\.gpkg: no such file"):
        starter_study(folder / "lsoa 2021.geojson", folder / "gone.gpkg")


def test_names_that_yaml_would_misread_are_quoted(folder):
    areas = gpd.read_file(folder / "lsoa 2021.geojson")
    areas = areas.rename(columns={"lsoa21_code": "no", "lsoa21_name": "name: #1"})
    areas[["no", "name: #1", "geometry"]].to_file(folder / "odd # name.geojson")
    text = starter_study(folder / "odd # name.geojson", folder / "roads.gpkg", folder=folder)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    study = load_study(folder / "study.yaml")
    assert study.areas.path == folder / "odd # name.geojson"
    assert study.areas.code == "no"


def test_a_crs_in_metres_is_taken_from_the_areas(folder):
    areas = gpd.read_file(folder / "lsoa 2021.geojson").set_crs(27700, allow_override=True)
    areas.to_parquet(folder / "metres.pq")
    text = starter_study(folder / "metres.pq", None, folder=folder)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    assert load_study(folder / "study.yaml").crs == "EPSG:27700"


def test_a_name_of_ones_own_is_held_to_the_rule(folder):
    with pytest.raises(StudyError, match=r"'Leeds Centre'.*a to z"):
        starter_study(folder / "lsoa 2021.geojson", folder / "roads.gpkg", "Leeds Centre")


SHARED = Path(__file__).parents[1] / "../shared/data"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data lie beside the checkout, and do not")
@pytest.mark.parametrize(
    ("areas", "code", "authority_code"),
    [
        ("leeds_lsoa2021_simplified.geojson", "lsoa21_code", "ltla24_code"),
        ("leeds_lsoa2011_E08000035.geojson", "LSOA11CD", None),
        ("ew_lsoa21_simplified.parquet", "lsoa21_code", None),
    ],
)
@pytest.mark.parametrize("roads", ["leeds_osm_ways_2500m.gpkg", "its-example.osm.pbf"])
def test_real_boundaries_give_a_study_that_loads(tmp_path, areas, roads, code, authority_code):
    text = starter_study(SHARED / "lsoa" / areas, SHARED / "roads" / roads, folder=tmp_path)
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    study = load_study(tmp_path / "study.yaml")
    assert (study.areas.code, study.areas.authority_code) == (code, authority_code)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data lie beside the checkout, and do not")
def test_greater_manchester_has_ten_authorities_by_the_names_of_its_areas(tmp_path, monkeypatch):
    areas = SHARED / "lsoa" / "gm_lsoa2021_generalised.geojson"
    monkeypatch.chdir(tmp_path)
    table = SHARED / "imd" / "imd2025_england_lsoa21.csv"
    said = CliRunner().invoke(app, ["init", str(areas), "--targets", str(table)])
    assert "10 authorities, each a partition (Bolton, Bury, Manchester" in said.output
    target = load_study(tmp_path / "study.yaml").targets[0]
    assert (target.name, target.value, target.more_is) == ("imd_rank", "IMD_rank", "better")
    assert target.called == "IMD rank"
    elsewhere = CliRunner().invoke(
        app,
        ["init", str(areas), str(SHARED / "roads" / "leeds_osm_ways_2500m.gpkg"), "--output", "b"],
    )
    assert elsewhere.exit_code == 2
    assert "lies elsewhere than the areas" in elsewhere.output


@pytest.fixture
def tables(folder, monkeypatch):
    (folder / "lookup.csv").write_text(
        "lsoa,ladcd,ladnm\nE01011229,E08000035,Leeds\nE01011230,E08000035,Leeds\n"
        "E01011231,E08000036,Wakefield\n"
    )
    (folder / "imd.csv").write_text(
        "lsoa;note;IMD decile\nE01011229;a;1\nE01011230;b;10\nE01011231;c;4\n"
    )
    monkeypatch.chdir(folder)
    return folder


def test_a_lookup_and_a_target_are_guessed_from_their_values(tables):
    areas = gpd.read_file(tables / "lsoa 2021.geojson")[["lsoa21_code", "geometry"]]
    areas.to_file(tables / "plain.geojson")
    command = ["init", "plain.geojson", "--lookup", "lookup.csv", "--targets", "imd.csv",
               "--authority", "E08000035", "--provider", "panoramax"]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "1 authority: one partition (E08000035)" in done.output
    study = load_study(tables / "study.yaml")
    lookup = study.areas.lookup
    assert (lookup.code, lookup.authority_code, lookup.authority_name) == ("lsoa", "ladcd", "ladnm")
    (target,) = study.targets
    assert (target.value, target.more_is, target.is_decile) == ("IMD decile", "better", True)
    assert (study.images.provider, study.roads.source) == ("panoramax", "overpass")


def test_tables_of_other_places_and_files_that_are_there_are_refused(tables):
    (tables / "other.csv").write_text("lsoa,rank\nE01000001,3\n")
    wrong = CliRunner().invoke(app, ["init", "lsoa 2021.geojson", "--targets", "other.csv"])
    assert wrong.exit_code == 2
    assert "no column has the codes of the areas, such as E01011229" in wrong.output
    assert not (tables / "study.yaml").exists()
    (tables / "study.yaml").write_text("mine")
    again = CliRunner().invoke(app, ["init", "lsoa 2021.geojson"])
    assert (again.exit_code, (tables / "study.yaml").read_text()) == (2, "mine")
    assert CliRunner().invoke(app, ["init"]).exit_code == 2
    unknown = CliRunner().invoke(
        app, ["init", "lsoa 2021.geojson", "--output", "b", "--provider", "x"]
    )
    assert "none of google, mapillary" in unknown.output


def test_an_authority_that_no_area_is_in_is_refused_whoever_says_where_areas_belong(tables):
    areas = gpd.read_file(tables / "lsoa 2021.geojson")
    areas[["lsoa21_code", "geometry"]].to_file(tables / "plain.geojson")
    areas[["lsoa21_code", "lsoa21_name", "geometry"]].to_file(tables / "named.geojson")
    for given, there in (
        (["lsoa 2021.geojson"], "E08000035"),
        (["plain.geojson", "--lookup", "lookup.csv"], "E08000035, E08000036"),
        (["named.geojson"], "Leeds"),
    ):
        refused = CliRunner().invoke(app, ["init", *given, "--authority", "E08000019"])
        assert refused.exit_code == 2, given
        told = " ".join(refused.output.split())
        assert "--authority E08000019: no area is in it." in told
        assert told.endswith(f"There are: {there}")


def test_files_as_their_offices_publish_them_are_understood(folder, monkeypatch):
    """The boundaries of the Office for National Statistics, and File 7 of the Indices."""
    monkeypatch.chdir(folder)
    areas = gpd.read_file("lsoa 2021.geojson")
    official = {"LSOA21CD": areas["lsoa21_code"], "LSOA21NM": areas["lsoa21_name"]}
    gpd.GeoDataFrame(official, geometry=areas.geometry, crs=4326).to_file("ons.geojson")
    heading = [
        "LSOA code (2021)", "LSOA name (2021)", "Local Authority District code (2024)",
        "Index of Multiple Deprivation (IMD) Score",
        "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
        "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
    ]  # fmt: skip
    rows = [[code, "Leeds", "E08000035", 30.5 - rank, rank, 1]
            for rank, code in enumerate(areas["lsoa21_code"], start=11)]  # fmt: skip
    pd.DataFrame(rows, columns=heading).to_csv("file7.csv", index=False)
    done = CliRunner().invoke(app, ["init", "ons.geojson", "--targets", "file7.csv"])
    assert "1 authority: one partition (Leeds)" in done.output
    study = load_study(folder / "study.yaml")
    (target,) = study.targets
    assert (target.area_code, target.value) == (heading[0], heading[4])
    assert (target.more_is, target.called) == ("better", "Index of Multiple Deprivation Rank")
    assert target.name == "index_of_multiple_deprivation_rank"
    assert study.areas.authority_in_name
