"""The run of a study from the command: what is missing or out of date is made, wave by wave.

It uses the same Dagster instance as the UI, one run an authority and wave, in this process or in
several; an authority that fails stops neither the others nor the study-wide assets.
"""

import multiprocessing
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from streetview_assets import errors
from streetview_assets.lake.process_id import process_mark
from streetview_assets.orchestration.asset_checks import passes_blocking_checks
from streetview_assets.orchestration.automation.jobs import (
    AUTHORITY_JOB,
    FORCE_TAG,
    ONLY_STALE_TAG,
    RETRY_TAG,
    STUDY_JOB,
)
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.lake_io import UP_TO_DATE
from streetview_assets.orchestration.progress import Listener, Progress, listening
from streetview_assets.orchestration.resources import PROCESS_TAG
from streetview_assets.orchestration.runs.instance import (
    cancelling_runs,
    close_dead_runs,
    freeing_slots_of_dead_runs,
    open_instance,
)
from streetview_assets.orchestration.runs.schedule_order import between, waves
from streetview_assets.orchestration.sql import PUBLISHED
from streetview_assets.processes import stopping
from streetview_assets.processes.workers import worker_pool
from streetview_assets.redaction import redacted
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import AssetSpec, specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.tables.contract import Stage
from streetview_assets.text.safe_name import safe_name
from streetview_assets.warehouse.marts import is_published, stale_marts

RETRIED = frozenset({"panoramas", "images", "image_embeddings", "panorama_embeddings"})
"""Assets whose rows can fail one by one, so that a retry is worth while."""


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
    """An asset that was not made, and why."""

    asset: str
    authority: str | None
    message: str
    kind: str


@dataclass
class RunReport:
    """What a run of a study made, and what it could not."""

    made: list[tuple[str, str | None]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    closed_runs: int = 0
    seconds: float = 0.0


def run_study(
    opened: OpenStudy,
    *,
    authorities: Iterable[str] | None = None,
    until: Stage | None = None,
    only: frozenset[str] | None = None,
    anew_from: Stage | None = None,
    retry: bool = False,
    jobs: int = 1,
    listener: Listener = lambda progress: None,
) -> RunReport:
    """Make what is missing or out of date; with `retry`, only what failed and what follows from it.

    Parameters
    ----------
    opened
        The study.
    authorities
        Only these; default all of the study.
    until
        The last stage.
    only
        Only these assets; with it, nothing is published.
    anew_from
        This stage and all after it are made whatever their state.
    retry
        Rows that failed are tried again.
    jobs
        Authorities at once, each in a process of its own.
    listener
        Told how far each asset is, in its own units.
    """
    started = time.monotonic()
    opened.drop_unasked()
    instance = open_instance(opened)
    report = RunReport(closed_runs=len(close_dead_runs(instance)))
    codes = tuple(authorities or opened.authorities)
    forced = _assets_of(between(anew_from, until)) if anew_from else frozenset[str]()
    wanted = _assets_of(between(None, until)) if only is None else only

    with (
        cancelling_runs(instance),
        freeing_slots_of_dead_runs(instance),
        _workers(min(jobs, len(codes)), instance) as run_all,
        listening(listener),
    ):
        for wave in waves([*opened.assets.values()]):
            in_wave = [spec.asset for spec in wave if spec.asset in wanted]
            run_specs = [
                run_spec
                for code in (None, *codes)
                if (run_spec := _run_spec(opened, in_wave, code, forced, retry, report)).assets
            ]
            for done, failures in run_all(run_specs, listener):
                report.made += done
                report.failures += failures
        if only is None and (report.made or not retry):
            _publish(opened, report, run_all, listener)
    report.seconds = time.monotonic() - started
    return report


def _run_spec(
    opened: OpenStudy,
    in_wave: list[str],
    authority: str | None,
    forced: frozenset[str],
    retry: bool,
    report: RunReport,
) -> RunSpec:
    """Choose the assets that are made now: forced, out of date, or readers of one of those.

    Whether a reader has to be made is known when what it reads is: its step looks again.

    Rows that failed are tried again by a retry; by any run where so many failed that the table
    does not pass its checks. With a retry: those, and what is out of date because this run made
    something.
    What reads a table that has just failed is left out; a study-wide asset goes on with the
    authorities that are there.
    """
    refused = {(failure.asset, failure.authority) for failure in report.failures}
    made_now: set[tuple[str, str | None]] = set()
    again: set[str] = set()
    for asset in in_wave:
        spec = opened.assets[asset]
        if spec.study_wide != (authority is None):
            continue
        if _reads_one_of(spec, refused, authority):
            refused.add((asset, authority))
            continue
        failed = asset not in forced and _is_tried_again(opened, asset, authority, retry)
        in_question = not retry or _reads_one_of(spec, report.made, authority, widely=True)
        behind = in_question and not opened.is_fresh(asset, authority)
        if asset in forced or failed or behind or _reads_one_of(spec, made_now, authority):
            made_now.add((asset, authority))
            again |= {asset} if failed else set()
    needed = tuple(asset for asset in in_wave if (asset, authority) in made_now)
    return RunSpec(opened.study.path, authority, needed, forced, frozenset(again))


def _reads_one_of(
    spec: AssetSpec,
    assets: Iterable[tuple[str, str | None]],
    authority: str | None,
    *,
    widely: bool = False,
) -> bool:
    """Whether an asset reads what one of these writes, for the study or for the same authority.

    `widely`: or for any authority, where the asset reads all of them.
    """
    everywhere = widely and spec.reads_every_authority
    return any(
        (everywhere or owner in (None, authority))
        and asset in specs()
        and set(specs()[asset].writes) & set(spec.reads)
        for asset, owner in assets
    )


def _is_tried_again(opened: OpenStudy, asset: str, authority: str | None, retry: bool) -> bool:
    """Whether rows of an asset failed: in an attempt that never ended, too many, or for a retry."""
    if asset not in RETRIED:
        return False
    state = Resumption(opened, asset, authority or "")
    if state.failed().is_empty():
        return False
    return retry or state.is_unfinished or not passes_blocking_checks(opened, asset, authority)


def _publish(opened: OpenStudy, report: RunReport, run_all: "RunAll", listener: Listener) -> None:
    stale = stale_marts(opened)
    if not stale and is_published(opened):
        return
    run_spec = RunSpec(opened.study.path, None, (*(f"mart/{name}" for name in stale), PUBLISHED))
    for done, failures in run_all([run_spec], listener):
        report.made += done
        report.failures += failures


def _assets_of(stages: set[Stage]) -> frozenset[str]:
    return frozenset(spec.asset for spec in specs().values() if spec.stage in stages)


Outcome = tuple[list[tuple[str, str | None]], list[Failure]]
RunAll = Callable[[list[RunSpec], Listener], Iterator[Outcome]]


@contextmanager
def _workers(jobs: int, instance: dg.DagsterInstance) -> Iterator[RunAll]:
    """Run them here, or side by side in processes; progress of both reaches the listener."""
    if jobs <= 1:
        yield lambda run_specs, listener: (execute_run(spec, instance) for spec in run_specs)
        return
    # A queue of a `Manager` would be a process more, one that outlives a killed command.
    queue: Any = multiprocessing.get_context("spawn").SimpleQueue()
    with worker_pool(jobs, _pass_progress_on, (queue,), gently=True) as pool:

        def run_all(run_specs: list[RunSpec], listener: Listener) -> Iterator[Outcome]:
            running = [pool.submit(execute_run, run_spec) for run_spec in run_specs]
            while running:
                while not queue.empty():
                    listener(queue.get())
                for future in [future for future in running if future.done()]:
                    running.remove(future)
                    yield future.result()
                time.sleep(0.1)

        yield run_all


def _pass_progress_on(queue: Any) -> None:
    def passed_on(progress: Progress) -> None:
        queue.put(progress)

    listening(passed_on).__enter__()


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
    failures += [
        Failure(
            check.asset_key.to_user_string(),
            run_spec.authority,
            f"check {check.check_name}: {check.description}",
            "check",
        )
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
    ]
    made = {
        event.asset_key.to_user_string()
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
        and event.asset_key
        and not _was_up_to_date(event)
    }
    return [(asset, run_spec.authority) for asset in run_spec.assets if asset in made], failures


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
                PROCESS_TAG: process_mark(),
                ONLY_STALE_TAG: "true",
                FORCE_TAG: ",".join(sorted(run_spec.forced)),
                RETRY_TAG: ",".join(sorted(run_spec.retried)),
            },
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
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
    """Say in one line why a step failed: our own error, else the one that started it.

    What lies behind an error of ours is in Dagster's log of the run.
    """
    chain = []
    error = event.step_failure_data.error
    while error is not None:
        chain.append(error)
        error = error.cause
    ours = {kind.__name__ for kind in _errors_of(errors.StreetviewError)}
    found = next((error for error in chain if error.cls_name in ours), chain[-1] if chain else None)
    message = found.message.strip() if found else "no reason was given"
    kind = (found.cls_name or "") if found else ""
    asset = (event.step_key or "").replace("__", "/")
    plain = re.sub(rf"^([\w.]+\.)?{re.escape(kind)}: ", "", message)
    of_study = any(error.cls_name == errors.StudyError.__name__ for error in chain)
    shown = errors.StudyError.__name__ if of_study else kind
    return Failure(asset, run_spec.authority, redacted(plain), shown)


def _errors_of(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(_errors_of(one) for one in kind.__subclasses__()))
