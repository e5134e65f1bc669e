import json

import geopandas as gpd
import numpy as np
import pytest
from polars.testing import assert_frame_equal

from streetview_assets.errors import StudyError
from streetview_assets.points.imported.points import import_points
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES, check_contract


def imported(path, areas):
    return import_points(Points(path=path), areas)


@pytest.fixture
def locations():
    """A thousand locations as map generators write them, all over the world."""
    generator = np.random.default_rng(1)
    return [
        {
            "lat": float(latitude),
            "lng": float(longitude),
            "heading": 0,
            "pitch": 0,
            "zoom": 0,
            "panoId": f"pano{index:04d}",
            "countryCode": None,
        }
        for index, (longitude, latitude) in enumerate(
            generator.uniform((-180, -60), (180, 70), (1000, 2))
        )
    ]


@pytest.mark.parametrize("form", ["list", "vali"])
def test_map_generator_json(tmp_path, no_areas, locations, form):
    path = tmp_path / "locations.json"
    document = locations if form == "list" else {"name": "x", "customCoordinates": locations}
    path.write_text(json.dumps(document))
    found = imported(path, no_areas)
    check_contract(TABLES["sample_points"], found.points)
    assert (found.read_count, found.duplicate_count, found.outside_count) == (1000, 0, 0)
    assert found.points["authority_code"].unique().to_list() == ["all"]
    first = found.points.filter(source_id="pano0000")
    assert first["latitude"].item() == pytest.approx(locations[0]["lat"], abs=5e-7)
    assert first["longitude"].item() == pytest.approx(locations[0]["lng"], abs=5e-7)


@pytest.mark.parametrize(
    "text",
    [
        "id,lat,lon\n7,53.796400,-1.547900\n8,53.8,-1.55\n",
        "Latitude;Longitude;ID\n53.7964;-1.5479;7\n53.8;-1.55;8\n",
        "\ufeffx\ty\tpanoId\n-1.5479\t53.7964\t7\n-1.55\t53.8\t8\n",
    ],
)
def test_csv_columns_are_found_by_their_usual_names(tmp_path, no_areas, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    points = imported(path, no_areas).points
    assert points["point_id"].to_list() == ["53.796400_-1.547900", "53.800000_-1.550000"]
    assert points["source_id"].to_list() == ["7", "8"]


def test_geojson_in_another_crs(tmp_path, no_areas):
    path = tmp_path / "points.geojson"
    frame = gpd.GeoDataFrame({"id": ["p"]}, geometry=gpd.points_from_xy([430000], [433000]))
    frame.set_crs("EPSG:27700").to_file(path, driver="GeoJSON")
    points = imported(path, no_areas).points
    assert points["latitude"].item() == pytest.approx(53.7925, abs=1e-3)
    assert points["source_id"].to_list() == ["p"]


def test_points_are_placed_merged_and_counted(tmp_path, make_areas):
    areas = make_areas({"b": (0, 0, 500, 500), "a": (500, 0, 900, 500)})
    inside = areas.select("longitude", "latitude").rows()
    rows = [(*inside[0], "2"), (*inside[0], "1"), (*inside[1], ""), (0.0, 0.0, "far")]
    for name, order in (("one.csv", rows), ("other.csv", rows[::-1])):
        lines = [f"{x},{y},{key}" for x, y, key in order]
        (tmp_path / name).write_text("\n".join(["lon,lat,id", *lines]))
    found = imported(tmp_path / "one.csv", areas)
    assert (found.read_count, found.duplicate_count, found.outside_count) == (4, 1, 1)
    by_area = dict(found.points.select("area_code", "source_id").iter_rows())
    assert by_area == {"a": None, "b": "1"}
    assert_frame_equal(found.points, imported(tmp_path / "other.csv", areas).points)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", "lat,lon\n53.8,-1.5\n53.8,abc\n", r"p.csv, line 3: the longitude is 'abc'"),
        ("p.csv", "lat,lon\n433000,430000\n", r"line 2: the longitude is '430000'"),
        ("p.csv", "lat,lon\n53.8\n", r"line 2: the longitude is missing"),
        ("p.csv", "north,east\n1,2\n", r"no column of the latitude.*north, east"),
        ("p.csv", "lat,lon\n", r"has no points"),
        ("p.csv", "", r"no column of the latitude"),
        ("p.json", '[{"lat": 1, "lng": 2}, {"lat": 95, "lng": 2}]', r"location 2: the latitude is"),
        ("p.json", '[{"lat": 1}]', r"location 1: the longitude is missing"),
        ("p.json", "[1]", r"location 1: 1 is no object"),
        ("p.json", '{"a": 1}', r"no list of locations"),
        ("p.json", "[", r"not readable as JSON"),
        ("p.h5", "", r"p.h5 is not readable as an HDF5 store"),
        ("p.xyz", "", r"files of kind '.xyz'"),
    ],
)
def test_wrong_files_are_refused_with_the_row(tmp_path, no_areas, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(StudyError, match=message):
        imported(path, no_areas)


def test_features_that_are_no_points_are_refused(tmp_path, no_areas):
    path = tmp_path / "p.geojson"
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    feature = {"type": "Feature", "properties": {}, "geometry": line}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(StudyError, match="feature 1: a LineString where a Point"):
        imported(path, no_areas)


def test_points_that_are_all_outside_are_refused(tmp_path, make_areas):
    path = tmp_path / "p.csv"
    path.write_text("lat,lon\n-1.55,53.8\n")
    with pytest.raises(StudyError, match=r"none of the 1 point .*swapped"):
        imported(path, make_areas({"a": (0, 0, 50, 50)}))
