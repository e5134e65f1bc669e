"""Boundaries and lookups that are wrong are refused, with what is wrong."""

import json
import re

import polars as pl
import pytest
from shapely.geometry import Polygon

from streetview_assets.areas.boundaries import authority_codes, read_boundaries
from streetview_assets.errors import StudyError
from streetview_assets_tests.areas.boundary_studies import AUTHORITIES, COLUMNS, leeds_2021


def lookup_columns(tmp_path, rows, name="lookup.csv"):
    pl.DataFrame(rows, schema=["area", "council"], orient="row").write_csv(tmp_path / name)
    return COLUMNS | {"lookup": {"path": name, "code": "area", "authority_code": "council"}}


def test_a_lookup_that_contradicts_itself_is_refused_with_the_codes(squares_study, tmp_path):
    rows = [("01", "N"), ("02", "N"), ("02", "S"), ("03", "S"), ("04", "S"), ("99", "N")]
    study = squares_study(columns=lookup_columns(tmp_path, rows))
    for read in (read_boundaries, authority_codes):
        with pytest.raises(StudyError, match=r"lookup\.csv puts 1 area into two .*02 into N and S"):
            read(study)


def test_a_contradiction_about_others_does_not_stop_a_study(squares_study, tmp_path):
    rows = [
        ("01", "N"),
        ("02", "S"),
        ("02", "E"),
        ("03", "S"),
        ("04", "S"),
        ("99", "N"),
        ("99", "S"),
    ]
    study = squares_study(columns=lookup_columns(tmp_path, rows), authorities=["N"])
    assert read_boundaries(study).areas["area_code"].to_list() == ["01"]
    study = squares_study(columns=lookup_columns(tmp_path, rows), authorities=["S"])
    with pytest.raises(StudyError, match="02 into E and S"):
        read_boundaries(study)


def test_areas_that_the_lookup_lacks_are_named(squares_study, tmp_path):
    columns = lookup_columns(tmp_path, [("01", "N"), ("02", ""), ("04", "S")])
    with pytest.raises(StudyError, match=r"(?s)lookup\.csv.*lacks 2 of the 4 areas.*: 02, 03\."):
        read_boundaries(squares_study(columns=columns))


def duplicated(frame):
    return frame.assign(code=["01", "02", "02", "01"])


def without_code(frame):
    return frame.assign(code=["01", "02", None, "04"])


def without_council(frame):
    return frame.assign(council=["N", None, "S", " "])


def emptied(frame):
    return frame.set_geometry([Polygon(), None, *frame.geometry[2:]])


def collapsed(frame):
    west, south, east, _ = frame.geometry[0].bounds
    flat = Polygon([(west, south), (east, south), (west, south)])
    return frame.set_geometry([flat, *frame.geometry[1:]])


def as_points(frame):
    return frame.set_geometry(frame.representative_point())


def without_rows(frame):
    return frame.iloc[:0]


def without_crs(frame):
    return frame.set_crs(None, allow_override=True)


def mislabelled(frame):
    return frame.set_crs("EPSG:4326", allow_override=True)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (duplicated, r"^areas\.code: .*areas\.gpkg, column 'code': 2 codes .*: 01, 02\. Dissolve"),
        (without_code, r"^areas\.code: .*areas\.gpkg, column 'code': 1 area .* area number 3"),
        (without_council, r"^areas\.authority_code: .*areas\.gpkg.*the areas 02, 04\. Fill"),
        (emptied, r"^areas\.path: .*areas\.gpkg: 2 areas .*missing outline: 01, 02\. "),
        (collapsed, r"^areas\.path: .*areas\.gpkg: 1 area .*without any area inside: 01\. "),
        (as_points, r"^areas\.path: .*areas\.gpkg: 4 areas with no polygon but Point: 01, 02"),
        (without_rows, r"^areas\.path: .*areas\.gpkg has no areas"),
        (without_crs, r"^areas\.path: .*areas\.gpkg (does not say|has the CRS).*Write it again"),
        (mislabelled, r"^areas\.path: .*areas\.gpkg says .* WGS 84, but .*longitude 430000 to"),
    ],
)
def test_wrong_areas_are_refused(squares_study, change, message):
    with pytest.raises(StudyError, match=f"(?s){message}"):
        read_boundaries(squares_study(change))


@pytest.mark.filterwarnings("ignore:Non closed ring")
def test_a_ring_that_is_not_closed_is_refused_with_its_code(make_study, tmp_path):
    ring = [[-1.5, 53.8], [-1.4, 53.8], [-1.4, 53.9], [-1.5, 53.9]]
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [coordinates]},
        }
        for code, coordinates in [("01", [*ring, ring[0]]), ("02", ring[:2])]
    ]
    document = {"type": "FeatureCollection", "features": features}
    (tmp_path / "areas.geojson").write_text(json.dumps(document))
    with pytest.raises(StudyError, match=r"missing outline: 02\."):
        read_boundaries(make_study(areas={"path": "areas.geojson", "code": "code"}))


def test_geoparquet_without_crs_is_refused(squares_study):
    with pytest.raises(StudyError, match=r"areas\.parquet does not say its CRS"):
        read_boundaries(squares_study(without_crs, file="areas.parquet"))


@pytest.mark.parametrize("file", ["areas.gpkg", "areas.parquet"])
@pytest.mark.parametrize(
    ("key", "column", "meant"),
    [
        ("code", "Code", "code"),
        ("name", "lable", "label"),
        ("authority_code", "counsil", "council"),
        ("authority_name", "council_nm", "council_name"),
    ],
)
def test_a_wrong_column_is_named_with_those_there(squares_study, file, key, column, meant):
    study = squares_study(file=file, columns=COLUMNS | AUTHORITIES | {key: column})
    message = rf"(?s)areas\.{key}: .*{file} has no column '{column}'\. Did you mean '{meant}'\?.*"
    with pytest.raises(StudyError, match=message + "code, label, council, council_name"):
        read_boundaries(study)


def test_a_wrong_column_of_the_lookup_is_named(squares_study, tmp_path):
    columns = lookup_columns(tmp_path, [("01", "N")])
    columns["lookup"]["code"] = "aera"
    with pytest.raises(StudyError, match=r"areas\.lookup\.code: .*lookup\.csv .*mean 'area'"):
        read_boundaries(squares_study(columns=columns))


def test_an_authority_that_is_not_there_is_named_with_those_there(make_study, shared_data):
    study = make_study(authorities=["E08000036"], areas=leeds_2021(shared_data))
    message = r"authorities: .*leeds.*belongs to E08000036\. Did you mean 'E08000035'\?"
    with pytest.raises(StudyError, match=message):
        read_boundaries(study)


def test_authorities_need_something_that_says_which_areas_are_theirs(squares_study):
    study = squares_study(columns=COLUMNS, authorities=["N"])
    with pytest.raises(StudyError, match=r"authorities: the study names N, .*areas\.lookup"):
        read_boundaries(study)


@pytest.mark.parametrize(
    ("name", "content"),
    [("areas.gpkg", b"no boundaries"), ("areas.parquet", b"none"), ("areas.geojson", b"{")],
)
def test_an_unreadable_file_is_named(make_study, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    study = make_study(areas={"path": name, "code": "code", "authority_code": "council"})
    for read in (read_boundaries, authority_codes):
        with pytest.raises(StudyError, match=rf"areas\.path: .*{re.escape(name)} is not readable"):
            read(study)


def test_a_table_without_outlines_is_no_boundary_file(make_study, tmp_path):
    table = pl.DataFrame({"code": ["01"], "label": ["one"]})
    table.write_parquet(tmp_path / "table.parquet")
    table.write_csv(tmp_path / "table.csv")
    with pytest.raises(StudyError, match=r"table\.parquet is Parquet without"):
        read_boundaries(make_study(areas={"path": "table.parquet", **COLUMNS}))
    with pytest.raises(StudyError, match=r"table\.csv has no outlines, and no column of the long"):
        read_boundaries(make_study(areas={"path": "table.csv", **COLUMNS}))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:3857", "nonsense"])
def test_a_crs_that_does_not_measure_in_metres_is_refused(squares_study, crs):
    with pytest.raises(StudyError, match=rf"^crs: .*{crs}.*such as EPSG:32630"):
        read_boundaries(squares_study(crs=crs))
