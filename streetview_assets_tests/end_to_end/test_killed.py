"""A command that is killed, wherever it is, leaves nothing half made and nothing in the way."""

import signal
import sqlite3
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


def test_killed_and_two_at_once_the_study_still_comes_to_its_end(
    opened, finished_tiny, tmp_path, monkeypatch, streetview
):
    """Killed in pooled steps and in the models; two authorities made by two commands at once.

    In the end several processes go on; each says how far it is and, where asked, why.
    """
    data, study = tmp_path / "data", opened.study.path
    monkeypatch.setenv("STREETVIEW_DATA", str(data))

    _kill_when(start(data, "run", study), lambda: _images(opened.root) > 10)
    lake_of(opened.root)
    assert _holder_of(opened, "imagery_api")

    east, west = (("run", study, "--authority", code, "--until", "pooling") for code in AUTHORITIES)
    process = start(data, *east)
    here = streetview(*west)
    assert here.exit_code == 0, here.output
    assert "Failed" not in finish(process) + here.output
    assert not _holder_of(opened, "imagery_api")
    there = lake_of(opened.root)
    for table in ("areas", "images", "area_embeddings"):
        of_table = {name.split("/")[-2] for name in there if name.split("/")[0] == table}
        assert of_table == {*AUTHORITIES}
    assert opened.sql("select count(*) from areas").item() > 0

    encoding = start(data, "run", study, "--from", "embeddings", "--jobs", 2)
    _kill_when(encoding, lambda: _holder_of(opened, "encoder"))
    lake_of(opened.root)

    # By then every authority has its images, and models of all are next.
    scores = opened.root / "lake" / "cluster_scores"
    _kill_when(start(data, "run", study), lambda: any(scores.rglob("data.parquet")))
    assert (opened.root / "mlflow.db").is_file()
    lake_of(opened.root)

    said = finish(start(data, "run", study, "--jobs", 2, "-v"))
    assert "Closed" in said
    for authority in AUTHORITIES:
        assert f" {authority} cluster_assignments: made in " in said
        of = f"INFO streetview_assets.orchestration.build: cluster_assignments of {authority}: "
        first, *_, last = (line.partition(of)[2] for line in said.splitlines() if of in line)
        assert first == "not there yet"
        assert last.startswith("made, rows: ")
    assert "images: made" not in said
    with sqlite3.connect(opened.root / "mlflow.db") as tracked:
        names = [name for (name,) in tracked.execute("select name from experiments")]
        assert names.count("tiny") == 1
        assert tracked.execute("select count(*) from alembic_version").fetchone() == (1,)
    assert_same_tables(opened.root, finished_tiny / "data" / "tiny")
    assert "Nothing to do" in streetview("run", study).output
