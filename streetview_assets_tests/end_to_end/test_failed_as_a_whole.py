"""A provider that answers wrongly for a whole authority: the failures are kept, and tried again."""

import shutil
from collections.abc import Iterator

import pytest

from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.end_to_end.imagery_studies import (
    UP_TO_IMAGES,
    UP_TO_VECTORS,
    expected_images,
    images_there,
    open_google_study,
    statuses,
)
from streetview_assets_tests.images.imagery_server import Server, serving

POINTS = 2
AUTHORITY = "all"
INVALID = {"kind": "status", "status": "INVALID_REQUEST", "tries": None, "share": 1.0}
NO_SIZE = {"kind": "wrong_size", "where": "image", "tries": None, "share": 1.0}
WHOLE_FAILURES = {
    "panoramas": ({**INVALID, "where": "metadata"}, UP_TO_IMAGES),
    "images": (NO_SIZE, UP_TO_IMAGES),
    "image_embeddings": (None, UP_TO_VECTORS),
    "panorama_embeddings": (None, UP_TO_VECTORS),
}
WAYS_ON = {"run": {}, "retry": {"retry": True}, "--from": {"anew_from": "images"}}


@pytest.fixture(scope="module")
def one_server() -> Iterator[Server]:
    with serving() as one:
        yield one


@pytest.fixture
def server(one_server, monkeypatch) -> Server:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    one_server.reset()
    return one_server


def fail(opened: OpenStudy, server: Server, asset: str) -> None:
    """Have every row of a table fail once, and nothing else."""
    fault, wanted = WHOLE_FAILURES[asset]
    if fault:
        server.change(faults=[fault])
        report = run_study(opened, only=wanted)
        server.change(faults=[])
    else:
        assert run_study(opened, only=UP_TO_IMAGES).failures == []
        if asset == "panorama_embeddings":
            of_views = frozenset({"encoders", "image_embeddings"})
            assert run_study(opened, only=of_views).failures == []
        images = opened.root / "images"
        images.rename(images.with_name("elsewhere"))
        report = run_study(opened, only=wanted)
        shutil.move(images.with_name("elsewhere"), images)
    assert {failure.asset for failure in report.failures} == {asset}
    (failure,) = report.failures
    assert failure.kind == "check"
    assert "streetview retry" in failure.message
    assert "commonest_error" in failure.message


@pytest.mark.parametrize(
    ("asset", "way"),
    [
        ("panoramas", "retry"),
        *(("images", way) for way in WAYS_ON),
        ("image_embeddings", "run"),
        ("panorama_embeddings", "retry"),
    ],
)
def test_what_failed_as_a_whole_is_kept_as_rows_and_tried_again(server, tmp_path, asset, way):
    views = "panorama" if asset == "panorama_embeddings" else "separate"
    opened = open_google_study(tmp_path, server, POINTS, encoder_views=views)
    fail(opened, server, asset)
    assert set(statuses(opened.read(asset, AUTHORITY))) == {"failed"}

    wanted = WHOLE_FAILURES[asset][1]
    report = run_study(opened, only=wanted, **WAYS_ON[way])
    assert report.failures == []
    assert (asset, AUTHORITY) in report.made
    assert set(statuses(opened.read(asset, AUTHORITY).filter(status="ok"))) == {"ok"}
    assert images_there(opened) == expected_images(server, POINTS)
    assert Resumption(opened, asset, AUTHORITY).failed().is_empty()
    server.reset()
    assert run_study(opened, only=wanted).made == []
    assert server.log() == []


def test_what_failed_in_an_attempt_that_never_ended_is_seen_by_a_retry(server, tmp_path):
    opened = open_google_study(tmp_path, server, POINTS, max_concurrent=1)
    refused = {"kind": "wrong_key", "where": "image", "tries": None, "share": 1.0}
    server.change(faults=[{**NO_SIZE, "share": 0.6}, {**refused, "share": 0.4}])
    run_study(opened, only=UP_TO_IMAGES)
    assert opened.read("images").is_empty()
    failed = Resumption(opened, "images", AUTHORITY).failed()
    assert not failed.is_empty(), "some came before the refusal"
    server.change(faults=[])
    assert run_study(opened, only=UP_TO_IMAGES, retry=True).failures == []
    assert images_there(opened) == expected_images(server, POINTS)


def test_a_look_up_that_was_refused_as_a_whole_is_made_up_for_by_the_next_run(server, tmp_path):
    opened = open_google_study(tmp_path, server, POINTS)
    look_ups = frozenset({"areas", "road_network", "sample_points", "panoramas"})
    assert run_study(opened, only=look_ups).failures == []
    before = opened.read("panoramas")
    server.change(key="another")
    report = run_study(opened, only=look_ups, anew_from="images")
    assert [failure.kind for failure in report.failures] == ["ImageryError"]
    assert opened.read("panoramas").equals(before), "what was known before is kept"
    server.change(key="a-good-key")
    server.reset()
    assert run_study(opened, only=look_ups).made == [("panoramas", AUTHORITY)]
    assert len(server.log("metadata")) == POINTS
    assert run_study(opened, only=look_ups).made == []
