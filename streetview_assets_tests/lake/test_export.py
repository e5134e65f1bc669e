import json
import math
from datetime import UTC, date, datetime
from typing import ClassVar
from xml.etree import ElementTree

import duckdb
import geopandas as gpd
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
import shapely
from openpyxl import load_workbook

from streetview_assets.areas.geoframe import to_places
from streetview_assets.errors import StudyError
from streetview_assets.exports import formats as plain_files
from streetview_assets.exports.formats import write_csv, write_xlsx, write_xml
from streetview_assets.exports.tables import GEOGRAPHIC, PLAIN, export_table
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.spreadsheet_text import unguarded

SQUARE = shapely.box(-1.6, 53.7, -1.5, 53.8)
AREAS = TABLES["areas"].frame(
    [
        {
            "area_code": "A1",
            "area_name": "one",
            "authority_code": "X",
            "authority_name": "X",
            "longitude": -1.55,
            "latitude": 53.75,
            "area_km2": 1.0,
            "geometry": SQUARE.wkb,
        }
    ]
)


class Published:
    """Stands where an open study does; the tables are what a query would give."""

    tables: ClassVar = {
        "area_profile": AREAS.with_columns(shares=pl.Series([[0.25, 0.75]])),
        "sample_points": TABLES["sample_points"].frame(
            [
                {
                    "authority_code": "X",
                    "point_id": "p",
                    "longitude": -1.5,
                    "latitude": 53.7,
                    "source_properties": '{"heading": 90, "extra": {"tags": ["a"]}}',
                }
            ]
        ),
        "cluster_shares": pl.DataFrame({"area_code": ["A1", "gone"], "share": [0.5, 0.5]}),
        "cluster_scores": pl.DataFrame({"k": [2], "value": [0.1]}),
    }

    def table(self, name):
        return self.tables[name]

    def geo(self, name):
        return to_places(self.table(name), name, AREAS)


@pytest.mark.parametrize("kind", GEOGRAPHIC)
def test_areas_and_points_are_written_with_their_place(tmp_path, kind):
    for table, geometry in [("area_profile", SQUARE), ("sample_points", shapely.Point(-1.5, 53.7))]:
        path = export_table(Published(), table, kind, tmp_path / f"{table}.{kind}")
        read = gpd.read_parquet(path) if kind == "geoparquet" else gpd.read_file(path)
        assert read.crs == "EPSG:4326"
        assert read.geometry[0].normalize().equals_exact(geometry.normalize(), 1e-9)
    written = {path.name for path in tmp_path.iterdir() if path.suffix != ".qml"}
    assert sorted(written) == sorted(
        f"{table}.{kind}" for table in ("area_profile", "sample_points")
    )


def test_geoparquet_is_one_that_other_programs_read_and_skip_in(tmp_path):
    """Of version 1.1: polars refuses files of version 2 whole, and others do not know them yet."""
    path = export_table(Published(), "cluster_shares", "geoparquet", tmp_path / "p.parquet")
    told = json.loads(pq.read_schema(path).metadata[b"geo"])
    outline = told["columns"]["geometry"]
    assert (told["version"], outline["encoding"]) == ("1.1.0", "WKB")
    assert outline["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    kinds = dict(
        duckdb.sql(
            "select column_name, column_type from (describe from read_parquet($1))",
            params=[str(path)],
        ).fetchall()
    )
    assert kinds["geometry"].startswith("GEOMETRY(")
    assert "WGS 84" in kinds["geometry"]
    assert pl.read_parquet(path)["area_code"].to_list() == ["A1", "gone"]
    assert gpd.read_parquet(path, bbox=(-1.55, 53.7, -1.5, 53.8))["area_code"].tolist() == ["A1"]
    assert gpd.read_parquet(path, bbox=(0, 0, 1, 1)).empty
    assert "bbox" not in gpd.read_parquet(path)


def read_back(path, kind) -> pl.DataFrame:
    """Read with other programs' readers; what XML leaves out is null."""
    if kind == "xlsx":
        heading, *rows = load_workbook(path).active.iter_rows(values_only=True)
        return pl.DataFrame(rows, schema=list(heading), orient="row", infer_schema_length=None)
    if kind == "xml":
        return pl.from_pandas(pd.read_xml(path, parser="etree"))
    return pl.read_csv(path) if kind == "csv" else pl.read_parquet(path)


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if kind != "latex"])
def test_any_table_is_written_as_rows(tmp_path, kind):
    path = export_table(Published(), "area_profile", kind, tmp_path / f"out.{kind}")
    read = read_back(path, kind)
    assert read.columns == [*AREAS.columns, "shares"]
    assert read["area_code"].to_list() == ["A1"]
    assert read["longitude"].to_list() == [-1.55]
    if kind != "parquet":
        assert shapely.from_wkt(read["geometry"][0]).equals(SQUARE)
        assert json.loads(read["shares"][0]) == [0.25, 0.75]


def test_geojson_holds_no_nan_and_takes_no_text_for_json(tmp_path):
    class Odd(Published):
        tables: ClassVar = {
            "points": pl.DataFrame(
                {
                    "name": ["[NaN]", '{"a": NaN}', "=x"],
                    "longitude": [-1.5, None, math.nan],
                    "latitude": [53.7, 53.8, 53.9],
                    "value": [math.nan, math.inf, 0.1],
                    "count": [1, None, 3],
                    "vector": [[math.nan, 1.0], None, [2.0]],
                    "captured_on": [date(2024, 6, 1), None, None],
                    "source_properties": ['{"heading": NaN, "pitch": -Infinity}', None, "{}"],
                }
            )
        }

    path = export_table(Odd(), "points", "geojson", tmp_path / "p.geojson")
    read = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    first, second, third = (feature["properties"] for feature in read["features"])
    assert [first["name"], second["name"], third["name"]] == ["[NaN]", '{"a": NaN}', "=x"]
    assert (first["value"], second["value"], third["value"]) == (None, None, 0.1)
    assert (first["count"], first["vector"], first["captured_on"]) == (1, [None, 1.0], "2024-06-01")
    assert first["source_properties"] == {"heading": None, "pitch": None}
    places = [feature["geometry"] for feature in read["features"]]
    assert places == [{"type": "Point", "coordinates": [-1.5, 53.7]}, None, None]


FORMULAS = ["=cmd|' /C calc'!A0", "+1+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1"]
HARMLESS = ["-33.868800_151.209300", "-5", "+1.5e-3", "a=b", "'tis", "", None]


def test_csv_holds_no_formula_and_gives_texts_back(tmp_path):
    frame = pl.DataFrame({"=name": [*FORMULAS, *HARMLESS], "value": [-1.5] * 14})
    write_csv(frame, tmp_path / "t.csv", "t")
    read = pl.read_csv(tmp_path / "t.csv", infer_schema=False)
    assert read.columns == ["'=name", "value"]
    found = read["'=name"].to_list()
    assert found[: len(FORMULAS)] == [f"'{text}" for text in FORMULAS]
    assert [text or None for text in found[len(FORMULAS) :]] == [text or None for text in HARMLESS]
    assert [unguarded(text) for text in found if text] == [*FORMULAS, *filter(None, HARMLESS)]
    assert set(read["value"]) == {"-1.5"}


AWKWARD = pl.DataFrame(
    {
        "name": ['=HYPERLINK("x")', "a\x01b <&> 'ü'", None],
        "is_current": [True, False, None],
        "captured_on": [date(1, 1, 1), date(2024, 6, 1), None],
        "fetched_at": pl.Series(
            [datetime(2026, 5, 1, 12, 30, tzinfo=UTC), None, None], dtype=pl.Datetime("us", "UTC")
        ),
        "value": [0.1, float("inf"), float("nan")],
        "rank": [1, 2, 2**40],
    }
)


def test_a_spreadsheet_holds_what_spreadsheets_take_amiss(tmp_path):
    write_xlsx(AWKWARD, tmp_path / "t.xlsx", "a_table_whose_name_is_longer_than_a_sheets")
    sheet = load_workbook(tmp_path / "t.xlsx").active
    assert sheet.freeze_panes == "A2"
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ['=HYPERLINK("x")', True, "0001-01-01", datetime(2026, 5, 1, 12, 30), 0.1, 1],
        ["a\ufffdb <&> 'ü'", False, datetime(2024, 6, 1), None, "inf", 2],
        [None, None, None, None, "nan", 2**40],
    ]
    assert sheet["A2"].data_type == "s", "a formula"


def test_xml_holds_every_text_and_leaves_out_what_is_null(tmp_path):
    write_xml(AWKWARD, tmp_path / "t.xml", 'of "all"')
    table = ElementTree.parse(tmp_path / "t.xml").getroot()
    assert (table.tag, table.get("name")) == ("table", 'of "all"')
    rows = [{element.tag: element.text for element in row} for row in table]
    assert rows[0] == {
        "name": '=HYPERLINK("x")',
        "is_current": "true",
        "captured_on": "0001-01-01",
        "fetched_at": "2026-05-01T12:30:00+00:00",
        "value": "0.1",
        "rank": "1",
    }
    assert rows[1]["name"] == "a\ufffdb <&> 'ü'"
    assert [row["value"] for row in rows[1:]] == ["INF", "NaN"]
    assert set(rows[2]) == {"value", "rank"}


def test_a_table_of_latex_has_short_numbers_and_runs_nothing_of_a_name(tmp_path):
    rows = pl.DataFrame({"area_name": [r"A & B_1 \input{x} 100 %"], "value": [0.123456789]})

    class Named(Published):
        tables: ClassVar = {"scores": rows}

    text = export_table(Named(), "scores", "latex", tmp_path / "t.tex").read_text("utf-8")
    assert r"A \& B\_1 \textbackslash input\{x\} 100 \% & 0.1235 \\" in text
    assert r"\label{tab:scores}" in text


@pytest.mark.parametrize("write", [write_xlsx, write_xml])
def test_vectors_are_refused_with_a_way_out(tmp_path, write):
    for vector in (pl.List(pl.Float32), pl.Array(pl.Float32, 2)):
        frame = pl.DataFrame({"embedding": [[0.6, 0.8]]}, schema={"embedding": vector})
        with pytest.raises(StudyError, match=r"area_embeddings has vectors.*parquet, or as csv"):
            write(frame, tmp_path / "x", "area_embeddings")
    assert list(tmp_path.iterdir()) == []


def test_more_than_a_sheet_holds_is_refused(tmp_path, monkeypatch):
    with pytest.raises(StudyError, match=r"column name: a text of 32,768 characters"):
        write_xlsx(pl.DataFrame({"name": ["x", "x" * 32_768]}), tmp_path / "x", "t")
    monkeypatch.setattr(plain_files, "MOST_ROWS", 3)
    write_xlsx(AWKWARD.head(2), tmp_path / "fits.xlsx", "t")
    with pytest.raises(StudyError, match=r"table t has 3 rows, and a sheet of xlsx holds 2"):
        write_xlsx(AWKWARD, tmp_path / "x", "t")
    with pytest.raises(StudyError, match=r"no element named '2024'"):
        write_xml(pl.DataFrame({"2024": [1]}), tmp_path / "x", "t")
    assert [path.name for path in tmp_path.iterdir()] == ["fits.xlsx"]


def test_points_go_back_to_the_map_generator_as_they_came(tmp_path):
    path = export_table(Published(), "sample_points", "map-generator", tmp_path / "back.json")
    assert json.loads(path.read_text()) == [
        {"lat": 53.7, "lng": -1.5, "heading": 90, "extra": {"tags": ["a"]}}
    ]
    with pytest.raises(StudyError, match=r"map-generator is a list of places: .*area_profile as"):
        export_table(Published(), "area_profile", "map-generator", None)


def test_an_area_code_is_enough_to_find_the_outline():
    places = to_places(Published.tables["cluster_shares"], "cluster_shares", AREAS)
    assert places.geometry[0].equals(SQUARE)
    assert places.geometry[1] is None


def test_what_has_no_place_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(StudyError, match=r"cluster_scores has no place.*csv"):
        export_table(Published(), "cluster_scores", "gpkg", tmp_path / "x.gpkg")
    with pytest.raises(StudyError, match=r"no export format 'shp'; there are: geoparquet"):
        export_table(Published(), "area_profile", "shp", None)
