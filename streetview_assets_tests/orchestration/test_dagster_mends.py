"""Dagster waits for a pool without a core of its own, and opens a database with one engine."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from streetview_assets.orchestration.runs.dagster_mends import mend_dagster

POOL = "narrow"


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
    slept, sleep = [], time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: (slept.append(seconds), sleep(seconds)))
    storage = instance.event_log_storage
    assert storage.claim_concurrency_slot(POOL, "another run", "its step").is_claimed
    free = threading.Timer(2.5, storage.free_concurrency_slots_for_run, ["another run"])
    free.start()
    assert waiting.execute_in_process(instance=instance).success
    assert sum(slept) > 1.0
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
