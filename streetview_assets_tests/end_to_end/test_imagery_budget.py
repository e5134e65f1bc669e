"""A budget is never overspent, however often the study is run; what was paid for is kept."""

from collections.abc import Iterator

import pytest

from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.end_to_end.imagery_studies import (
    PRICE_USD,
    UP_TO_IMAGES,
    by_image,
    open_google_study,
)
from streetview_assets_tests.images.imagery_server import Server, serving

POINTS, AFFORDED, RAISED = 200, 200, 300


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    # One of fifty is cut in the middle, and counts as paid for.
    with serving(faults=[{"kind": "cut", "share": 0.02, "where": "image"}]) as one:
        yield one


def run_to_the_limit(opened: OpenStudy) -> None:
    (failure, *_) = run_study(opened, only=UP_TO_IMAGES).failures
    assert "budget" in str(failure)


def test_with_room_for_a_quarter_no_more_are_asked_for_ever(server, tmp_path):
    opened = open_google_study(tmp_path, server, POINTS, budget_usd=AFFORDED * PRICE_USD)
    for _ in range(2):
        run_to_the_limit(opened)
        assert len(server.log("image")) == AFFORDED

    opened = open_google_study(tmp_path, server, POINTS, budget_usd=RAISED * PRICE_USD)
    run_to_the_limit(opened)
    asked = by_image(server.log())
    assert sum(map(len, asked.values())) == RAISED
    assert any(len(seen) > 1 for seen in asked.values())
    for seen in asked.values():
        assert sum(one.fault == "" for one in seen) <= 1
    kept = {path.name for path in (opened.root / "images").rglob("*.jpg")}
    assert len(kept) == sum(seen[-1].fault == "" for seen in asked.values())
