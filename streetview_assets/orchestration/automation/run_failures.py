"""The sensor that tells somebody of each run that failed: one message a run."""

import os
from collections.abc import Iterator

import dagster as dg

from streetview_assets.images.providers.registry import key_variables
from streetview_assets.orchestration.automation.notices import Notice, Receivers, send
from streetview_assets.orchestration.runs.failure_reason import failure_reason
from streetview_assets.redaction import redacted
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.visible_text import in_one_line, visible

SENSOR = "tell_of_failures"
MOST_STEPS, MOST_LINES, MOST_LETTERS = 5, 4, 600
"""How much of what failed is told; the rest stands in the run's log."""


def failure_sensor(opened: OpenStudy, to: Receivers) -> dg.SensorDefinition:
    """Make the sensor that tells receivers of failed runs of a study.

    Runs of the command `streetview run` say themselves what failed, and are not told of.

    Parameters
    ----------
    opened
        The study.
    to
        Who is told.
    """

    @dg.run_failure_sensor(
        name=SENSOR,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the receivers that the environment names of each run that failed.",
    )
    def tell_of_failures(context: dg.RunFailureSensorContext) -> None:
        for not_reached in send(notice_of(context, opened, to), to):
            context.log.error(not_reached)

    return tell_of_failures


def notice_of(context: dg.RunFailureSensorContext, opened: OpenStudy, to: Receivers) -> Notice:
    """Say what failed: authority, assets, the first lines of each error, where to look.

    Parameters
    ----------
    context
        Of a run that failed.
    opened
        The study.
    to
        Who is told; from there comes the address of the web UI.
    """
    run = context.dagster_run
    authority = _authority(context.partition_key, opened)
    failed = [
        {"asset": asset, "error": _beginning(reason, to)} for asset, reason in _failures(context)
    ]
    link = f"{to.ui}/runs/{run.run_id}" if to.ui else None
    assets = ", ".join(dict.fromkeys(one["asset"] for one in failed[:MOST_STEPS]))
    where = authority or "the whole study"
    subject = in_one_line(f"{opened.study.name}: {assets} of {where} failed")
    lines = [subject, *(f"{one['asset']}: {one['error']}" for one in failed[:MOST_STEPS])]
    if len(failed) > MOST_STEPS:
        lines.append(f"… and {len(failed) - MOST_STEPS} more.")
    lines.append(link or f"run {run.run_id}")
    details = {
        "study": opened.study.name,
        "run_id": run.run_id,
        "authority": authority,
        "failures": failed[:MOST_STEPS],
        "link": link,
    }
    return Notice(subject[:200], visible("\n".join(lines)), details)


def _authority(key: str | None, opened: OpenStudy) -> str | None:
    """Give the code of the authority that a partition key stands for; one unknown as it is."""
    return next((code for code in opened.authorities if safe_name(code) == key), key)


def _failures(context: dg.RunFailureSensorContext) -> Iterator[tuple[str, str]]:
    """Give what failed, with the reason: steps, or the run where none began."""
    steps = context.get_step_failure_events()
    for event in steps:
        reason = failure_reason(event)
        yield reason.asset, reason.message
    if not steps:
        yield "the run", context.failure_event.message or "no reason was given"


def _beginning(reason: str, to: Receivers) -> str:
    """Give the first lines of an error, without secrets."""
    keys = (os.environ.get(name) for name in (*key_variables(), "POSTGRES_PASSWORD"))
    plain = redacted(reason, (*to.secrets, *keys))
    lines = plain.strip().splitlines()[:MOST_LINES]
    return "\n".join(lines)[:MOST_LETTERS]
