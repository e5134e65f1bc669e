"""Dagster waits for a pool asleep, and does not do anew for each event and run what it has done."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from alembic.script import Script

from streetview_assets.orchestration.runs.dagster_mends import mend_dagster

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
