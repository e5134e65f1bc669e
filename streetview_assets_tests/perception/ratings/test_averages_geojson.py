"""GeoJSON of averages: what it says, and one clear error for each way in which it can be wrong."""

import json

import pytest

from streetview_assets.errors import StudyError
from streetview_assets.perception.ratings.averages_geojson import read_averages


def _file(tmp_path, *properties, **members):
    features = [
        {
            "type": "Feature",
            "properties": told,
            "geometry": {"type": "Point", "coordinates": [4.9, 52.4]},
        }
        for told in properties
    ]
    path = tmp_path / "data.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}))
    return path


def test_a_null_and_a_missing_average_are_no_score(tmp_path):
    path = _file(
        tmp_path,
        {"image_id": 7, "url": "https://host/a b/7.jpg", "average_safety": 3, "average_quiet": 4.5},
        {"image_id": 8, "url": "8.jpg", "average_safety": None, "shops_count_100": 0},
    )
    averages = read_averages(path)
    assert averages.qualities == ["safety", "quiet"]
    assert averages.scores.drop("longitude", "latitude").rows() == [
        ("7", "7.jpg", "https://host/a b/7.jpg", 3.0, 4.5),
        ("8", "8.jpg", "8.jpg", None, None),
    ]
    assert averages.properties[1]["shops_count_100"] == 0


def test_a_huge_id_stays_the_number_that_it_is(tmp_path):
    path = _file(tmp_path, {"image_id": 2**70, "average_safety": 1})
    assert read_averages(path).scores["image_id"][0] == str(2**70)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ([{"image_id": 1, "average_safety": "4"}], "feature 1: average_safety is '4', not a"),
        ([{"image_id": 1, "average_safety": float("inf")}], "feature 1: average_safety is 'inf'"),
        ([{"image_id": 1, "average_safety": True}], "feature 1: average_safety is 'True'"),
        ([{"image_id": 1, "average_safety": 10**400}], "feature 1: average_safety is '1000"),
        (
            [{"image_id": 1, "safety": 4}],
            "no property is named average_…; there are: image_id",
        ),
        ([{"average_safety": 4}], "feature 1 has neither `image_id` nor `url`"),
        ([{"image_id": [1], "average_safety": 4}], "feature 1: image_id is"),
        ([{"image_id": 1, "average_a": 4}] * 2, "image_id '1' stands in features 1 and 2"),
        ([{"url": "a/1.jpg", "average_a": 4}] * 2, "url 'a/1.jpg' stands in features 1 and 2"),
        ([None], "feature 1 has no properties"),
        ([], "has no features"),
    ],
)
def test_what_is_wrong_is_told_by_feature_and_property(tmp_path, properties, said):
    path = _file(tmp_path, *properties)
    with pytest.raises(StudyError, match=r"^perception\.ratings: ") as error:
        read_averages(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff\xfe{\x00", b"[" * 200_000])
def test_what_is_no_geojson_is_refused(tmp_path, content):
    path = tmp_path / "data.geojson"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="FeatureCollection"):
        read_averages(path)


def test_a_byte_order_mark_is_no_fault_and_metres_are_no_degrees(tmp_path):
    path = _file(tmp_path, {"image_id": 1, "average_a": 4})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_averages(path).scores["longitude"][0] == 4.9
    path.write_bytes(path.read_bytes().replace(b"4.9", b"121000"))
    with pytest.raises(StudyError, match="feature 1 lies at 121000"):
        read_averages(path)
