"""Dagster waits for a pool asleep, and does not do anew for each event and run what it has done."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from alembic.script import Script

from streetview_assets.orchestration.runs.dagster_mends import close_databases, mend_dagster

POOL, A_WHILE_S = "narrow", 0.5


@dg.op(pool=POOL)
def pooled() -> None:
    pass


@dg.job(executor_def=dg.in_process_executor)
def waiting() -> None:
    pooled()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    mend_dagster()
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.event_log_storage.set_concurrency_slots(POOL, 1)
        yield instance


def test_a_run_that_waits_for_a_pool_sleeps(instance, monkeypatch):
    storage = instance.event_log_storage
    assert storage.claim_concurrency_slot(POOL, "another run", "its step").is_claimed
    slept, sleep = [], time.sleep

    def free() -> None:
        storage.free_concurrency_slots_for_run("another run")

    def note(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds)
        if sum(slept) > A_WHILE_S:
            free()

    monkeypatch.setattr(time, "sleep", note)
    in_any_case = threading.Timer(30 * A_WHILE_S, free)
    in_any_case.start()
    assert waiting.execute_in_process(instance=instance).success
    in_any_case.cancel()
    assert sum(slept) > A_WHILE_S
    assert max(slept) < 0.5, "nor does a signal wait for long"


def test_a_database_is_opened_with_one_engine(instance):
    engines = set()

    def note(connection: sa.Connection) -> None:
        engines.add(connection.engine)

    sa.event.listen(sa.Engine, "engine_connect", note)
    try:
        assert waiting.execute_in_process(instance=instance).success
    finally:
        sa.event.remove(sa.Engine, "engine_connect", note)
    assert len(engines) >= 3, "of the runs, of the run's events, of all events"
    assert len({engine.url for engine in engines}) == len(engines)


def test_a_database_is_opened_once_and_closed_with_what_was_logged(instance, tmp_path):
    opened: list[str] = []

    def note(connection: Any, of: Any) -> None:
        opened.append(connection.execute("PRAGMA database_list").fetchone()[2])

    close_databases()
    sa.event.listen(sa.Pool, "connect", note)
    try:
        result = waiting.execute_in_process(instance=instance)
    finally:
        sa.event.remove(sa.Pool, "connect", note)
    times = Counter(path for path in opened if not path.endswith("schedules.db"))
    assert len(times) >= 3
    assert max(times.values()) <= 2, "twice where it is new"
    assert len(result.all_events) >= 10
    close_databases()
    assert not list(tmp_path.rglob("*.db-wal")), "the log ahead is in the databases"
    with closing(sqlite3.connect(tmp_path / "history" / "runs" / f"{result.run_id}.db")) as found:
        (logged,) = found.execute("SELECT count(*) FROM event_logs").fetchone()
    assert logged >= len(result.all_events)


def test_a_database_that_was_put_aside_is_made_anew(instance, tmp_path):
    first = waiting.execute_in_process(instance=instance)
    for path in (tmp_path / "history").rglob("*.db*"):
        path.rename(path.with_name(f"{path.name}.aside"))
    with dg.DagsterInstance.local_temp(str(tmp_path)) as anew:
        second = waiting.execute_in_process(instance=anew)
        assert [run.run_id for run in anew.get_runs()] == [second.run_id]
        assert anew.get_run_by_id(first.run_id) is None


def test_the_scripts_of_migration_are_not_read_for_every_run(instance, monkeypatch):
    read, from_path = [], Script._from_path.__func__
    monkeypatch.setattr(
        Script,
        "_from_path",
        classmethod(lambda cls, *told: (read.append(told), from_path(cls, *told))[1]),
    )
    for _ in range(2):
        read.clear()
        assert waiting.execute_in_process(instance=instance).success
    assert not read


def test_the_events_of_a_later_run_lie_in_a_copy_of_the_first_empty_database(instance, tmp_path):
    made: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        made.extend(statement.split() if statement.lstrip().startswith("CREATE") else [])

    first = waiting.execute_in_process(instance=instance)
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        second = waiting.execute_in_process(instance=instance)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert not made
    close_databases()
    found = [_schema(tmp_path / "history/runs" / f"{run.run_id}.db") for run in (first, second)]
    assert found[0] == found[1]
    assert ("wal",) in found[1]
    logged = instance.all_logs(second.run_id)
    assert {event.run_id for event in logged} == {second.run_id}
    assert len(logged) == len(instance.all_logs(first.run_id))


def _schema(path: Path) -> list[tuple[Any, ...]]:
    """Give tables, indices, the revision that they are of, and how the log is kept."""
    with closing(sqlite3.connect(path)) as opened:
        return [
            *opened.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"),
            *opened.execute("SELECT version_num FROM alembic_version"),
            *opened.execute("PRAGMA journal_mode"),
        ]
