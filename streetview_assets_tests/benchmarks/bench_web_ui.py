"""How the UI answers with all of England's authorities, and while it makes one asset of each.

A study of 309 square authorities, `streetview ui` on loopback with its daemon, and Chromium:
seconds until a button answers, the longest that the page stood still, and the processor time of
the servers. `WEB_UI_SHOTS` names a folder for screenshots, `WEB_UI_BACKFILL_S` says for how long
the backfill is watched.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from streetview_assets_tests.benchmarks.simulated_england import made_study
from streetview_assets_tests.explorer.conftest import started

AUTHORITIES = 309
AT_ONCE = 2
"""`max_concurrent_runs` of `dagster.yaml`."""
BACKFILL_S = float(os.environ.get("WEB_UI_BACKFILL_S", "90"))
SHOTS = os.environ.get("WEB_UI_SHOTS", "")
MOST_S, MOST_STILL_S = 10, 2
"""How long anything may take, and the page stand still."""
PATIENCE_MS = 120_000
LONG_TASKS = """
    window.still = 0;
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.still = Math.max(window.still, task.duration);
    }).observe({ type: 'longtask', buffered: true });
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser without a screen."""
    with started() as it:
        yield it


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, psutil.Process]]:
    """The address of the UI of a study of England's size, and its first process."""
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "nobody")
    monkeypatch.setattr(made_study, "POINTS_PER_AREA", 12)
    squares = made_study.made_squares(AUTHORITIES, 1, seed=1)
    study = made_study.write_study(tmp_path / "study", *squares, seed=1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    ours = [sys.executable, "-m", "streetview_assets.cli.entry", "ui", str(study), "--port", port]
    with (tmp_path / "ui.log").open("wb") as log:
        process = subprocess.Popen(ours, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    begun = time.monotonic()
    while not _answers(address):
        assert process.poll() is None, (tmp_path / "ui.log").read_text()
        time.sleep(0.5)
    print(f"\n{'the UI started':<40} {time.monotonic() - begun:6.1f} s")
    yield address, psutil.Process(process.pid)
    process.send_signal(signal.SIGINT)
    process.wait(60)


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{address}/server_info", timeout=5) as told:
        return bool(told.status == 200)
    return False


def cpu_s(process: psutil.Process) -> float:
    """Add up the processor time of a process and all below it."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += sum(one.cpu_times()[:2])
    return total


class Measured:
    """A page of the UI, with what its steps took."""

    def __init__(self, page: Any, address: str, server: psutil.Process):
        self.page, self.address, self.server = page, address, server
        self.slowest_s = self.still_s = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of what is done, print it, and look at the page."""
        before, begun = cpu_s(self.server), time.perf_counter()
        yield
        took_s, used_s = time.perf_counter() - begun, cpu_s(self.server) - before
        still_s = self.page.evaluate("() => window.still") / 1000
        self.page.evaluate("() => { window.still = 0; }")
        print(f"{name:<40} {took_s:6.1f} s, still {still_s:.2f} s, servers' CPU {used_s:.1f} s")
        self.slowest_s, self.still_s = max(self.slowest_s, took_s), max(self.still_s, still_s)
        if SHOTS:
            self.page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))

    def open(self, path: str) -> None:
        """Go to a page of the UI."""
        self.page.goto(f"{self.address}/{path}", wait_until="commit")

    def press(self, name: str, role: str = "button", *, exact: bool = False) -> None:
        """Press the first button with a name, once it can be pressed."""
        self.page.get_by_role(role, name=name, exact=exact).first.click(timeout=PATIENCE_MS)

    def sees(self, text: str) -> None:
        """Wait until a text is there."""
        self.page.get_by_text(text).first.wait_for(timeout=PATIENCE_MS)


@pytest.fixture
def measured(browser: Any, served: tuple[str, psutil.Process]) -> Iterator[Measured]:
    """A page that measures itself."""
    page = browser.new_page(viewport={"width": 1500, "height": 950})
    page.add_init_script(LONG_TASKS)
    yield Measured(page, *served)
    page.close()


def test_all_of_englands_authorities_in_the_ui(measured: Measured) -> None:
    on = measured
    with on.step("graph, until its dialog opens"):
        on.open("asset-groups")
        on.press("Materialize all")
        on.sees("Partition selection")
    with on.step("all partitions of all assets chosen"):
        _choose_all(on)
    with on.step("asset, until its partitions are shown"):
        on.open("assets/areas")
        on.press("Partitions", "tab")
        on.sees(f"{AUTHORITIES} Partitions Selected")
    with on.step("dialog of one asset, all chosen"):
        on.press("Materialize…")
        _choose_all(on)
    with on.step("backfill launched, until it is listed"):
        on.press("Launch backfill")
        on.page.get_by_role("dialog").wait_for(state="hidden", timeout=PATIENCE_MS)
        on.open("runs")
        on.sees(f"{AUTHORITIES} partitions")
    watch(on)
    assert on.slowest_s < MOST_S
    assert on.still_s < MOST_STILL_S


def _choose_all(on: Measured) -> None:
    on.press("All", exact=True)
    on.sees(f"{AUTHORITIES} partitions selected")
    assert on.page.get_by_role("button", name="Launch backfill").is_enabled()


def watch(on: Measured) -> None:
    """Look at the runs while the backfill goes on: never more at once than may be."""
    until = time.monotonic() + BACKFILL_S
    queued, running = 0, 0
    while time.monotonic() < until:
        with on.step("runs, while they go on"):
            on.open("runs")
            on.sees(f"{AUTHORITIES} partitions")
            queued = max(queued, _counted(on.page, "Queued"))
            running = max(running, _counted(on.page, "In progress"))
        on.page.wait_for_timeout(5_000)
    print(f"at most {queued} queued, {running} at once")
    assert 0 < running <= AT_ONCE


def _counted(page: Any, tab: str) -> int:
    found = re.search(r"\d+", page.get_by_role("tab", name=tab).first.inner_text())
    return int(found[0]) if found else 0
