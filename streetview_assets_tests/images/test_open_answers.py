"""What Mapillary and Panoramax say, read with no trust in it."""

import json
from contextlib import suppress
from datetime import date

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given

from streetview_assets.errors import ImageryError
from streetview_assets.images.http.answers import (
    Answer,
    NotThereError,
    TryAgainError,
    UnusableError,
)
from streetview_assets.images.http.json_fields import is_number
from streetview_assets.images.providers import mapillary, panoramax
from streetview_assets.images.providers.base import FOUND, UNKNOWN_DATE
from streetview_assets.images.providers.matching import found_near
from streetview_assets.images.providers.searched_by_box import checked_address, needed_px
from streetview_assets.study.images import Images

HERE = {"point_id": "p", "longitude": 2.35, "latitude": 48.85}
SHOT = {
    "id": "498763468214164",
    "captured_at": 1_559_390_400_000,
    "compass_angle": 10.0,
    "computed_compass_angle": 20.0,
    "geometry": {"type": "Point", "coordinates": [2.36, 48.86]},
    "computed_geometry": {"type": "Point", "coordinates": [2.35, 48.85]},
    "is_pano": False,
    "creator": {"username": "someone", "id": "1"},
}
ITEM = {
    "id": "0b9f1b6e-4f3a-4c0a-9d0b-0c1a2b3c4d5e",
    "geometry": {"type": "Point", "coordinates": [2.35, 48.85]},
    "properties": {
        "datetime": "2023-07-14T10:00:00+00:00",
        "view:azimuth": 270,
        "pers:interior_orientation": {"field_of_view": 360},
        "geovisio:producer": "someone",
        "license": "etalab-2.0",
    },
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from([10**400, "\ud800", [2.35, 48.85], {"coordinates": [2.35, 48.85]}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def answer(said, code: int = 200) -> Answer:
    return Answer(code, {}, said if isinstance(said, bytes) else json.dumps(said).encode())


def test_what_was_computed_goes_before_what_the_device_said():
    shot = mapillary._capture(SHOT)
    assert (shot.longitude, shot.latitude, shot.heading_deg) == (2.35, 48.85, 20.0)
    assert shot.captured_on == date(2019, 6, 1)
    assert shot.copyright == "© someone via Mapillary, CC BY-SA 4.0"


def test_what_is_missing_is_done_without():
    optional = ("computed_geometry", "computed_compass_angle", "creator", "captured_at")
    shot = mapillary._capture({key: SHOT[key] for key in SHOT if key not in optional})
    assert (shot.longitude, shot.latitude, shot.heading_deg) == (2.36, 48.86, 10.0)
    assert (shot.creator, shot.captured_on) == (None, UNKNOWN_DATE)
    assert shot.copyright == "© contributors via Mapillary, CC BY-SA 4.0"
    assert mapillary._capture({"id": SHOT["id"]}) is None


def test_an_item_is_read():
    item = panoramax._capture(ITEM)
    assert (item.longitude, item.latitude, item.heading_deg) == (2.35, 48.85, 270)
    assert (item.captured_on, item.is_panoramic) == (date(2023, 7, 1), True)
    assert item.copyright == "© someone via Panoramax, etalab-2.0"


@pytest.mark.parametrize("name", ["../../etc/passwd", "١٢٣", "1\n", "", "1" * 31, 10**400, None])
def test_an_id_that_is_none_is_left_out(name):
    assert mapillary._capture(SHOT | {"id": name}) is None
    assert panoramax._capture(ITEM | {"id": name}) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "1", None, []])
def test_what_cannot_be_reckoned_with_is_no_number(value):
    assert not is_number(value)
    assert mapillary._capture(SHOT | {"computed_compass_angle": value}).heading_deg == 10.0


def test_a_name_that_no_table_can_hold_is_made_one_that_can():
    shot = mapillary._capture(SHOT | {"creator": {"username": "a\ud800" + "b" * 10_000}})
    assert shot.creator == "a?" + "b" * 198
    assert pl.Series([shot.copyright]).len() == 1


def _changed(whole: dict) -> st.SearchStrategy[dict]:
    changes = st.fixed_dictionaries({}, optional=dict.fromkeys(whole, json_values))
    return changes.map(lambda change: whole | change)


@given(json_values | _changed(SHOT), _changed(ITEM), _changed(ITEM["properties"]))
def test_whatever_is_said_can_be_kept_in_a_table(shot, item, properties):
    items = [item, ITEM | {"properties": properties}]
    read = [mapillary._capture(shot), *map(panoramax._capture, items)]
    captures = [capture for capture in read if capture is not None]
    for capture in captures:
        rows = found_near(HERE, [capture], Images(provider="mapillary"))
        frame = pl.DataFrame(rows, schema=FOUND)
        assert frame["heading_deg"].is_between(0, 360).all()


@pytest.mark.parametrize(
    ("said", "code", "error"),
    [
        ({"error": {"message": "Query timeout", "is_transient": False}}, 400, TryAgainError),
        ({"error": {"message": "Application request limit", "code": 4}}, 403, TryAgainError),
        ({"error": {"message": "bad", "type": "OAuthException", "code": 190}}, 400, ImageryError),
        ({"error": {"message": "bad", "type": "OAuthException"}}, 401, ImageryError),
        ({"error": {"message": "bbox is too large"}}, 400, UnusableError),
        ({"error": {"message": 7, "code": []}}, 200, UnusableError),
        (b"<h1>Forbidden</h1>", 403, ImageryError),
        (b"<h1>Busy</h1>", 200, TryAgainError),
        (b"[" * 100_000, 200, TryAgainError),
        ({"error": {"message": "Please reduce the amount of data"}}, 500, mapillary._TooMuchError),
        ({"error": {"message": "An unknown error occurred", "code": 1}}, 500, TryAgainError),
        ({"error": {"message": "Application request limit", "code": 4}}, 500, TryAgainError),
        ({"error": {"message": "bad", "code": 190}}, 500, ImageryError),
        ({}, 404, NotThereError),
        ({"error": {"message": "Object '1' does not exist", "code": 100}}, 400, NotThereError),
        ([], 200, UnusableError),
    ],
)
def test_every_answer_of_mapillary_has_its_meaning(said, code, error):
    with pytest.raises(error):
        mapillary._read(answer(said, code), ("hush",))


@given(json_values, st.sampled_from([200, 400, 401, 404]))
def test_no_answer_breaks_the_reader(said, code):
    with suppress(NotThereError, TryAgainError, UnusableError, ImageryError):
        mapillary._read(answer({"error": said}, code), ())


def test_a_refusal_hides_the_token():
    for words in ("Bad token ", "so many words " * 14):
        said = {"error": {"message": f"{words}MLY|1|hush", "code": 190}}
        with pytest.raises(ImageryError, match="MAPILLARY_TOKEN") as refused:
            mapillary._read(answer(said, 400), ("MLY|1|hush",))
        assert "MLY" not in str(refused.value)


@given(st.text() | st.from_regex(r"https?://[^\s]{0,40}"))
def test_no_address_breaks_the_check(address):
    with suppress(UnusableError):
        url = checked_address(address, "https://api.example", lambda name: name == "a.example")
        assert url.host in ("api.example", "a.example")


@pytest.mark.parametrize(
    ("size_px", "fov_deg", "around_px", "flat_px"),
    [((640, 640), 90, 2048, 1024), ((224, 224), 90, 1024, 256), ((64, 300), 90, 256, 1024)],
)
def test_the_smallest_thumbnail_that_is_enough_is_taken(size_px, fov_deg, around_px, flat_px):
    images = Images(provider="mapillary", size_px=size_px, fov_deg=fov_deg)
    for is_panoramic, expected in ((True, around_px), (False, flat_px)):
        needed = needed_px(images, is_panoramic=is_panoramic)
        assert mapillary.thumbnail_px(needed) == expected
