"""Points into a list of locations and back: nothing that they came with is lost."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetview_assets.areas.thiessen import LATITUDE, LONGITUDE
from streetview_assets.points.imported.locations import as_locations
from streetview_assets.points.imported.points import import_points
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES

LOCATION = {
    "lat": 53.7964,
    "lng": -1.5479,
    "heading": 137,
    "pitch": -2.5,
    "zoom": 0,
    "panoId": "CAoSLEFGMVFpcE",
    "countryCode": None,
    "extra": {"tags": ["corner", "Straße"], "panoDate": "2019-05"},
}

# A panorama under another name than `panoId` comes back as that too.
PLACE_NAMES = {*LATITUDE, *LONGITUDE, "pano_id"}
names = st.text(min_size=1).filter(lambda name: name.lower() not in PLACE_NAMES)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
degrees = st.tuples(
    st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
).map(lambda place: (place[0] / 1e6, place[1] / 1e6))


def there_and_back(document, folder):
    path = folder / "locations.json"
    path.write_text(json.dumps(document))
    points = import_points(Points(path=path), TABLES["areas"].frame()).points
    return points, json.loads(json.dumps(as_locations(points)))


@pytest.mark.parametrize("form", ["list", "vali"])
def test_every_key_comes_back_as_it_came(tmp_path, form):
    document = [LOCATION] if form == "list" else {"name": "map", "customCoordinates": [LOCATION]}
    points, back = there_and_back(document, tmp_path)
    assert back == [LOCATION]
    assert list(back[0]) == list(LOCATION)
    assert points["source_panorama_id"].to_list() == ["CAoSLEFGMVFpcE"]
    assert points["source_id"].to_list() == ["CAoSLEFGMVFpcE"]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(degrees, st.dictionaries(names, values, max_size=5), min_size=1, max_size=8))
def test_whatever_a_list_of_locations_says_comes_back(places):
    document = [{"lat": lat, "lng": lng, **told} for (lat, lng), told in places.items()]
    with tempfile.TemporaryDirectory() as folder:
        _, back = there_and_back(document, Path(folder))
    # JSON has no Infinity; what is none of its numbers is a gap.
    written = json.loads(json.dumps(document), parse_constant=lambda _: None)
    expected = {(one["lat"], one["lng"]): one for one in written}
    assert {(one["lat"], one["lng"]): one for one in back} == expected


def test_a_thousand_locations_come_back(tmp_path):
    document = [
        {**LOCATION, "lat": 50 + n / 1e4, "lng": n / 7e3, "panoId": f"p{n}"} for n in range(1000)
    ]
    _, back = there_and_back(document, tmp_path)
    rounded = [{**one, "lng": round(one["lng"], 6)} for one in document]
    assert sorted(back, key=lambda one: one["lat"]) == rounded


def test_columns_of_a_csv_and_properties_of_features_come_along(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text('ID,Lat,lon,panoID,note\n7,53.8,-1.5,abc,"two\nlines, and more"\n')
    point = import_points(Points(path=path), TABLES["areas"].frame()).points
    assert point.select("source_id", "source_panorama_id").row(0) == ("7", "abc")
    assert as_locations(point) == [
        {"lat": 53.8, "lng": -1.5, "ID": "7", "panoID": "abc", "note": "two\nlines, and more"}
    ]
    path = tmp_path / "p.geojson"
    told = {"name": "Ecke", "lanes": 2, "gone": None, "tags": ["a"], "pano_id": "xyz"}
    geometry = {"type": "Point", "coordinates": [-1.5, 53.8]}
    features = [
        {"type": "Feature", "id": "f1", "properties": told, "geometry": geometry},
        {"type": "Feature", "properties": None, "geometry": {**geometry, "coordinates": [0, 50]}},
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    points = import_points(Points(path=path), TABLES["areas"].frame()).points
    assert points["source_properties"].null_count() == 1
    ecke = points.drop_nulls("source_properties")
    assert ecke.select("source_id", "source_panorama_id").row(0) == ("f1", "xyz")
    assert as_locations(ecke) == [{"lat": 53.8, "lng": -1.5, "id": "f1", **told, "panoId": "xyz"}]


def test_of_two_spellings_of_a_place_the_usual_one_is_meant(tmp_path):
    _, back = there_and_back([{"LAT": 9, "lat": 5, "lng": 6, "y": 7}], tmp_path)
    assert back == [{"lat": 5, "lng": 6, "LAT": 9, "y": 7}]


def test_points_that_were_sampled_are_locations_too():
    sampled = TABLES["sample_points"].frame(
        [{"authority_code": "A", "point_id": "p", "longitude": -1.5, "latitude": 53.8}]
    )
    assert as_locations(sampled) == [{"lat": 53.8, "lng": -1.5}]
