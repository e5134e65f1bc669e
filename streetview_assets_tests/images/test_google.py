"""Google Street View: what is asked, how it is signed, and what is made of any answer."""

import json
import math
from contextlib import suppress
from datetime import date
from urllib.parse import parse_qs

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given

from streetview_assets.errors import ImageryError, StudyError
from streetview_assets.images.http.answers import (
    Answer,
    NotThereError,
    TryAgainError,
    UnusableError,
)
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.google import (
    IMAGE,
    METADATA,
    GoogleKey,
    GoogleProvider,
    _read_metadata,
    sign,
)
from streetview_assets.images.providers.registry import open_provider
from streetview_assets.points.distance import distance_m
from streetview_assets.study.images import Images
from streetview_assets.study.study_file import Study

SECRET = "vNIXE0xscrmjlyV-12Nj_BvUPaw="
GOOD = {
    "status": "OK",
    "pano_id": "tu510ie_z4ptBZYo2BGEJg",
    "location": {"lat": 53.8, "lng": -1.55},
    "date": "2019-06",
    "copyright": "© Google",
}

POINT = {"point_id": "p", "longitude": -1.55, "latitude": 53.8}


def provider(**wishes) -> GoogleProvider:
    images = Images(provider="google", keep_images=True, budget_usd=1, **wishes)
    return GoogleProvider(images, GoogleKey("a key", SECRET))


def answer(said, code: int = 200) -> Answer:
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Answer(code, {}, content)


def judged(found: dict, **wishes) -> dict:
    metadata = _read_metadata(answer(found), ())
    return provider(**wishes)._judged(metadata, POINT)


def test_a_signature_is_the_one_of_the_documentation():
    path = b"/maps/api/geocode/json?address=New+York&client=clientID"
    assert sign(path, SECRET) == "chaRF2hTJKOScPr-RQCEhZbSzIE="


def test_what_is_sent_is_what_was_signed():
    url = provider()._url(IMAGE, {"pano": "F:-a=b", "heading": "90"})
    sent, _, signature = url.raw_path.decode().rpartition("&signature=")
    assert sign(sent.encode(), SECRET) == signature
    assert parse_qs(url.query.decode())["pano"] == ["F:-a=b"]
    assert url.path == IMAGE


def test_keys_come_from_the_environment_and_are_never_shown():
    images = Images(provider="google", keep_images=True)
    study = Study.model_construct(images=images, seed=1)
    keys = {"GOOGLE_MAPS_API_KEY": "a-secret-key", "GOOGLE_MAPS_SIGNING_SECRET": SECRET}
    opened = open_provider(study, {}, environment=keys)
    assert (opened.key.api_key, opened.key.signing_secret) == ("a-secret-key", SECRET)
    assert "a-secret-key" not in f"{opened!r}{opened.key!r}"


def test_without_a_secret_nothing_is_signed():
    images = Images(provider="google", keep_images=True)
    url = GoogleProvider(images, GoogleKey("k"))._url(METADATA, {"location": "1.5,2.5"})
    assert url.query == b"location=1.5,2.5&key=k"


def test_a_panorama_is_read():
    found = judged(GOOD)
    assert found["status"] == "ok"
    assert found["panorama_id"] == GOOD["pano_id"]
    assert found["captured_on"] == date(2019, 6, 1)
    assert found["distance_m"] == pytest.approx(0, abs=1e-6)
    assert not found["is_third_party"]


@pytest.mark.parametrize(
    ("change", "wishes", "reason"),
    [
        ({"location": {"lat": 53.801, "lng": -1.55}}, {}, "111 m away"),
        ({"date": "2012-05"}, {"captured_between": ("2019-01", None)}, "2012-05"),
        ({"date": None}, {"captured_between": (None, "2020-01")}, "nothing of its date"),
        ({"copyright": "© A Person"}, {"third_party": False}, "not Google's own"),
    ],
)
def test_what_is_not_wanted_says_why(change, wishes, reason):
    found = judged(GOOD | change, **wishes)
    assert found["status"] == "no_imagery"
    assert reason in found["error"]


def test_the_months_at_both_ends_are_wanted():
    for month in ("2019-01", "2020-12"):
        assert (
            judged(GOOD | {"date": month}, captured_between=("2019-01", "2020-12"))["status"]
            == "ok"
        )


def test_an_upload_of_somebody_is_marked():
    found = judged(GOOD | {"copyright": "© A Person"})
    assert found["is_third_party"]
    assert found["creator"] == "© A Person"


@pytest.mark.parametrize("text", ["2019", "2019-13", "0000-01", "soon", 201906, None])
def test_a_date_that_is_none_is_not_known(text):
    assert judged(GOOD | {"date": text})["captured_on"] == UNKNOWN_DATE


@pytest.mark.parametrize(
    ("said", "code", "error"),
    [
        ({"status": "ZERO_RESULTS"}, 200, NotThereError),
        ({"status": "NOT_FOUND"}, 200, NotThereError),
        ({"status": "UNKNOWN_ERROR"}, 200, TryAgainError),
        ({"status": "OVER_QUERY_LIMIT"}, 200, TryAgainError),
        ({"status": "INVALID_REQUEST"}, 200, UnusableError),
        ({"status": "REQUEST_DENIED", "error_message": "no billing"}, 200, ImageryError),
        ({"status": "SOMETHING_NEW"}, 200, UnusableError),
        ({"status": "ZERO_RESULTS"}, 404, NotThereError),
        ({"status": "OVER_QUERY_LIMIT"}, 403, TryAgainError),
        ({"status": "REQUEST_DENIED"}, 400, ImageryError),
        ({"status": "UNKNOWN_ERROR"}, 400, TryAgainError),
        (b"<html>busy</html>", 200, TryAgainError),
        (b"[" * 100_000, 200, TryAgainError),
        (b"Forbidden", 403, ImageryError),
        (b"<h1>Bad</h1>", 400, UnusableError),
        (GOOD | {"pano_id": "../../etc/passwd"}, 200, UnusableError),
        (GOOD | {"location": [1, 2]}, 200, UnusableError),
        (GOOD | {"location": {"lat": 91, "lng": 0}}, 200, UnusableError),
        (GOOD | {"location": {"lat": math.nan, "lng": 0}}, 200, UnusableError),
    ],
)
def test_every_answer_has_its_meaning(said, code, error):
    with pytest.raises(error):
        _read_metadata(answer(said, code), ())


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    said=json_values
    | st.fixed_dictionaries(
        {"status": st.just("OK")},
        optional=dict.fromkeys(("pano_id", "location", "date", "copyright"), json_values),
    )
)
def test_no_answer_breaks_the_reader(said):
    with suppress(NotThereError, TryAgainError, UnusableError, ImageryError):
        assert _read_metadata(answer(json.dumps(said).encode()), ()).panorama_id


def test_a_refusal_names_the_keys_and_hides_them():
    said = {"status": "REQUEST_DENIED", "error_message": "key=AIza-hush is a wrong key AIza-hush"}
    with pytest.raises(ImageryError) as refused:
        _read_metadata(answer(said), ("AIza-hush",))
    assert "GOOGLE_MAPS_API_KEY" in str(refused.value)
    assert "AIza-hush" not in str(refused.value)


def test_every_heading_of_a_panorama_is_a_view_once():
    panoramas = pl.DataFrame(
        {
            "panorama_id": ["a", "a", "b"],
            "captured_on": [date(2020, 1, 1)] * 3,
            "status": ["ok", "ok", "no_imagery"],
        }
    )
    views = provider(headings_deg=(0, 90)).views(panoramas)
    assert views.select("panorama_id", "heading_deg").rows() == [("a", 0.0), ("a", 90.0)]


@pytest.mark.parametrize("secret", ["not base64!", "é", "a", "dGhl IHNl", "²"])
def test_a_secret_that_signs_nothing_is_refused_without_being_shown(secret):
    with pytest.raises(StudyError, match="GOOGLE_MAPS_SIGNING_SECRET is not") as refused:
        GoogleKey("key", secret)
    assert f" {secret} " not in str(refused.value)


def test_without_a_budget_nothing_is_fetched():
    with pytest.raises(ImageryError, match="budget_usd"):
        next(provider().fetch(pl.DataFrame()))


@given(st.floats(-180, 180), st.floats(-85, 85), st.floats(-0.01, 0.01), st.floats(-0.001, 0.001))
def test_distances_agree_with_the_ellipsoid(longitude, latitude, east, north):
    from pyproj import Geod

    there = (longitude + east, latitude + north)
    expected = Geod(ellps="WGS84").inv(longitude, latitude, *there)[2]
    assert distance_m(longitude, latitude, *there) == pytest.approx(expected, rel=0.006, abs=0.01)
