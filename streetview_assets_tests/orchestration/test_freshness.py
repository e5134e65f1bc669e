"""Freshness by authority in Dagster: the check at each making, the daily look, the stock policy."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from streetview_assets.orchestration.automation import freshness_checks
from streetview_assets.orchestration.automation.freshness_checks import CHECK, freshness_sensor
from streetview_assets.orchestration.automation.sensors import study_sensors
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.study_state.open_study import open_study

EAST, WEST = "X01000001", "X01000002"


class Clock(datetime):
    """A clock that is set by the test."""

    today = datetime.now(UTC)

    @classmethod
    def now(cls, tz=None):
        return cls.today


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    Clock.today = datetime.now(UTC)
    monkeypatch.setattr(freshness_checks, "datetime", Clock)
    return Clock


def _asks(town, policy: str) -> dg.Definitions:
    path = town.opened.study.path
    path.write_text(path.read_text() + f"freshness: {policy}\n")
    return build_definitions(path)


def _look(town, definitions, cursor: str | None) -> tuple[str, list[dg.RunRequest]]:
    """Let the daily sensor look once; give what it remembers and the runs it asks for."""
    path = town.opened.study.path
    sensor, repository = freshness_sensor(open_study(path)), definitions.get_repository_def()
    with dg.build_sensor_context(
        instance=town.instance, cursor=cursor, repository_def=repository
    ) as context:
        data = sensor.evaluate_tick(context)
    return data.cursor, data.run_requests


def _codes(requests: list[dg.RunRequest]) -> list[str]:
    return [request.partition_key for request in requests]


def test_the_daily_look_has_checked_what_time_has_changed_and_nothing_else(town, clock):
    definitions = _asks(town, "{imagery_months: 1200, lookup_days: 35}")
    cursor, checked = _look(town, definitions, None)
    assert checked == []
    clock.today += timedelta(days=36)
    assert _codes(_look(town, definitions, cursor)[1]) == [EAST, WEST]
    clock.today -= timedelta(days=1)
    cursor, checked = _look(town, definitions, cursor)
    assert checked == [], "on the last day it still is as new as it should be"
    assert _look(town, definitions, cursor)[1] == [], "it looks once a day"
    clock.today += timedelta(days=1)
    cursor, checked = _look(town, definitions, cursor)
    assert _codes(checked) == [EAST, WEST]
    keys = {dg.AssetCheckKey(dg.AssetKey(table), CHECK) for table in ("panoramas", "images")}
    assert {key for request in checked for key in request.asset_check_keys} == keys
    job = definitions.resolve_job_def("authority")
    result = job.get_subset(asset_check_selection=keys).execute_in_process(
        instance=town.instance, tags=checked[0].tags
    )
    assert not result.get_asset_materialization_events()
    told = {one.asset_key.path[-1]: one for one in result.get_asset_check_evaluations()}
    assert {name: one.passed for name, one in told.items()} == {"panoramas": False, "images": True}
    assert told["panoramas"].severity == dg.AssetCheckSeverity.WARN
    assert "more than 35 days (freshness.lookup_days) ago" in told["panoramas"].description
    clock.today += timedelta(days=1)
    assert _look(town, definitions, cursor)[1] == [], "it is told once"


def test_it_is_checked_when_an_authority_is_made_and_stops_nothing(town):
    definitions = _asks(town, "{imagery_months: 1, lookup_days: 35}")
    result = definitions.resolve_job_def("authority").execute_in_process(
        partition_key=EAST,
        instance=town.instance,
        asset_selection=[dg.AssetKey("panoramas"), dg.AssetKey("images")],
    )
    assert result.success
    checks = [one for one in result.get_asset_check_evaluations() if one.check_name == CHECK]
    assert {(one.asset_key.path[-1], one.passed) for one in checks} == {
        ("panoramas", True),
        ("images", False),
    }
    assert {one.partition for one in checks} == {EAST}
    (old,) = (one for one in checks if not one.passed)
    assert old.severity == dg.AssetCheckSeverity.WARN
    states = study_status(open_study(town.opened.study.path))
    ages = {(state.asset, state.authority): state.imagery_age for state in states}
    told = {key for key, age in ages.items() if age}
    assert told == {(table, code) for table in ("panoramas", "images") for code in (EAST, WEST)}
    assert old.metadata["dated on"].value == ages["images", EAST].dated_on.isoformat()


def test_dagsters_policy_stands_where_one_authority_is_all(new_town):
    town = new_town

    def policies(definitions: dg.Definitions) -> dict[str, dg.FreshnessPolicy]:
        specs = definitions.resolve_all_asset_specs()
        return {
            spec.key.to_user_string(): spec.freshness_policy
            for spec in specs
            if spec.freshness_policy
        }

    assert policies(town.definitions) == {}
    assert policies(_asks(town, "{lookup_days: 35}")) == {}, "the newest would answer for all"
    path = town.opened.study.path
    path.write_text(path.read_text().replace(f", {WEST}]", "]"))
    alone = build_definitions(path)
    window = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=35))
    assert policies(alone) == {"panoramas": window}


def test_a_study_that_does_not_ask_has_neither_checks_nor_a_sensor(unmade_town):
    graph = unmade_town.definitions.resolve_asset_graph()
    assert CHECK not in {key.name for key in graph.asset_check_keys}
    assert CHECK not in {sensor.name for sensor in study_sensors(unmade_town.opened)}
