"""Boundaries of areas, as files of any kind hold them."""

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
from streetview_assets_tests.areas.boundary_studies import (
    COLUMNS,
    leeds_2011,
    leeds_2021,
    real_lookup,
)


def points_of(areas):
    return shapely.points(areas["longitude"].to_numpy(), areas["latitude"].to_numpy())


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
