"""A tenth of all requests goes wrong, in every way there is; what can be had is there, once."""

from collections.abc import Iterator

import pytest

from streetview_assets.images.http import retries
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets_tests.end_to_end.imagery_studies import (
    UP_TO_IMAGES,
    by_image,
    expected_images,
    images_there,
    open_google_study,
)
from streetview_assets_tests.images.imagery_server import Server, serving

POINTS = 300
SECRET = "dGhlIHNlcnZlcidzIG93bg=="
PASSING = ("500", "503", "cut", "reset", "html", "truncated")
MISSING = {"grey": "grey tile", "gone": "gone"}
FAILED = {
    "503": "HTTP 503, after 3 attempts",
    "html": "no good image (text/html)",
    "cut": "the connection failed",
    "wrong_size": "the image has 33 × 33 px",
}
FAULTS = [
    *({"kind": kind, "share": 0.01, "where": "image"} for kind in PASSING),
    {"kind": "429", "share": 0.005, "where": "image", "retry_after": 0},
    {"kind": "stall", "share": 0.005, "where": "image", "seconds": 20},
    {"kind": "silent", "share": 0.005, "where": "image", "seconds": 20},
    {"kind": "reset", "share": 0.005, "where": "image", "tries": 2},
    *(
        {"kind": kind, "share": 0.004, "where": "image", "tries": None}
        for kind in (*MISSING, *FAILED)
    ),
    *(
        {"kind": "status", "status": status, "share": 0.02, "where": "metadata", "tries": 2}
        for status in ("UNKNOWN_ERROR", "OVER_QUERY_LIMIT")
    ),
    *({"kind": kind, "share": 0.01, "where": "metadata"} for kind in PASSING),
]


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.setenv("GOOGLE_MAPS_SIGNING_SECRET", SECRET)
    with serving(secret=SECRET, latency_s=0.005, faults=FAULTS) as one:
        yield one


def test_with_a_tenth_of_all_requests_failing_every_image_that_can_be_had_is_there_once(
    server, tmp_path, monkeypatch
):
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.02)
    opened = open_google_study(tmp_path, server, POINTS, timeout_s=3)
    assert run_study(opened, only=UP_TO_IMAGES).failures == []

    expected, asked = expected_images(server, POINTS), by_image(server.log())
    assert set(asked) == set(expected)
    met = {key: {one.fault for one in seen} - {""} for key, seen in asked.items()}
    assert 0.08 <= sum(map(bool, met.values())) / len(met) <= 0.12
    assert set().union(*met.values()) == {*PASSING, *MISSING, *FAILED, "429", "stall", "silent"}

    good = {key for key, seen in asked.items() if seen[-1].fault == ""}
    assert images_there(opened) == {key: expected[key] for key in good}
    for seen in asked.values():
        assert sum(one.whole and one.fault == "" for one in seen) <= 1

    for row in opened.read("images").iter_rows(named=True):
        key = (row["panorama_id"], row["heading_deg"])
        if key in good:
            continue
        (kind,) = met[key]
        assert row["status"] == ("missing" if kind in MISSING else "failed")
        assert (MISSING | FAILED)[kind] in row["error"]

    server.reset()
    assert run_study(opened, only=UP_TO_IMAGES).failures == []
    assert server.log() == []


def test_what_failed_is_asked_for_again_and_nothing_else(server, tmp_path, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.0)
    server.change(faults=[{"kind": "500", "share": 0.1, "where": "image", "tries": None}])
    opened = open_google_study(tmp_path, server, 25)
    assert run_study(opened, only=UP_TO_IMAGES).failures == []
    failed = opened.read("images").filter(status="failed")
    assert 3 <= failed.height <= 20

    server.change(faults=[])
    server.reset()
    assert run_study(opened, only=UP_TO_IMAGES, retry=True).failures == []
    asked = by_image(server.log())
    assert set(asked) == set(failed.select("panorama_id", "heading_deg").iter_rows())
    assert images_there(opened) == expected_images(server, 25)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"key": "another"}, "GOOGLE_MAPS_API_KEY"),
        ({"secret": "bm90IHRoZSBzYW1l"}, "GOOGLE_MAPS_SIGNING_SECRET"),
    ],
)
def test_a_key_that_is_refused_stops_the_run_at_once(server, tmp_path, settings, said):
    server.change(**settings)
    opened = open_google_study(tmp_path, server, 200)
    (failure, *_) = run_study(opened, only=UP_TO_IMAGES).failures
    assert said in str(failure)
    assert "a-good-key" not in str(failure)
    assert len(server.log()) == 1, "the others wait for the first"
    assert server.log("image") == []
