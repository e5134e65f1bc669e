"""The Dagster instance of a study: its home, and what killed runs have left in it."""

import json
import os
import shutil
from pathlib import Path

import dagster as dg

from streetview_assets.errors import StudyError
from streetview_assets.lake.atomic import written_aside
from streetview_assets.lake.open_study import OpenStudy
from streetview_assets.orchestration.study_resource import PROCESS_TAG, is_gone

OWNER = "streetview_study.json"
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
        Where `$DAGSTER_HOME` belongs to another study.
    """
    own = opened.root / "dagster"
    home = Path(os.environ.get("DAGSTER_HOME") or own).expanduser().resolve()
    owner = home / OWNER
    if owner.is_file():
        name = json.loads(owner.read_text())["study"]
        if name != opened.study.name:
            raise StudyError(
                f"DAGSTER_HOME {home} belongs to the study {name!r}, not to "
                f"{opened.study.name!r}: unset DAGSTER_HOME, or name another folder"
            )
    home.mkdir(parents=True, exist_ok=True)
    if not owner.is_file():
        with written_aside(owner) as aside:
            aside.write_text(json.dumps({"study": opened.study.name}))
    settings = home / "dagster.yaml"
    ours = _instance_settings()
    outdated = home == own and settings.is_file() and settings.read_bytes() != ours.read_bytes()
    if not settings.is_file() or outdated:
        with written_aside(settings) as aside:
            shutil.copyfile(ours, aside)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def close_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Close runs whose process is gone, and free the pool slots that they still hold.

    Dagster keeps a killed run as started, and its slot of a pool taken, for ever.

    Returns
    -------
    list of str
        Ids of the runs that were closed.
    """
    closed = []
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        mark = run.tags.get(PROCESS_TAG)
        if mark and is_gone(mark):
            instance.report_run_failed(run, "The process of this run has ended without a word.")
            closed.append(run.run_id)
    storage = instance.event_log_storage
    for key in storage.get_concurrency_keys():
        for slot in storage.get_concurrency_info(key).claimed_slots:
            holder = instance.get_run_by_id(slot.run_id)
            if holder is None or holder.is_finished:
                storage.free_concurrency_slots_for_run(slot.run_id)
    return closed


def _instance_settings() -> Path:
    """Find `dagster.yaml`: of the checkout, or of the installed package."""
    package = Path(__file__).parents[1]
    checkout = package.parent / "dagster.yaml"
    return checkout if checkout.is_file() else package / "dagster.yaml"
