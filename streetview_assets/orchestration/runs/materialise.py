"""The run of a study from the command: what is missing or out of date is made, wave by wave.

It uses the same Dagster instance as the UI, one run an authority and wave, or several side by side
(see `lanes`); an authority that fails stops neither the others nor the study-wide assets.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from streetview_assets.orchestration.asset_checks import passes_blocking_checks
from streetview_assets.orchestration.progress import Listener, Progress
from streetview_assets.orchestration.runs.dagster_mends import closing_databases
from streetview_assets.orchestration.runs.instance import (
    cancelling_runs,
    close_dead_runs,
    freeing_slots_of_dead_runs,
    open_instance,
)
from streetview_assets.orchestration.runs.lanes import RunAll, default_lanes, lanes
from streetview_assets.orchestration.runs.one_run import Failure, Outcome, RunSpec
from streetview_assets.orchestration.runs.schedule_order import between, waves
from streetview_assets.orchestration.sql import EXPLORER, PUBLISHED
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import AssetSpec, specs
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.stages import Stage
from streetview_assets.warehouse.marts import is_published, stale_marts
from streetview_assets.warehouse.queries import queries_of

RETRIED = frozenset({"panoramas", "images", "image_embeddings", "panorama_embeddings"})
"""Assets whose rows can fail one by one, so that a retry is worth while."""


@dataclass
class RunReport:
    """What a run of a study made, and what it could not."""

    made: list[tuple[str, str | None]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)
    closed_runs: int = 0
    seconds: float = 0.0

    def take_up(self, outcome: Outcome) -> None:
        """Add what came of one run."""
        self.made += outcome.made
        self.failures += outcome.failures
        self.warnings += outcome.warnings


def run_study(
    opened: OpenStudy,
    *,
    authorities: Iterable[str] | None = None,
    until: Stage | None = None,
    only: frozenset[str] | None = None,
    anew_from: Stage | None = None,
    retry: bool = False,
    jobs: int | None = 1,
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
        Runs side by side at most, each in a process: of authorities, or of assets that read
        nothing of one another; 1: all in this process; None: as suits the machine. Where memory
        is short, fewer.
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
    in_waves = [
        [spec for spec in wave if spec.asset in wanted] for wave in waves([*opened.assets.values()])
    ]
    passed, total = 0, sum(_count(wave, codes) for wave in in_waves)
    if only is None:
        total += len(queries_of("mart")) + 1 + bool(opened.study.explorer)

    with (
        closing_databases(),
        cancelling_runs(instance),
        freeing_slots_of_dead_runs(instance),
        lanes(jobs or default_lanes(), opened, instance, listener) as run_all,
    ):
        for wave in in_waves:
            in_wave = [spec.asset for spec in wave]
            run_specs = [
                run_spec
                for code in (None, *codes)
                if (run_spec := _run_spec(opened, in_wave, code, forced, retry, report)).assets
            ]
            passed += _count(wave, codes)
            listener(_of_the_run(run_specs, passed, total))
            for outcome in run_all(run_specs):
                report.take_up(outcome)
        if only is None and (report.made or not retry):
            for outcome in _publish(opened, run_all, listener, total):
                report.take_up(outcome)
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


def _count(wave: list[AssetSpec], authorities: Sequence[str]) -> int:
    return sum(1 if spec.study_wide else len(authorities) for spec in wave)


def _of_the_run(run_specs: list[RunSpec], passed: int, total: int) -> Progress:
    """Say how far a run is before it makes some of the assets that will then have been passed."""
    return Progress("", None, passed - sum(len(one.assets) for one in run_specs), total)


def _publish(
    opened: OpenStudy, run_all: RunAll, listener: Listener, total: int
) -> Iterator[Outcome]:
    stale = stale_marts(opened)
    assets = [*(f"mart/{name}" for name in stale)]
    if stale or not is_published(opened):
        assets += [PUBLISHED]
    if opened.study.explorer and (assets or not _is_written(opened)):
        assets += [EXPLORER]
    if not assets:
        return
    run_spec = RunSpec(opened.study.path, None, tuple(assets))
    listener(_of_the_run([run_spec], total, total))
    yield from run_all([run_spec])


def _is_written(opened: OpenStudy) -> bool:
    """Whether the explorer's folder shows what is published; what knows it loads much."""
    from streetview_assets.explorer.static_folder import is_written

    return is_written(opened)


def _assets_of(stages: set[Stage]) -> frozenset[str]:
    return frozenset(spec.asset for spec in specs().values() if spec.stage in stages)
