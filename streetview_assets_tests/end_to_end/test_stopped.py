"""A signal ends a command with one line, within seconds, and the next run goes on from there."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import dagster as dg
import psutil
import pytest

from streetview_assets.orchestration.runs.instance import UNFINISHED, prepare_home
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.end_to_end.imagery_studies import (
    by_image,
    expected_images,
    images_there,
    write_google_study,
)
from streetview_assets_tests.end_to_end.small_studies import start, write_study
from streetview_assets_tests.images.imagery_server import Server, serving
from streetview_assets_tests.started import programs

POINTS = 60
LINE = "stopped; run again to go on"
PATIENCE_S = 240.0
TIME_TO_END_S = 5.0
SLACK_S = 3.0
"""A loaded machine takes its time to start what ends a process."""


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.delenv("GOOGLE_MAPS_SIGNING_SECRET", raising=False)
    with serving(latency_s=0.2) as one:
        yield one


def _wait(process: "subprocess.Popen[str]", come: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not come():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)


def _stop(process: "subprocess.Popen[str]", *signals: int) -> str:
    """Send signals to a command, and see that it has ended in time and left nobody."""
    others = psutil.Process(process.pid).children(recursive=True)
    together = [one for one in others if os.getpgid(one.pid) == os.getpgid(process.pid)]
    for number in signals:
        process.send_signal(number)
        if number == signal.SIGINT:
            # As a terminal does it.
            for other in together:
                with suppress(psutil.NoSuchProcess):
                    other.send_signal(number)
        # Two that come together are one.
        time.sleep(0.3)
    said, _ = process.communicate(timeout=TIME_TO_END_S + SLACK_S)
    assert process.returncode == 128 + signals[0], said
    _, alive = psutil.wait_procs(others, timeout=SLACK_S)
    assert not alive
    assert "Traceback" not in said
    assert said.count(LINE) == 1
    return said


def _runs(opened: OpenStudy, monkeypatch) -> list[dg.DagsterRun]:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = prepare_home(opened)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        storage = instance.event_log_storage
        taken = [
            storage.get_concurrency_info(key).active_slot_count
            for key in storage.get_concurrency_keys()
        ]
        assert not any(taken)
        return list(instance.get_runs())


@pytest.mark.parametrize(
    ("number", "by"), [(signal.SIGINT, programs.Popen), (signal.SIGTERM, subprocess.Popen)]
)
def test_nothing_is_bought_after_a_signal_and_all_that_was_bought_is_kept(
    server, tmp_path, monkeypatch, streetview, number, by
):
    data = tmp_path / "data"
    path = write_google_study(tmp_path / "study", server, POINTS, max_concurrent=8)
    monkeypatch.setenv("STREETVIEW_DATA", str(data))
    opened = open_study(path)
    process = start(data, "run", path, by=by)
    _wait(process, lambda: len(server.log("image")) > 40)
    _stop(process, number)
    bought = len(server.log("image"))
    assert bought < 4 * POINTS / 2
    runs = _runs(opened, monkeypatch)
    assert [run.status for run in runs[:1]] == [dg.DagsterRunStatus.CANCELED]
    assert not [run for run in runs if run.status in UNFINISHED]
    assert len(server.log("image")) == bought

    if number == signal.SIGTERM:
        return
    server.change(latency_s=0)
    assert streetview("run", path, "--until", "images").exit_code == 0
    assert images_there(opened) == expected_images(server, POINTS)
    assert all(len(asked) == 1 for asked in by_image(server.log()).values())


def test_the_processes_of_several_jobs_stop_with_the_command(server, tmp_path, monkeypatch):
    data = tmp_path / "data"
    monkeypatch.setenv("STREETVIEW_DATA", str(data))
    images = {
        "provider": "google",
        "base_url": server.base_url,
        "size_px": [64, 64],
        "headings_deg": [0, 180],
        "requests_per_second": None,
        "max_concurrent": 1,
        "budget_usd": 100,
        "keep_images": True,
    }
    points = {"spacing_m": 1500}
    path = write_study(tmp_path / "study", name="paid", points=points, images=images)
    opened = open_study(path)
    process = start(data, "run", path, "--jobs", 2)
    _wait(process, lambda: len(server.log("image")) > 5)
    _stop(process, signal.SIGINT)
    bought = len(server.log("image"))
    assert dg.DagsterRunStatus.CANCELED in {run.status for run in _runs(opened, monkeypatch)}
    time.sleep(1)
    assert len(server.log("image")) == bought


def test_a_second_signal_ends_at_once(server, tmp_path, monkeypatch):
    data = tmp_path / "data"
    monkeypatch.setenv("STREETVIEW_DATA", str(data))
    path = write_google_study(tmp_path / "study", server, POINTS, max_concurrent=8)
    server.change(latency_s=60)
    process = start(data, "plan", path)
    _wait(process, lambda: server.log("metadata"))
    began = time.monotonic()
    _stop(process, signal.SIGINT, signal.SIGINT)
    assert time.monotonic() - began < TIME_TO_END_S


def test_what_looks_at_no_signal_is_ended_too(tiny, tmp_path, monkeypatch):
    """A model of many places takes long inside a library, which hears of no signal."""
    models = {"target": "deprivation_score", "trials": 500}
    opened = open_study(write_study(tiny.study.path.parent, models=models))
    process = start(tmp_path / "data", "run", opened.study.path)
    _wait(process, lambda: _is_running(opened))
    time.sleep(2)
    _stop(process, signal.SIGTERM)
    assert not [run for run in _runs(opened, monkeypatch) if run.status in UNFINISHED]


def _is_running(opened: OpenStudy) -> bool:
    """Whether a run is under way; read past Dagster, as from outside."""
    with sqlite3.connect(opened.root / "dagster" / "history" / "runs.db", timeout=60) as runs:
        return bool(runs.execute("select 1 from runs where status = 'STARTED'").fetchone())


WHILE_IMPORTED = """
import os, signal, sys
from streetview_assets.cli.entry import main

class Signalling:
    @staticmethod
    def find_spec(name, path, target=None):
        if name == "streetview_assets.study_state.open_study":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Signalling)
sys.argv = ["streetview", "status"]
main()
"""


def test_a_signal_while_the_command_is_still_imported_ends_it_with_one_line():
    ended = subprocess.run(
        [sys.executable, "-c", WHILE_IMPORTED], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.splitlines() == ["stopped; run again to go on"]


IN_A_DESTRUCTOR = """
import os, signal, threading, time
from streetview_assets.processes import stopping

class Signalled:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)

def fail_in_a_thread():
    while not stopping.is_asked():
        time.sleep(0.01)
    raise OSError("of what the end broke off")

stopping.listen()
threading.Thread(target=fail_in_a_thread).start()
Signalled()
time.sleep(60)
"""


def test_a_signal_that_comes_into_a_destructor_ends_the_command_with_one_line():
    ended = subprocess.run(
        [sys.executable, "-c", IN_A_DESTRUCTOR], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (143, "")
    assert ended.stderr.splitlines() == ["stopped; run again to go on"]
