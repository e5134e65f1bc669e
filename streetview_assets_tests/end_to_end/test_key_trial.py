"""`doctor` asks once, for nothing that costs, whether the study's provider takes the key."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streetview_assets_tests.end_to_end.small_studies import write_study
from streetview_assets_tests.images.imagery_server import Server, serving

KEYS = {"google": "GOOGLE_MAPS_API_KEY", "mapillary": "MAPILLARY_TOKEN"}
SECRET = "a-key-that-nobody-shall-read"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(key=SECRET, token=SECRET) as one:
        yield one


@pytest.fixture
def doctor(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streetview: Callable[..., Any]
) -> Callable[..., Any]:
    """Look at a study of a provider with a key, and give what was said in one line."""

    def look(provider: str, key: str = SECRET, base_url: str = server.base_url) -> tuple[int, str]:
        server.reset()
        monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
        for variable in KEYS.values():
            monkeypatch.setenv(variable, key)
        images = {
            "provider": provider, "base_url": base_url, "size_px": [64, 64], "keep_images": True,
            "budget_usd": 1 if provider == "google" else None,
        }  # fmt: skip
        study = write_study(tmp_path / "study", images=images)
        done = streetview("doctor", study)
        assert key not in done.output
        return done.exit_code, " ".join(done.output.split())

    return look


@pytest.mark.parametrize(
    ("provider", "place"), [("google", "metadata"), ("mapillary", "search")], ids=str
)
def test_a_good_key_costs_one_free_request(doctor, server, provider, place):
    code, said = doctor(provider)
    assert code == 0
    assert f"ok key: {KEYS[provider]} is set, and {provider} takes it (one " in said
    assert "which is free" in said
    other = next(variable for name, variable in KEYS.items() if name != provider)
    assert f"{other} is set, not tried" in said
    assert [seen.place for seen in server.log()] == [place]


@pytest.mark.parametrize("provider", KEYS)
def test_a_key_that_is_refused_is_a_fault(doctor, server, provider):
    code, said = doctor(provider, key="a-key-of-somebody-else")
    assert code == 1
    assert f"fault key: {provider.title()} refuses service" in said
    assert len(server.log()) == 1


@pytest.mark.parametrize("provider", KEYS)
def test_without_a_network_it_says_that_the_key_was_not_tried(doctor, provider):
    code, said = doctor(provider, base_url="http://127.0.0.1:9")
    assert code == 0
    assert f"warning key: {KEYS[provider]} is set, and could not be tried: " in said
    assert "the connection failed" in said
