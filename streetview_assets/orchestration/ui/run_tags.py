"""Tags by which the list of runs is read and filtered: of whom a run is, what of, who began it."""

import getpass

import dagster as dg

from streetview_assets.errors import StreetviewError
from streetview_assets.orchestration.automation.partitions import authority_of
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.visible_text import in_one_line

BEGUN_BY = {
    "dagster/schedule_name": "schedule",
    "dagster/from_automation_condition": "automation",
    "dagster/backfill": "backfill",
    "dagster/sensor_name": "sensor",
}
"""What began a run, by the tag that Dagster gives it; the first that it has.

What automation asks of many authorities comes as a backfill as well.
"""
PARTITION_TAG, USER_TAG = "dagster/partition", "user"
OF_ALL = "marts"
"""Stage of the assets that are read from SQL."""


def run_tags(opened: OpenStudy, run: dg.DagsterRun, *, of_command: bool) -> dict[str, str]:
    """Say in tags whose a run is, which stages it makes, and who or what began it.

    Parameters
    ----------
    opened
        The study.
    run
        The run, as it was launched.
    of_command
        Whether the command `streetview` began it: its user is then the one of this process. Of
        the UI nobody knows who sits before it.
    """
    tags = {"trigger": _trigger(run, of_command)}
    if stages := _stages(run):
        tags["stages"] = ", ".join(stages)
    if partition := run.tags.get(PARTITION_TAG):
        code = authority_of(partition, opened.authorities)
        tags["authority"] = code
        if name := authority_name(opened, code):
            tags["authority_name"] = name
    if of_command and USER_TAG not in run.tags:
        tags[USER_TAG] = getpass.getuser()
    return tags


def authority_name(opened: OpenStudy, code: str) -> str | None:
    """Say what people call an authority; None where its areas are not there or say none.

    Parameters
    ----------
    opened
        The study.
    code
        Code of the authority.
    """
    try:
        areas = opened.lake.read("areas", code, columns=["authority_name"])
    except StreetviewError:  # of a damaged table it is made anew, and a name only stands beside
        return None
    named = areas["authority_name"].drop_nulls().head(1).to_list()
    return in_one_line(named[0]) if named and named[0] != code else None


def _trigger(run: dg.DagsterRun, of_command: bool) -> str:
    found = next((what for tag, what in BEGUN_BY.items() if tag in run.tags), None)
    return found or ("command" if of_command else "UI")


def _stages(run: dg.DagsterRun) -> list[str]:
    """Name the stages of a run's assets, in their order; none of a whole job."""
    assets = {key.path[-1] for key in run.asset_selection or ()}
    known = {spec.asset: spec.stage for spec in specs().values()}
    stages = dict.fromkeys(stage for asset, stage in known.items() if asset in assets)
    return [*stages, *([OF_ALL] if assets - set(known) else [])]
