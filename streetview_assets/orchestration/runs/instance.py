"""The Dagster instance of a study: its home, and what killed runs have left in it."""

import glob
import logging
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

from streetview_assets.errors import StudyError
from streetview_assets.lake.atomic_write import make_way, written_aside
from streetview_assets.lake.locks import held
from streetview_assets.lake.process_id import about_mark, is_gone, is_of_this_command, process_mark
from streetview_assets.lake.sealed_json import read_json, write_json
from streetview_assets.lake.sqlite_file import put_damaged_aside
from streetview_assets.orchestration.resources import PROCESS_TAG
from streetview_assets.orchestration.runs.dagster_mends import mend_dagster
from streetview_assets.processes import stopping
from streetview_assets.study_state.addressable import addressable
from streetview_assets.study_state.open_study import OpenStudy, open_study

OWNER = "streetview_study.json"
CLAIM = "study.json"
SETTINGS = "dagster.yaml"
DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
"""Of Dagster; without them, what was run before is forgotten, and nothing else."""

TO_THE_TERMINAL = {
    "module": "dagster._core.storage.noop_compute_log_manager",
    "class": "NoOpComputeLogManager",
}
"""What a command's libraries print; Dagster would start processes that copy it into files.

Those get the terminal's Ctrl-C as well, and each says so by a traceback.
"""

SECONDS_BETWEEN_LOOKS = 5.0
_log = logging.getLogger(__name__)
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def prepare_home(opened: OpenStudy) -> Path:
    """Make the study's Dagster home and point `$DAGSTER_HOME` at it.

    Raises
    ------
    StudyError
        Where `$DAGSTER_HOME` belongs to another study, or the study's folder to another file.
    """
    _claim_folder(opened)
    own = opened.root / "dagster"
    named = Path(os.environ.get("DAGSTER_HOME") or own).expanduser().resolve()
    home = addressable(named, "DAGSTER_HOME")
    owner = home / OWNER
    name = read_json(owner)
    if name not in (None, opened.study.name):
        raise StudyError(
            f"DAGSTER_HOME {home} belongs to the study {name!r}, not to "
            f"{opened.study.name!r}: unset DAGSTER_HOME, or name another folder"
        )
    home.mkdir(parents=True, exist_ok=True)
    if name is None:
        write_json(owner, opened.study.name)
    settings = home / SETTINGS
    ours = _instance_settings()
    outdated = home == own and settings.is_file() and settings.read_bytes() != ours.read_bytes()
    if not settings.is_file() or outdated:
        make_way(settings)
        with written_aside(settings) as aside:
            shutil.copyfile(ours, aside)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def write_workspace(opened: OpenStudy, home: Path) -> Path:
    """Say in a file in the home what the UI loads, under the study's name.

    Raises
    ------
    StudyError
        Where the UI would not find its settings, or would find another's.
    """
    if glob.has_magic(str(home)):
        raise StudyError(
            f"DAGSTER_HOME {home}: Dagster's UI takes its path for a pattern, since it has one of "
            "* [ in it; set DAGSTER_HOME to a folder without, for `streetview run` as well"
        )
    module = {"module_name": "streetview_assets.definitions", "location_name": opened.study.name}
    path = home / "workspace.yaml"
    with written_aside(path) as aside:
        aside.write_text(yaml.safe_dump({"load_from": [{"python_module": module}]}))
    return path


def open_instance(opened: OpenStudy) -> dg.DagsterInstance:
    """Open the study's instance; its databases are made once, under a lock.

    Two processes that make them at the same time leave them half made.
    """
    mend_dagster()
    home = prepare_home(opened)
    settings = yaml.safe_load((home / SETTINGS).read_text(encoding="utf-8"))
    settings["compute_logs"] = TO_THE_TERMINAL
    with held(home / ".instance.lock"):
        for path in (*(home / name for name in DATABASES), opened.root / "mlflow.db"):
            put_damaged_aside(path)
        # Dagster by itself looks for the settings by pattern, and finds none in a folder `[x]`.
        return dg.DagsterInstance.local_temp(str(home), overrides=settings)


def _claim_folder(opened: OpenStudy) -> None:
    """Note in the study's folder of data which file it belongs to.

    Two files with one name would take turns in making each other's tables anew. A file that was
    moved, or copied as it is, finds its data.
    """
    claim = opened.root / CLAIM
    mine = opened.study.path
    said = read_json(claim)
    owner = Path(said) if said else None
    if owner == mine:
        return
    if owner and owner.is_file() and not _says_the_same(owner, opened):
        raise StudyError(
            f"{mine}: name: the study {opened.study.name!r} of another file, {owner}, has its data "
            f"in {opened.root}. Give this one another `name`; or, if it takes the other's place, "
            f"delete {claim}"
        )
    opened.root.mkdir(parents=True, exist_ok=True)
    write_json(claim, str(mine))


def _says_the_same(study_file: Path, opened: OpenStudy) -> bool:
    try:
        other = open_study(study_file)
    except StudyError:
        return False
    return other.study_hash == opened.study_hash


def close_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Close runs whose process is gone, and free the pool slots that they still hold.

    Dagster keeps a killed run as started, and its slot of a pool taken, for ever.

    Returns
    -------
    list of str
        Ids of the runs that were closed.
    """
    dead = [run for run in _unfinished(instance) if is_gone(run.tags[PROCESS_TAG])]
    for run in dead:
        instance.report_run_failed(run, "The process of this run has ended without a word.")
    _free_slots(instance)
    return [run.run_id for run in dead]


@contextmanager
def cancelling_runs(instance: dg.DagsterInstance) -> Iterator[None]:
    """Close runs of the block as cancelled where a signal stops it, and free their slots."""

    def cancel() -> None:
        for run in _unfinished(instance):
            mark = run.tags[PROCESS_TAG]
            if mark == process_mark() or is_gone(mark):
                instance.report_run_canceled(run, message=stopping.LINE)
        _free_slots(instance)

    with stopping.in_the_end(cancel):
        try:
            yield
        except stopping.Stopped:
            cancel()
            raise


@contextmanager
def interrupted_as_cancelled(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Let a run end as cancelled where it is interrupted in the block.

    Dagster takes it for failed, unless it knows beforehand that somebody wants its end.
    """

    def cancel() -> None:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_canceled(run, message=stopping.LINE)
        _free_slots(instance)

    with stopping.in_the_end(cancel):
        try:
            yield
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
            run = instance.get_run_by_id(run_id)
            if run and not run.is_finished and run.status != dg.DagsterRunStatus.CANCELING:
                instance.report_run_canceling(run)
            raise


def _waits(instance: dg.DagsterInstance) -> Iterator[tuple[str, str]]:
    """Find the pools that runs of this command wait for, and the process that holds each."""
    storage = instance.event_log_storage
    for key in storage.get_concurrency_keys():
        pool = storage.get_concurrency_info(key)
        if any(is_of_this_command(mark) for mark in _marks(instance, pool.pending_run_ids)):
            for mark in _marks(instance, pool.active_run_ids):
                if not is_of_this_command(mark):
                    yield key, mark


def _marks(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> list[str]:
    runs = [instance.get_run_by_id(run_id) for run_id in run_ids]
    return [run.tags[PROCESS_TAG] for run in runs if run and PROCESS_TAG in run.tags]


def _unfinished(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return [run for run in runs if PROCESS_TAG in run.tags and not _has_not_begun(instance, run)]


def _has_not_begun(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run that is tried again still has the mark of the process before it."""
    parent = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    return parent is not None and parent.tags.get(PROCESS_TAG) == run.tags[PROCESS_TAG]


def _free_slots(instance: dg.DagsterInstance) -> None:
    storage = instance.event_log_storage
    for key in storage.get_concurrency_keys():
        pool = storage.get_concurrency_info(key)
        # A run that was killed while it waited for a slot would be given the next one.
        for run_id in pool.active_run_ids | pool.assigned_run_ids | pool.pending_run_ids:
            holder = instance.get_run_by_id(run_id)
            if holder is None or holder.is_finished:
                storage.free_concurrency_slots_for_run(run_id)


@contextmanager
def freeing_slots_of_dead_runs(instance: dg.DagsterInstance) -> Iterator[None]:
    """Close dead runs again and again while the block runs, and say who is waited for.

    A run that waits for a slot would wait for ever if the process that holds it were killed now,
    and without a word if it were stopped.
    """
    over = threading.Event()

    def watch() -> None:
        seen, said = set[tuple[str, str]](), set[tuple[str, str]]()
        while not over.wait(SECONDS_BETWEEN_LOOKS):
            close_dead_runs(instance)
            waits = set(_waits(instance))
            for pool, mark in (waits & seen) - said:
                _log.warning("waiting for the pool %s: %s", pool, about_mark(mark))
                said.add((pool, mark))
            seen = waits

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _instance_settings() -> Path:
    """Find `dagster.yaml`: of the checkout, or of the installed package."""
    package = Path(__file__).parents[2]
    checkout = package.parent / "dagster.yaml"
    return checkout if checkout.is_file() else package / "dagster.yaml"
