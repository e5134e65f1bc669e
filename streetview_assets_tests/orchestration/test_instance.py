"""The Dagster instance of a study: whose it is, and what a killed process leaves in it."""

import os
import signal
import subprocess
import sys
import time

import dagster as dg
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.orchestration.runs.instance import (
    close_dead_runs,
    open_instance,
    prepare_home,
    write_workspace,
)
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.started import programs

EAST = "X01000001"
POOL = "imagery_api"
UP_TO_IMAGES = ("areas", "targets", "road_network", "sample_points", "panoramas", "images")
ENDLESS = {
    "spacing_m: 600": "spacing_m: 100",
    "[64, 64]": "[320, 320]",
    "figures: {dpi: 50}": "figures: {draw: false}",
}
FETCH_FOR_EVER = """
import sys
from pathlib import Path
import dagster as dg
from streetview_assets.orchestration.build import build_definitions
job = build_definitions(Path(sys.argv[1])).resolve_job_def("authority")
job.execute_in_process(
    partition_key=sys.argv[2],
    instance=dg.DagsterInstance.get(),
    asset_selection=[dg.AssetKey(asset) for asset in sys.argv[3:]],
)
"""


def holders(instance: dg.DagsterInstance) -> int:
    storage = instance.event_log_storage
    if POOL not in storage.get_concurrency_keys():
        return 0
    return storage.get_concurrency_info(POOL).active_slot_count


def test_a_run_that_dagsters_server_interrupts_ends_as_cancelled(at_home, write_town):
    """Whether somebody has asked for it in the UI, or the container stops."""
    opened = open_study(write_town(at_home / "study", ENDLESS))
    prepare_home(opened)
    with dg.DagsterInstance.get() as instance:
        command = [sys.executable, "-c", FETCH_FOR_EVER, opened.study.path, EAST, *UP_TO_IMAGES]
        process = programs.Popen(command, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        # Between two steps Dagster itself takes an interruption for a failure.
        while holders(instance) == 0 or not any((opened.root / "images").rglob("*.jpg")):
            assert process.poll() is None, "it ended before it fetched an image"
            assert time.monotonic() < until
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.CANCELED
        assert holders(instance) == 0


def test_a_killed_process_leaves_neither_a_run_nor_a_slot_behind(at_home, write_town):
    study = write_town(at_home / "study", ENDLESS)
    prepare_home(open_study(study))
    with dg.DagsterInstance.get() as instance:
        command = [sys.executable, "-c", FETCH_FOR_EVER, str(study), EAST, *UP_TO_IMAGES]
        process = programs.Popen(command)
        try:
            until = time.monotonic() + 120
            while holders(instance) == 0:
                assert process.poll() is None, "it ended before it fetched an image"
                assert time.monotonic() < until
                time.sleep(0.1)
            assert close_dead_runs(instance) == [], "a living process keeps its run"
            assert holders(instance) == 1
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        assert close_dead_runs(instance) == [run.run_id]
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
        assert holders(instance) == 0


def test_pools_have_one_place(at_home, write_town):
    prepare_home(open_study(write_town(at_home / "study")))
    with dg.DagsterInstance.get() as instance:
        for pool in (POOL, "encoder"):
            instance.event_log_storage.initialize_concurrency_limit_to_default(pool)
            assert instance.event_log_storage.get_concurrency_info(pool).slot_count == 1


def test_settings_are_found_in_a_folder_that_is_a_pattern(at_home, write_town, monkeypatch):
    monkeypatch.setenv("STREETVIEW_DATA", str(at_home / "data [x] *"))
    opened = open_study(write_town(at_home / "study"))
    with open_instance(opened) as instance:
        assert not instance.telemetry_enabled
        assert instance.get_settings("concurrency")["pools"]["default_limit"] == 1
        assert instance.root_directory == str(opened.root / "dagster")
    with pytest.raises(StudyError, match="DAGSTER_HOME"):
        write_workspace(opened, prepare_home(opened))


@pytest.mark.parametrize("name", ["what?", "back\\slash", "%2F", "line\nbreak"])
def test_a_folder_that_no_database_can_be_addressed_in_is_refused(
    at_home, write_town, monkeypatch, name
):
    study = write_town(at_home / "study")
    monkeypatch.setenv("DAGSTER_HOME", str(at_home / name))
    with pytest.raises(StudyError, match="DAGSTER_HOME"):
        prepare_home(open_study(study))
    monkeypatch.setenv("STREETVIEW_DATA", str(at_home / name))
    with pytest.raises(StudyError, match="STREETVIEW_DATA"):
        open_study(study)
    assert {path.name for path in at_home.iterdir()} <= {"study", "data"}


def test_the_home_of_another_study_is_refused_by_name(at_home, write_town, monkeypatch):
    study = write_town(at_home / "one")
    other = write_town(at_home / "two", {"small-town": "other-town"})
    home = prepare_home(open_study(study))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    before = sorted(home.iterdir())
    with pytest.raises(StudyError, match=r"small-town.*other-town"):
        prepare_home(open_study(other))
    assert sorted(home.iterdir()) == before
    assert prepare_home(open_study(study)) == home


def test_a_home_has_the_settings_of_the_project(at_home, write_town):
    home = prepare_home(open_study(write_town(at_home / "study")))
    assert os.environ["DAGSTER_HOME"] == str(home)
    assert "default_limit: 1" in (home / "dagster.yaml").read_text()
