"""What Dagster tries again by itself, and what it leaves to people: on a real instance."""

import socket

import dagster as dg
import pytest

from streetview_assets.orchestration.automation import step_retries
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.instance import close_dead_runs, prepare_home
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.end_to_end.imagery_studies import (
    UP_TO_IMAGES,
    by_image,
    expected_images,
    images_there,
    write_google_study,
)
from streetview_assets_tests.images.imagery_server import serving
from streetview_assets_tests.images.imagery_world import Settings, panorama_of

POINTS = 6
ONCE = {"kind": "429", "retry_after": 500, "where": "image"}
GONE = f"{socket.gethostname()}/1/0.00"
"""The mark of a process that has ended: the first of this machine began at another time."""


@pytest.fixture
def bought(at_home, monkeypatch):
    """A study whose images a server here sells, one request at a time; one of them it sells late.

    The first request for that image is told to come back much later.
    """
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a-good-key")
    monkeypatch.setattr(step_retries, "PAUSES_S", (0.0,))
    settings = Settings()
    late = panorama_of(settings, 149_700, -2_498)
    held = f"('heading', '90'), ('pano', '{late.panorama_id}')"
    with serving(settings, faults=[{**ONCE, "holding": held}]) as server:
        path = write_google_study(at_home / "study", server, POINTS, max_concurrent=1)
        prepare_home(open_study(path))
        with dg.DagsterInstance.get() as instance:
            yield path, server, instance


def _bought_by_dagster(path, instance) -> dg.ExecuteInProcessResult:
    job = build_definitions(path).resolve_job_def("authority")
    (code,) = open_study(path).authorities
    return job.execute_in_process(
        partition_key=code,
        instance=instance,
        asset_selection=[dg.AssetKey(asset) for asset in UP_TO_IMAGES],
        raise_on_error=False,
    )


def test_a_provider_that_is_not_well_is_asked_again_and_nothing_is_bought_twice(bought):
    path, server, instance = bought
    result = _bought_by_dagster(path, instance)
    assert result.success
    retried = [one for one in result.all_events if one.is_step_up_for_retry]
    assert [one.step_key for one in retried] == ["images"]
    opened = open_study(path)
    assert images_there(opened) == expected_images(server, POINTS)
    asked = by_image(server.log())
    answers = sorted([one.status for one in seen] for seen in asked.values())
    assert answers == [[200]] * (4 * POINTS - 1) + [[429, 200]]
    assert opened.ledger.spent_usd() == pytest.approx(4 * POINTS * 0.007)
    run = instance.get_run_by_id(result.run_id)
    assert run.tags["dagster/max_retries"] == "0", "a run that buys is not started again"


def test_a_provider_that_bills_for_nothing_is_not_asked_again(bought, monkeypatch):
    path, server, instance = bought
    broken = [{"kind": "500", "share": 1.0, "where": "image", "tries": None}]
    server.change(faults=broken)
    monkeypatch.setattr("streetview_assets.images.http.client.FAILURES_IN_A_ROW", 2)
    monkeypatch.setattr("streetview_assets.images.http.retries.FIRST_PAUSE_S", 0.0)
    result = _bought_by_dagster(path, instance)
    assert not result.success
    assert not [one for one in result.all_events if one.is_step_up_for_retry]
    assert open_study(path).ledger.spent_usd() > 0


def test_whoever_runs_the_command_is_told_and_not_kept_waiting(bought):
    path, _, instance = bought
    (failure,) = run_study(open_study(path), only=UP_TO_IMAGES).failures
    assert failure.kind == "ImageryUnavailableError"
    assert "asks to be left alone for 500 s" in failure.message
    (failed,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert failed.tags["dagster/will_retry"] == "false"


@dg.asset
def fails() -> None:
    raise ValueError("it would fail again")


def test_a_run_is_started_again_where_its_process_was_lost_and_only_there(at_home, write_town):
    path = write_town(at_home / "study")
    prepare_home(open_study(path))
    job = build_definitions(path).resolve_job_def("authority")
    with dg.DagsterInstance.get() as instance:

        def lost(**tags: str) -> str:
            run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
            instance.report_run_failed(run, "its process was lost")
            return instance.get_run_by_id(run.run_id).tags["dagster/will_retry"]

        assert lost() == "true"
        assert lost(**step_retries.NOT_AGAIN) == "false"
        failed = dg.materialize([fails], instance=instance, raise_on_error=False)
        assert instance.get_run_by_id(failed.run_id).tags["dagster/will_retry"] == "false"


def test_a_run_that_is_started_again_is_not_taken_for_the_one_that_was_lost(at_home, write_town):
    """It has the tags of the run before it, the mark of the lost process too, until it begins."""
    path = write_town(at_home / "study")
    prepare_home(open_study(path))
    job = build_definitions(path).resolve_job_def("authority")
    with dg.DagsterInstance.get() as instance:
        tags = {".dagster/streetview_process": GONE}
        first = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
        assert close_dead_runs(instance) == [first.run_id]
        again = instance.create_run_for_job(
            job,
            status=dg.DagsterRunStatus.STARTING,
            tags=tags,
            parent_run_id=first.run_id,
            root_run_id=first.run_id,
        )
        assert close_dead_runs(instance) == []
        assert not instance.get_run_by_id(again.run_id).is_finished
