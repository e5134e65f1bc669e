"""A budget is never overspent, however often the study is run; what was paid for is kept."""

from collections.abc import Iterator

import pytest
import yaml

from streetview_assets.lake.open_study import open_study
from streetview_assets.orchestration.materialise import run_study
from streetview_assets_tests.end_to_end.imagery_studies import (
    PRICE_USD,
    by_picture,
    expected_pictures,
    open_google_study,
    pictures_there,
)
from streetview_assets_tests.images.imagery_server import Server, serving

POINTS, PICTURES, AFFORDED = 500, 2_000, 500


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    # One of fifty is cut in the middle, and counts as paid for.
    with serving(faults=[{"kind": "cut", "share": 0.02, "where": "picture"}]) as one:
        yield one


def test_with_room_for_500_of_2000_no_more_are_asked_for_ever(server, tmp_path):
    opened = open_google_study(tmp_path, server, POINTS, budget_usd=AFFORDED * PRICE_USD)
    for _ in range(3):
        (failure, *_) = run_study(opened, until="images").failures
        assert "budget" in str(failure)
        assert AFFORDED - 5 <= len(server.log("picture")) <= AFFORDED

    document = yaml.safe_load(opened.study.path.read_text())
    document["images"]["budget_usd"] = 2 * PICTURES * PRICE_USD
    opened.study.path.write_text(yaml.safe_dump(document))
    opened = open_study(opened.study.path)
    assert run_study(opened, until="images").failures == []
    asked = by_picture(server.log())
    assert pictures_there(opened) == expected_pictures(server, POINTS)
    for seen in asked.values():
        assert sum(one.fault == "" for one in seen) == 1
