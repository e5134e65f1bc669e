"""Killed in the middle of buying images, again and again: nothing is bought twice for long."""

import time
from collections.abc import Iterator

import pytest

from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.imagery_studies import (
    by_image,
    expected_images,
    images_there,
    write_google_study,
)
from streetview_assets_tests.end_to_end.small_studies import start
from streetview_assets_tests.images.imagery_server import Server, serving

POINTS, MOST = 90, 16
KILLED_AT = (80, 200)
PATIENCE_S = 120.0


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    with serving(latency_s=0.06) as one:
        yield one


def test_killed_twice_in_a_row_the_result_is_the_same(server, tmp_path, monkeypatch, streetview):
    data = tmp_path / "data"
    path = write_google_study(tmp_path / "study", server, POINTS, max_concurrent=MOST)
    opened = open_study(path)
    command = ("run", path, "--until", "images")
    for count in KILLED_AT:
        process = start(data, *command)
        end = time.monotonic() + PATIENCE_S
        while len(server.log("image")) < count and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert process.poll() is None, process.communicate()[0]
        process.kill()
        process.communicate()
    assert streetview(*command).exit_code == 0

    assert images_there(opened) == expected_images(server, POINTS)
    asked = by_image(server.log())
    assert len(asked) == 4 * POINTS
    again = sum(len(seen) - 1 for seen in asked.values())
    assert again <= len(KILLED_AT) * MOST
