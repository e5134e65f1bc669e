"""A provider that means ill: each trap is refused and recorded, and the run goes on."""

import socket
from collections.abc import Iterator

import pytest

from streetview_assets.images.http import retries
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets_tests.end_to_end.imagery_studies import (
    EAST,
    HEADINGS,
    NORTH,
    UP_TO_IMAGES,
    expected_images,
    images_there,
    open_google_study,
    statuses,
)
from streetview_assets_tests.images.imagery_server import Server, serving

POINTS = 12
TRAPS = {
    "bomb": "more than 100 megapixels",
    "huge": "more than 8 MB was refused",
    "flood": "more than 8 MB was refused",
    "redirect": "a redirect to 127.0.0.1 was refused",
}
BAD_METADATA = {
    "hostile_id": "pano_id is no panorama id",
    "shape": "unexpected shape",
    "huge": "more than 0 MB was refused",
    "redirect": "a redirect to 127.0.0.1 was refused",
}


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """Where a redirect leads: nobody must come."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.01)
    with serving() as one:
        yield one


def trap(kind: str, elsewhere: socket.socket, **more) -> dict:
    port = elsewhere.getsockname()[1]
    fault = {"kind": kind, "tries": None, "to": f"http://127.0.0.1:{port}/stolen.jpg", **more}
    return fault | ({"kind": "huge", "announced": False} if kind == "flood" else {})


def test_images_that_are_traps_are_refused_and_the_others_come(server, tmp_path, elsewhere):
    faults = [
        trap(kind, elsewhere, where="image", holding=f"pano_{NORTH}_{EAST + at}_")
        for at, kind in enumerate(TRAPS)
    ]
    server.change(faults=faults)
    opened = open_google_study(tmp_path, server, POINTS, max_failed_share=0.5)
    assert run_study(opened, only=UP_TO_IMAGES).failures == []

    images = opened.read("images")
    assert statuses(images) == {"ok": 32, "failed": 16}
    for at, reason in enumerate(TRAPS.values()):
        trapped = images.filter(panorama_id=f"pano_{NORTH}_{EAST + at}_1")
        assert trapped["status"].to_list() == ["failed"] * len(HEADINGS)
        assert all(reason in error for error in trapped["error"])
    expected = expected_images(server, POINTS)
    good = set(images.filter(status="ok").select("panorama_id", "heading_deg").iter_rows())
    assert images_there(opened) == {key: expected[key] for key in good}
    with pytest.raises(TimeoutError):
        elsewhere.accept()


def test_metadata_that_are_traps_are_refused_and_the_others_count(server, tmp_path, elsewhere):
    step = server.settings.grid_m / 111_320
    faults = [
        trap(kind, elsewhere, where="metadata", holding=f",{(EAST + at) * step * 1.7:.6f}")
        for at, kind in enumerate(BAD_METADATA)
    ]
    server.change(faults=faults)
    opened = open_google_study(tmp_path, server, POINTS, max_failed_share=0.5)
    assert run_study(opened, only=UP_TO_IMAGES).failures == []

    panoramas = opened.read("panoramas")
    assert statuses(panoramas) == {"ok": 8, "failed": 4}
    reasons = panoramas.filter(status="failed")["error"].to_list()
    for reason in BAD_METADATA.values():
        assert any(reason in error for error in reasons), reasons
    assert len(images_there(opened)) == 32
    assert not [path for path in tmp_path.rglob("*") if "passwd" in path.name]
    with pytest.raises(TimeoutError):
        elsewhere.accept()
