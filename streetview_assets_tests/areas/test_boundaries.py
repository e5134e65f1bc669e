import json
import re

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from streetview_assets.areas.boundaries import authority_codes, read_boundaries
from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.errors import StudyError
from streetview_assets.tables.registry import TABLES, check_contract

COLUMNS = {"code": "code", "name": "label"}
AUTHORITIES = {"authority_code": "council", "authority_name": "council_name"}


def real_lookup(folder, edition):
    return {
        "path": str(folder / "lookups/lookup_lsoa11_lsoa21_ltla22.csv"),
        "code": f"lsoa{edition}_code",
        "authority_code": "ltla22_code",
        "authority_name": "ltla22_name",
    }


def leeds_2021(folder):
    return {
        "path": str(folder / "lsoa/leeds_lsoa2021_simplified.geojson"),
        "code": "lsoa21_code",
        "name": "lsoa21_name",
        "authority_code": "ltla24_code",
        "authority_name": "ltla24_name",
    }


def leeds_2011(folder):
    return {
        "path": str(folder / "lsoa/leeds_lsoa2011_E08000035.geojson"),
        "code": "LSOA11CD",
        "name": "LSOA11NM",
        "lookup": real_lookup(folder, 11),
    }


def points_of(areas):
    return shapely.points(areas["longitude"].to_numpy(), areas["latitude"].to_numpy())


@pytest.fixture
def squares_study(make_study, squares, tmp_path):
    """A study of the squares, as a file of any kind, after a change to them."""

    def make(change=None, *, file="areas.gpkg", columns=None, **parts):
        frame = squares if change is None else change(squares)
        path = tmp_path / file
        path.unlink(missing_ok=True)
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
        return make_study(areas={"path": file, **(columns or COLUMNS | AUTHORITIES)}, **parts)

    return make


def test_leeds_of_2021_comes_whole(make_study, shared_data):
    study = make_study(crs="EPSG:27700", authorities=["E08000035"], areas=leeds_2021(shared_data))
    boundaries = read_boundaries(study)
    areas = boundaries.areas
    check_contract(TABLES["areas"], areas)
    assert (areas.height, boundaries.file_area_count, boundaries.mended_count) == (488, 488, 0)
    assert boundaries.crs == "EPSG:27700"
    assert areas["area_code"].is_sorted()
    assert areas["authority_name"].unique().to_list() == ["Leeds"]
    assert areas["area_km2"].sum() == pytest.approx(552, rel=0.01)  # the size of Leeds, by the ONS

    raw = gpd.read_file(study.areas.path).set_index("lsoa21_code")
    outlines = to_geoframe(areas).set_index("area_code").geometry
    assert outlines.geom_equals(raw.geometry.reindex(outlines.index)).all()
    assert shapely.contains(outlines.to_numpy(), points_of(areas)).all()


def test_leeds_of_2011_takes_its_authority_from_a_lookup_and_is_mended(make_study, shared_data):
    study = make_study(crs="EPSG:27700", authorities=["E08000035"], areas=leeds_2011(shared_data))
    boundaries = read_boundaries(study)
    check_contract(TABLES["areas"], boundaries.areas)
    assert (boundaries.areas.height, boundaries.mended_count) == (482, 2)

    raw = gpd.read_file(study.areas.path).set_index("LSOA11CD").geometry
    outlines = to_geoframe(boundaries.areas).set_index("area_code").geometry
    assert outlines.is_valid.all()
    assert set(outlines.geom_type) <= {"Polygon", "MultiPolygon"}
    mended = raw.index[~raw.is_valid]
    assert len(mended) == 2
    convex = raw[mended].to_crs(27700).convex_hull.area
    assert (outlines[mended].to_crs(27700).area > 0.3 * convex).all()
    assert authority_codes(study) == ["E08000035"]


def test_a_national_lookup_gives_only_the_authorities_that_have_areas(make_study, shared_data):
    study = make_study(areas=leeds_2011(shared_data))
    assert authority_codes(study) == ["E08000035"]


def test_two_of_the_ten_districts_of_greater_manchester(make_study, shared_data):
    areas = {
        "path": str(shared_data / "lsoa/gm_lsoa2021_generalised.geojson"),
        "code": "area_code",
        "name": "area_name",
        "lookup": real_lookup(shared_data, 21),
    }
    every = read_boundaries(make_study(areas=areas))
    assert (every.areas.height, every.mended_count, every.crs) == (1702, 4, "EPSG:32630")
    assert len(authority_codes(make_study(areas=areas))) == 10
    by_name = every.areas.with_columns(pl.col("area_name").str.replace(r" \d{3}[A-Z]$", ""))
    assert by_name["area_name"].to_list() == every.areas["authority_name"].to_list()

    two = read_boundaries(make_study(areas=areas, authorities=["E08000009", "E08000003"]))
    assert two.file_area_count == 1702
    assert two.areas["authority_name"].unique(maintain_order=True).to_list() == [
        "Manchester",
        "Trafford",
    ]
    expected = every.areas.filter(pl.col("authority_code").is_in(["E08000003", "E08000009"]))
    assert two.areas.drop("area_km2").equals(expected.drop("area_km2"))


def test_every_area_of_england_and_wales(make_study, shared_data):
    study = make_study(
        crs="EPSG:27700",
        areas={
            "path": str(shared_data / "lsoa/ew_lsoa21_simplified.parquet"),
            "code": "lsoa21_code",
            "name": "lsoa21_name",
            "lookup": real_lookup(shared_data, 21),
        },
    )
    areas = read_boundaries(study).areas
    check_contract(TABLES["areas"], areas)
    assert areas.height == 35_672
    assert authority_codes(study) == areas["authority_code"].unique().sort().to_list()
    assert areas["area_km2"].sum() == pytest.approx(151_000, rel=0.01)


@pytest.mark.filterwarnings("ignore:Column names longer", "ignore:Normalized/laundered")
@pytest.mark.parametrize(
    "file", ["areas.gpkg", "areas.shp", "areas.geojson", "areas.parquet", "areas.fgb"]
)
def test_any_kind_of_file_gives_the_same_areas(squares_study, file):
    columns = {
        "code": "code",
        "name": "label",
        "authority_code": "council",
        "authority_name": "council_na" if file.endswith(".shp") else "council_name",
    }
    study = squares_study(file=file, columns=columns, crs="EPSG:27700")
    boundaries = read_boundaries(study)
    areas = boundaries.areas
    check_contract(TABLES["areas"], areas)
    assert areas["area_code"].to_list() == ["01", "02", "03", "04"]
    assert areas["area_name"].to_list() == ["one", "two", "three", "four"]
    assert areas["authority_name"].to_list() == ["North", "North", "South", "South"]
    np.testing.assert_allclose(areas["area_km2"], 1, rtol=1e-5)
    assert authority_codes(study) == ["N", "S"]


def test_without_authorities_all_areas_are_one_partition(squares_study):
    study = squares_study(columns={"code": "code"})
    areas = read_boundaries(study).areas
    check_contract(TABLES["areas"], areas)
    assert set(areas["authority_code"]) == set(areas["authority_name"]) == {"all"}
    assert areas["area_name"].to_list() == areas["area_code"].to_list()
    assert authority_codes(study) == ["all"]


def test_a_study_without_areas_has_one_partition(make_study):
    study = make_study()
    assert authority_codes(study) == ["all"]
    with pytest.raises(StudyError, match=r"study\.yaml: the study has no areas"):
        read_boundaries(study)


def test_codes_that_are_numbers_become_text(squares_study):
    study = squares_study(lambda frame: frame.assign(code=[7, 30, 100, 2], council=[1, 1, 2, 2]))
    areas = read_boundaries(study).areas
    assert areas["area_code"].to_list() == ["30", "7", "100", "2"]
    assert areas["authority_code"].to_list() == ["1", "1", "2", "2"]


def test_a_bow_tie_keeps_both_its_halves_and_heights_are_dropped(squares_study):
    def break_first(frame):
        west, south, east, north = frame.geometry[0].bounds
        bow_tie = Polygon([(west, south), (east, north), (east, south), (west, north)])
        return frame.set_geometry(shapely.force_3d([bow_tie, *frame.geometry[1:]], 12.0))

    boundaries = read_boundaries(squares_study(break_first, crs="EPSG:27700"))
    assert boundaries.mended_count == 1
    first = boundaries.areas.row(0, named=True)
    assert first["area_km2"] == pytest.approx(0.5, rel=1e-4)
    shape = shapely.from_wkb(first["geometry"])
    assert (shape.geom_type, shape.has_z) == ("MultiPolygon", False)
    assert shape.contains(Point(first["longitude"], first["latitude"]))


def test_parts_that_overlap_are_mended_without_a_hole(squares_study):
    def overlapping(frame):
        first, second = frame.geometry[:2]
        parts = shapely.MultiPolygon([first, second.buffer(300, join_style="mitre")])
        return frame.iloc[[0, 2, 3]].set_geometry([parts, *frame.geometry[2:]])

    boundaries = read_boundaries(squares_study(overlapping, crs="EPSG:27700"))
    assert boundaries.mended_count == 1
    assert boundaries.areas["area_km2"][0] == pytest.approx(1.6 * 1.6 + 0.7, rel=1e-3)


def test_a_line_left_in_a_collection_is_dropped(squares_study):
    def with_line(frame):
        shape = frame.geometry[0]
        mixed = shapely.GeometryCollection([shape, LineString(shape.exterior.coords[:2])])
        return frame.set_geometry([mixed, *frame.geometry[1:]])

    boundaries = read_boundaries(squares_study(with_line, file="areas.geojson"))
    assert boundaries.mended_count == 1
    assert set(to_geoframe(boundaries.areas).geom_type) == {"Polygon"}


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(4)), seed=st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(squares_study, tmp_path, order, seed):
    rows = pl.DataFrame(
        {
            "area": ["01", "02", "03", "04", "01", "02"],
            "council": ["N", "N", "S", "S", "N", "N"],
            "council_name": ["North", "North", "South", "South", "Nord", "North"],
        }
    )
    columns = COLUMNS | {
        "lookup": {
            "path": "lookup.csv",
            "code": "area",
            "authority_code": "council",
            "authority_name": "council_name",
        }
    }
    rows.write_csv(tmp_path / "lookup.csv")
    expected = read_boundaries(squares_study(columns=columns)).areas
    rows.sample(fraction=1, shuffle=True, seed=seed).write_csv(tmp_path / "lookup.csv")
    mixed = squares_study(lambda frame: frame.iloc[list(order)], columns=columns)
    assert read_boundaries(mixed).areas.equals(expected)


def lookup_columns(tmp_path, rows, name="lookup.csv"):
    pl.DataFrame(rows, schema=["area", "council"], orient="row").write_csv(tmp_path / name)
    return COLUMNS | {"lookup": {"path": name, "code": "area", "authority_code": "council"}}


def test_a_lookup_that_contradicts_itself_is_refused_with_the_codes(squares_study, tmp_path):
    rows = [("01", "N"), ("02", "N"), ("02", "S"), ("03", "S"), ("04", "S"), ("99", "N")]
    study = squares_study(columns=lookup_columns(tmp_path, rows))
    for read in (read_boundaries, authority_codes):
        with pytest.raises(
            StudyError, match=r"lookup\.csv puts 1 areas into two .*02 into N and S"
        ):
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
        (without_code, r"^areas\.code: .*areas\.gpkg, column 'code': 1 areas .* area number 3"),
        (without_council, r"^areas\.authority_code: .*areas\.gpkg.*the areas 02, 04\. Fill"),
        (emptied, r"^areas\.path: .*areas\.gpkg: 2 areas .*missing outline: 01, 02\. "),
        (collapsed, r"^areas\.path: .*areas\.gpkg: 1 areas .*without any area inside: 01\. "),
        (as_points, r"^areas\.path: .*areas\.gpkg: 4 areas are no polygons but Point: 01, 02"),
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
    with pytest.raises(StudyError, match=r"table\.csv is not readable as a boundary file.*'\.csv'"):
        read_boundaries(make_study(areas={"path": "table.csv", **COLUMNS}))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:3857", "nonsense"])
def test_a_crs_that_does_not_measure_in_metres_is_refused(squares_study, crs):
    with pytest.raises(StudyError, match=rf"^crs: .*{crs}.*such as EPSG:32630"):
        read_boundaries(squares_study(crs=crs))
