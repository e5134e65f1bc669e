"""How fast images come from a provider, against a local server in a process of its own.

Each measurement runs in a fresh process, so that its CPU seconds and its memory are its own.
"""

import resource
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from streetview_assets.images.budget.ledger import Ledger
from streetview_assets.images.download import fetch_images
from streetview_assets.images.providers.google import IMAGE, GoogleKey, GoogleProvider
from streetview_assets.images.views import WANTED
from streetview_assets.study.images import Images
from streetview_assets_tests.images.imagery_server import Server, highest_per_second, serving

LATENCY_S = 0.05
SIDE_PX = 320
HEADINGS = (0, 90, 180, 270)


@dataclass(frozen=True)
class Measured:
    """What a process took for some images."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    images: int

    def __str__(self) -> str:
        rate, each = self.images / self.seconds, 1000 * self.cpu_seconds / self.images
        return (
            f"{self.images:,} images in {self.seconds:.2f} s, {rate:,.0f}/s, "
            f"{each:.2f} ms of CPU each, at most {self.peak_mb:,.0f} MB"
        )


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(latency_s=LATENCY_S) as server:
        yield server


def wanted(count: int) -> pl.DataFrame:
    """Name images that the server has: four of each panorama."""
    rows = [
        {
            "image_id": f"{index:024x}"[::-1],
            "point_id": f"point {place}",
            "area_code": "E01000001",
            "provider": "google",
            "panorama_id": f"pano_{149_000 + place // 200}_{-2_500 + place % 200}_1",
            "captured_on": date(2020, 1, 1),
            "heading_deg": float(HEADINGS[turn]),
        }
        for index in range(count)
        for place, turn in [divmod(index, len(HEADINGS))]
    ]
    return pl.DataFrame(rows, schema=WANTED)


def fetch(base_url: str, folder: Path, count: int, most: int, rate: float | None) -> Measured:
    """Fetch images as a run does, paid from a ledger."""
    images = Images(
        provider="google",
        base_url=base_url,
        keep_images=True,
        size_px=(SIDE_PX, SIDE_PX),
        max_concurrent=most,
        requests_per_second=rate,
    )
    budget = Ledger(folder / "ledger.sqlite").budget(
        authority_code="E08000035", provider="google", budget_usd=1e6
    )
    provider = GoogleProvider(images, GoogleKey("a-good-key"), budget)
    asked = wanted(count)
    began = _clocks()
    good = 0
    for piece in fetch_images(
        provider,
        asked,
        authority_code="E08000035",
        folder=folder,
        now=lambda: datetime.now(UTC),
    ):
        good += piece.filter(status="ok").height
    assert good == count
    return _measured(began, count)


def query_of(row: dict[str, Any]) -> dict[str, Any]:
    """Ask for an image as a script would."""
    return {
        "pano": row["panorama_id"],
        "size": f"{SIDE_PX}x{SIDE_PX}",
        "heading": row["heading_deg"],
        "key": "a-good-key",
    }


def fetch_one_by_one(base_url: str, folder: Path, count: int) -> Measured:
    """Fetch images by a plain loop, as a script would."""
    began = _clocks()
    with httpx.Client() as client:
        for row in wanted(count).iter_rows(named=True):
            answer = client.get(f"{base_url}{IMAGE}", params=query_of(row)).raise_for_status()
            (folder / f"{row['image_id']}.jpg").write_bytes(answer.content)
    return _measured(began, count)


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _measured(began: tuple[float, float], count: int) -> Measured:
    ended = _clocks()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return Measured(ended[0] - began[0], ended[1] - began[1], peak_mb, count)


def in_its_own_process(work, *arguments) -> Measured:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def test_side_by_side_and_one_by_one(server, tmp_path):
    (tmp_path / "plain").mkdir()
    in_its_own_process(fetch, server.base_url, tmp_path / "warm", 2_000, 64, None)
    alone = in_its_own_process(fetch_one_by_one, server.base_url, tmp_path / "plain", 200)
    together = in_its_own_process(fetch, server.base_url, tmp_path / "together", 10_000, 64, None)
    ratio = (together.images / together.seconds) / (alone.images / alone.seconds)
    print(f"\none by one: {alone}\n64 at once: {together}\nratio: {ratio:.1f}")


@pytest.mark.parametrize("rate", [50, 200])
def test_at_a_rate(server, tmp_path, rate):
    count = 10 * rate
    measured = in_its_own_process(fetch, server.base_url, tmp_path, count, 64, rate)
    log = server.log("image")
    reached = (count - 1) / (log[-1].at - log[0].at) / rate
    highest = highest_per_second(log)
    print(f"\n{rate}/s: {measured}; {reached:.1%} of the rate, at most {highest} in any second")


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_memory(server, tmp_path, count):
    measured = in_its_own_process(fetch, server.base_url, tmp_path, count, 64, None)
    size_mb = int(subprocess.check_output(["du", "-sm", tmp_path]).split()[0])
    print(f"\n{measured}; {size_mb:,} MB of images")
