"""A command that is killed, wherever it is, leaves nothing half made and nothing in the way."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.end_to_end.small_studies import (
    AUTHORITIES,
    assert_same_tables,
    finish,
    lake_of,
    start,
    write_study,
)

PATIENCE_S = 240.0


def _kill_when(process: "subprocess.Popen[str]", come: Callable[[], object]) -> None:
    """Kill a command with SIGKILL once something has come about, and see that it leaves nobody."""
    end = time.monotonic() + PATIENCE_S
    while not come() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert process.poll() is None, f"ended before it was killed: {process.communicate()[0]}"
    others = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(others, timeout=60)
    assert not alive


def _images(root: Path) -> int:
    return sum(1 for _ in (root / "images").rglob("*.jpg"))


def _holder_of(opened: OpenStudy, pool: str) -> bool:
    """Whether a run holds the slot of a pool; read past Dagster, as from outside."""
    import sqlite3

    database = opened.root / "dagster" / "history" / "runs" / "index.db"
    if not database.is_file():
        return False
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60) as connection:
        taken = connection.execute(
            "select count(*) from concurrency_slots where concurrency_key = ? "
            "and run_id is not null",
            [pool],
        )
        return bool(taken.fetchone()[0])


@pytest.fixture
def opened(tmp_path: Path) -> OpenStudy:
    (tmp_path / "data").mkdir()
    return open_study(write_study(tmp_path / "study"))


def test_killed_in_pooled_steps_and_in_the_models_the_study_still_comes_to_its_end(
    opened, finished_tiny, tmp_path, streetview
):
    data, study = tmp_path / "data", opened.study.path

    _kill_when(start(data, "run", study), lambda: _images(opened.root) > 10)
    lake_of(opened.root)
    assert _holder_of(opened, "imagery_api")

    finish(start(data, "run", study, "--authority", AUTHORITIES[1], "--until", "images"))
    assert not _holder_of(opened, "imagery_api")

    encoding = start(data, "run", study, "--jobs", 2)
    _kill_when(encoding, lambda: _holder_of(opened, "encoder"))
    lake_of(opened.root)

    # By then every authority has its images, and models of all are next.
    scores = opened.root / "lake" / "cluster_scores"
    _kill_when(start(data, "run", study), lambda: any(scores.rglob("data.parquet")))
    assert (opened.root / "mlflow.db").is_file()
    lake_of(opened.root)

    said = finish(start(data, "run", study))
    assert "Closed" in said
    assert "images: made" not in said
    assert_same_tables(opened.root, finished_tiny / "data" / "tiny")
    assert "Nothing to do" in streetview("run", study).output
