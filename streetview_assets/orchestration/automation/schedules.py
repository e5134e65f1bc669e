"""Schedules: what is looked up again as time goes by. Only what costs nothing is on."""

from collections.abc import Iterator

import dagster as dg

from streetview_assets.orchestration.automation.jobs import LOOK_UP_JOB
from streetview_assets.text.safe_name import safe_name


def study_schedules(authorities: tuple[str, ...]) -> list[dg.ScheduleDefinition]:
    """Make the monthly look-up of panoramas: one run an authority."""

    @dg.schedule(
        cron_schedule="0 2 1 * *",
        job_name=LOOK_UP_JOB,
        name="monthly_look_up",
        description="On the first of each month: what imagery is there now? Free look-ups.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def monthly_look_up(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        month = context.scheduled_execution_time.strftime("%Y-%m")
        for code in authorities:
            yield dg.RunRequest(run_key=f"{month}/{code}", partition_key=safe_name(code))

    return [monthly_look_up]
