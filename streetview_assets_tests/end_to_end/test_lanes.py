"""Runs side by side: what reads nothing of one another overlaps, and each ends for itself alone."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from streetview_assets.lake.locks import held
from streetview_assets.orchestration.runs import lanes
from streetview_assets.orchestration.runs.lanes import (
    BYTES_A_BYTE_OF_VECTORS,
    LEAST_BYTES_A_LANE,
    default_lanes,
    lanes_in_memory,
)
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.orchestration.tracking.mlflow_resource import LOCK
from streetview_assets.processes.stopping import LINE, TRACKER
from streetview_assets.study_state.lineage import specs, written_by
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.end_to_end.small_studies import (
    AUTHORITIES,
    assert_same_tables,
    finish,
    start,
)

LOST = "was ended from outside"
TOLD = re.compile(r"orchestration\.build: (\w+) of (.+): (made, rows|changed|asked for|not there)")
HELD_UP, READER = "model_selection", "deprivation_model"
"""Waits for the lock of MLflow, once it has its scores; and what reads those."""
INDEPENDENT = ("target_scores", "neighbours")
SECONDS_TO_END = 8.0


def _forget(opened: OpenStudy, *assets: str) -> None:
    for table in (table for asset in assets for table in specs()[asset].writes):
        shutil.rmtree(opened.root / "lake" / table)


@contextmanager
def _one_lane_held_up(
    opened: OpenStudy, data: Path
) -> Iterator[tuple["subprocess.Popen[str]", list[psutil.Process]]]:
    """A command of two lanes: one waits for a lock, the other has made all else meanwhile."""
    _forget(opened, HELD_UP, *INDEPENDENT)
    with held(opened.root / LOCK):
        process = start(data, "run", opened.study.path, "--jobs", 2, "-v")
        assert process.stdout
        said, left = "", set(INDEPENDENT)
        while left and (line := process.stdout.readline()):
            said += line
            left -= {asset for asset in left if f"{asset} of the study: made" in line}
        assert not left, said
        assert f"{HELD_UP} of the study: not there yet" in said, "it has begun before the others"
        assert f"{HELD_UP} of the study: made" not in said
        while not all(opened.is_fresh(asset, None) for asset in INDEPENDENT):
            assert process.poll() is None, "told when it is made, and written then"
            time.sleep(0.05)
        yield process, psutil.Process(process.pid).children(recursive=True)


def test_what_is_independent_overlaps_a_signal_ends_all_lanes_and_the_next_run_goes_on(
    tiny: OpenStudy, finished_tiny: Path, tmp_path: Path, streetview: Callable[..., Any]
):
    with _one_lane_held_up(tiny, tmp_path / "data") as (process, others):
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=SECONDS_TO_END)
        assert (process.returncode, said.count(LINE)) == (130, 1), said
        assert "Traceback" not in said
        _, alive = psutil.wait_procs(others, timeout=SECONDS_TO_END)
        assert others
        assert not alive
    went_on = streetview("run", tiny.study.path)
    assert went_on.exit_code == 0, went_on.output
    assert f"{HELD_UP}: made" in went_on.output
    assert not [asset for asset in INDEPENDENT if f"{asset}: made" in went_on.output]
    assert_same_tables(tiny.root, finished_tiny / "data" / "tiny")


def test_a_lane_that_is_killed_at_its_work_ends_the_run_with_what_to_do(
    tiny: OpenStudy, tmp_path: Path
):
    _forget(tiny, "authority_model")
    with held(tiny.root / LOCK):
        process = start(tmp_path / "data", "run", tiny.study.path, "--jobs", 2, "-v")
        assert process.stdout
        begun = 0
        while begun < len(AUTHORITIES) and (line := process.stdout.readline()):
            begun += bool(TOLD.search(line))
        assert begun == len(AUTHORITIES), "each in its lane"
        for other in psutil.Process(process.pid).children(recursive=True):
            if TRACKER not in " ".join(other.cmdline()):
                other.kill()
    said, _ = process.communicate(timeout=120)
    assert (process.returncode, said.count(LOST)) == (1, 1), said
    assert "Traceback" not in said
    fresh = [tiny.is_fresh("authority_model", code) for code in AUTHORITIES]
    assert sorted(fresh) == [False, True], "what is under way in the other comes to its end"


def test_a_reader_begins_when_what_it_reads_is_made_and_all_is_as_of_one_lane(
    tiny: OpenStudy, finished_tiny: Path, tmp_path: Path
):
    data, study = tmp_path / "data", tiny.study.path
    said = finish(start(data, "run", study, "--from", "clusters", "--jobs", 2, "-v"))
    events = [found.groups() for line in said.splitlines() if (found := TOLD.search(line))]
    made = [(asset, of) for asset, of, what in events if what == "made, rows"]
    assert len(made) == len(set(made))
    assert {asset for asset, _ in made} >= {HELD_UP, READER, "target_scores"}
    there = set(tiny.assets) - {asset for asset, _ in made}
    waiting = set(made)
    for asset, of, what in events:
        if what == "made, rows":
            waiting.remove((asset, of))
            there |= {asset} - {one for one, _ in waiting}
            continue
        spec = tiny.assets[asset]
        for read in {written_by()[table] for table in spec.reads} & tiny.assets.keys():
            same = not (spec.reads_every_authority or tiny.assets[read].study_wide)
            assert (read, of) not in waiting if same else read in there, (asset, of, read)
    numbers = [int(number) for number in re.findall(r"^\[(\d+) of \d+\] ", said, re.MULTILINE)]
    assert numbers == sorted(set(numbers)), "each is counted once"
    assert_same_tables(tiny.root, finished_tiny / "data" / "tiny")


def test_what_fails_in_one_lane_stops_its_readers_alone(
    tiny: OpenStudy, monkeypatch: pytest.MonkeyPatch
):
    _forget(tiny, HELD_UP, READER, *INDEPENDENT)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nowhere://")
    report = run_study(tiny, only=frozenset({HELD_UP, READER, *INDEPENDENT}), jobs=2)
    assert {failure.asset for failure in report.failures} == {HELD_UP}
    assert {asset for asset, _ in report.made} == {*INDEPENDENT}


def test_lanes_are_as_many_as_memory_holds_and_one_where_the_process_is_not_the_commands_own(
    tiny: OpenStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    vectors = sum(
        path.stat().st_size for path in tiny.lake.files("image_embeddings", encoder=tiny.encoder)
    )
    each = LEAST_BYTES_A_LANE + BYTES_A_BYTE_OF_VECTORS * vectors
    assert [lanes_in_memory(tiny, 4, times * each + 1) for times in (0, 1, 2, 9)] == [1, 1, 2, 4]
    (granted := tmp_path / "memory.max").write_text(f"{each + 1}\n")
    monkeypatch.setattr(lanes, "GRANTED", granted)
    assert lanes_in_memory(tiny, 4) == 1
    assert default_lanes() == 1
