"""One Dagster run: some assets, of one authority or of the whole study, and what came of each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from streetview_assets.lake.process_id import process_mark
from streetview_assets.orchestration.automation.jobs import (
    AUTHORITY_JOB,
    FORCE_TAG,
    ONLY_STALE_TAG,
    RETRY_TAG,
    STUDY_JOB,
)
from streetview_assets.orchestration.automation.step_retries import NOT_AGAIN
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.lake_io import UP_TO_DATE
from streetview_assets.orchestration.resources import PROCESS_TAG
from streetview_assets.orchestration.runs.failure_reason import failure_reason
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.processes import stopping
from streetview_assets.processes.log_lines import log_level, show_log_lines
from streetview_assets.processes.workers import keeping_workers
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.text.safe_name import safe_name


@dataclass(frozen=True)
class RunSpec:
    """One Dagster run: some assets, of one authority or of the whole study.

    Attributes
    ----------
    forced
        Assets that are made anew though they are up to date.
    retried
        Assets whose rows that failed are tried again, and no others.
    """

    study_file: Path
    authority: str | None
    assets: tuple[str, ...]
    forced: frozenset[str] = frozenset()
    retried: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Failure:
    """An asset that was not made, or that a check fails, and why."""

    asset: str
    authority: str | None
    message: str
    kind: str


@dataclass(frozen=True)
class Outcome:
    """What came of one Dagster run; `warnings` are checks that fail and stop nothing."""

    made: list[tuple[str, str | None]]
    failures: list[Failure]
    warnings: list[Failure]


@keeping_workers()
def execute_run(run_spec: RunSpec, instance: dg.DagsterInstance | None = None) -> Outcome:
    """Execute one Dagster run in this process and say what came of each asset.

    Parameters
    ----------
    run_spec
        What is made.
    instance
        The study's, where this process has it open.

    Raises
    ------
    Stopped
        Where a signal asked for the end: the run is cancelled.
    """
    show_log_lines()
    opened = open_study(run_spec.study_file)
    instance = instance or open_instance(opened)
    result = _executed(run_spec, opened, instance)
    run = instance.get_run_by_id(result.run_id)
    if stopping.is_asked() or (run and run.status == dg.DagsterRunStatus.CANCELED):
        if run and run.status != dg.DagsterRunStatus.CANCELED:
            instance.report_run_canceled(run, message=stopping.LINE)
        raise stopping.Stopped
    failures = [failure_of(event, run_spec) for event in result.all_events if event.is_step_failure]
    # A step of checks fails where one of them blocks, which says less than the check itself.
    failures = [failure for failure in failures if failure.kind != "DagsterAssetCheckFailedError"]
    checked = [
        (check.severity, _failure_of_check(check, run_spec))
        for check in result.get_asset_check_evaluations()
        if not check.passed
    ]
    failures += [one for severity, one in checked if severity == dg.AssetCheckSeverity.ERROR]
    warnings = [one for severity, one in checked if severity == dg.AssetCheckSeverity.WARN]
    made = {
        event.asset_key.to_user_string()
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
        and event.asset_key
        and not _was_up_to_date(event)
    }
    of_run = [(asset, run_spec.authority) for asset in run_spec.assets if asset in made]
    return Outcome(of_run, failures, warnings)


def _failure_of_check(check: dg.AssetCheckEvaluation, run_spec: RunSpec) -> Failure:
    what = f"check {check.check_name}: {check.description}"
    return Failure(check.asset_key.to_user_string(), run_spec.authority, what, "check")


def _executed(
    run_spec: RunSpec, opened: OpenStudy, instance: dg.DagsterInstance
) -> dg.ExecuteInProcessResult:
    if stopping.is_asked():
        raise stopping.Stopped
    job = STUDY_JOB if run_spec.authority is None else AUTHORITY_JOB
    try:
        result: dg.ExecuteInProcessResult = _jobs(run_spec.study_file, opened.authorities)[
            job
        ].execute_in_process(
            partition_key=None if run_spec.authority is None else safe_name(run_spec.authority),
            instance=instance,
            asset_selection=[dg.AssetKey.from_user_string(asset) for asset in run_spec.assets],
            tags={
                **NOT_AGAIN,
                PROCESS_TAG: process_mark(),
                ONLY_STALE_TAG: "true",
                FORCE_TAG: ",".join(sorted(run_spec.forced)),
                RETRY_TAG: ",".join(sorted(run_spec.retried)),
            },
            run_config={"loggers": {"console": {"config": {"log_level": log_level()}}}},
            raise_on_error=False,
        )
    except dg.DagsterExecutionInterruptedError as interrupt:
        raise stopping.Stopped from interrupt
    return result


def _was_up_to_date(event: dg.DagsterEvent) -> bool:
    """Whether an asset was found to be as it should be when its turn came."""
    told = event.step_materialization_data.materialization.metadata
    return {key: told[key].value for key in UP_TO_DATE if key in told} == UP_TO_DATE


_built: dict[tuple[Path, tuple[str, ...]], dict[str, Any]] = {}


def _jobs(study_file: Path, authorities: tuple[str, ...]) -> dict[str, Any]:
    """Build the jobs of a study once a process."""
    key = (study_file, authorities)
    if key not in _built:
        definitions = build_definitions(study_file)
        _built[key] = {
            name: definitions.resolve_job_def(name) for name in (AUTHORITY_JOB, STUDY_JOB)
        }
    return _built[key]


def failure_of(event: dg.DagsterEvent, run_spec: RunSpec) -> Failure:
    """Say why a step of a run failed (see `failure_reason`)."""
    reason = failure_reason(event)
    return Failure(reason.asset, run_spec.authority, reason.message, reason.kind)
