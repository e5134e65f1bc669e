"""Whether imagery is as fresh as the study wants it: a check by authority, and who looks each day.

Checks run when their asset is made; but imagery grows too old while nothing is made. So a sensor
looks once a day at all authorities, and has those checked of which it has changed. (It cannot
report by itself what it sees: of each partition Dagster keeps one evaluation without a run.)
Dagster's own freshness policies know no partitions: the newest part of an asset would answer for
all. They hold the age of look-ups where the study is one authority.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from streetview_assets.images.freshness import ImageryAge, aged_tables
from streetview_assets.orchestration.automation.jobs import AUTHORITY_JOB
from streetview_assets.orchestration.automation.partitions import authority_of
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.runs.status import imagery_age
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.strict_json import to_json

CHECK = SENSOR = "freshness"
SECONDS_BETWEEN_LOOKS = 3600


def freshness_checks(
    opened: OpenStudy, partitions: dg.PartitionsDefinition
) -> list[dg.AssetChecksDefinition]:
    """Make a check of each table whose age the study says something of."""
    return [_check(table, partitions) for table in _tables(opened)]


def stock_policy(opened: OpenStudy, asset: str) -> dg.FreshnessPolicy | None:
    """Give Dagster's own policy of an asset, where that says the same as the check.

    Parameters
    ----------
    opened
        The study.
    asset
        Name of the asset.
    """
    policy = opened.study.freshness
    days = policy.lookup_days if policy else None
    if asset != "panoramas" or days is None or len(opened.authorities) > 1:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days))


def freshness_sensor(opened: OpenStudy) -> dg.SensorDefinition:
    """Make the sensor that looks once a day (UTC) how old imagery is."""

    @dg.sensor(
        name=SENSOR,
        job_name=AUTHORITY_JOB,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks once a day whether imagery has grown older than the study wants, and "
        "has the authorities checked of which that has changed.",
    )
    def freshness(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        today = datetime.now(UTC).date()
        before = json.loads(context.cursor) if context.cursor else {}
        if before.get("looked_on") == today.isoformat():
            return dg.SkipReason("looked today already")
        overdue = {f"{age.table}/{age.authority_code}" for age in _overdue(opened, today)}
        changed = {key.split("/", 1)[1] for key in overdue ^ {*before.get("overdue", ())}}
        requests = [
            dg.RunRequest(
                run_key=f"{today}/{code}",
                partition_key=safe_name(code),
                asset_selection=[],
                asset_check_keys=[_key(table) for table in _tables(opened)],
            )
            for code in opened.authorities
            if code in changed
        ]
        cursor = to_json({"looked_on": today.isoformat(), "overdue": sorted(overdue)})
        return dg.SensorResult(run_requests=requests, cursor=cursor)

    return freshness


def _key(table: str) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(dg.AssetKey(table), CHECK)


def _tables(opened: OpenStudy) -> tuple[str, ...]:
    return aged_tables(opened.study.freshness)


def _overdue(opened: OpenStudy, today: date) -> Iterator[ImageryAge]:
    for table in _tables(opened):
        for authority in opened.authorities:
            there = opened.provenance(table, authority) is not None
            age = imagery_age(opened, table, authority) if there else None
            if age and age.is_overdue(today):
                yield age


def _check(table: str, partitions: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name=CHECK,
        asset=dg.AssetKey(table),
        partitions_def=partitions,
        description="Authorities whose imagery is older than `freshness` of the study file wants; "
        "looked at whenever it is made, and once a day.",
    )
    def check(context: dg.AssetCheckExecutionContext, study: StudyResource) -> dg.AssetCheckResult:
        opened = study.open()
        authority = authority_of(context.partition_key, opened.authorities)
        age = imagery_age(opened, table, authority)
        if age is None:
            return dg.AssetCheckResult(passed=True, description="nothing is there to be old")
        return _result(age, datetime.now(UTC).date())

    return check


def _result(age: ImageryAge, today: date) -> dg.AssetCheckResult:
    overdue = age.is_overdue(today)
    dates = {"dated on": age.dated_on, "oldest": age.oldest_on, "due on": age.due_on}
    return dg.AssetCheckResult(
        passed=not overdue,
        severity=dg.AssetCheckSeverity.WARN,
        description=age.why_overdue if overdue else f"not older than {age.limit}",
        metadata={name: str(day or "not known") for name, day in dates.items()},
    )
