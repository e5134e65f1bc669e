"""Whoever waits for a process that is stopped is told which it is, and what to do."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest

from streetview_assets.errors import LedgerError
from streetview_assets.images.budget import ledger_file
from streetview_assets.lake import locks
from streetview_assets.lake.process_id import process_mark
from streetview_assets.orchestration.resources import PROCESS_TAG
from streetview_assets.orchestration.runs import instance as instances

HOLD = """
import sys
from pathlib import Path
from streetview_assets.lake.process_id import process_mark
from streetview_assets.lake.locks import held
with held(Path(sys.argv[1])):
    print(process_mark(), flush=True)
    sys.stdin.read()
"""
WRITE = """
import sys
from pathlib import Path
from streetview_assets.lake.process_id import process_mark
from streetview_assets.images.budget.ledger_file import write
def entry(connection):
    print(process_mark(), flush=True)
    sys.stdin.read()
write(Path(sys.argv[1]), entry, safely=True)
"""
MARK = """
import sys
from streetview_assets.lake.process_id import process_mark
print(process_mark(), flush=True)
sys.stdin.read()
"""
STARTED = dg.DagsterRunStatus.STARTED
STOPPED = r"process {}, which runs since .*it is stopped: `kill -CONT {}` lets it go on"


@contextmanager
def _stopped(script: str, *arguments: object) -> Iterator[tuple[int, str]]:
    """Stop a process that holds something and works for nobody here; give its id and its mark."""
    alone = 'exec 3<&0; "$@" <&3 &'
    process = subprocess.Popen(
        ["sh", "-c", alone, "sh", sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    mark = process.stdout.readline().strip()
    pid = int(mark.rsplit("/", 2)[1])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid, mark
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        process.communicate()


def _told(caplog, pid: int) -> Callable[[], object]:
    words = re.compile(STOPPED.format(pid, pid))
    return lambda: any(words.search(record.getMessage()) for record in caplog.records)


def _wait(come: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not come():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_lock_that_a_stopped_process_holds_is_told_and_then_waited_for(
    tmp_path: Path, monkeypatch, caplog
):
    monkeypatch.setattr(locks, "SAY_AFTER_S", 0.1)
    path = tmp_path / "cache" / "a.lock"
    with _stopped(HOLD, path) as (pid, _):
        waits = threading.Thread(target=locks.held(path).__enter__, daemon=True)
        waits.start()
        _wait(_told(caplog, pid))
        assert str(path) in caplog.text
        os.kill(pid, signal.SIGKILL)
        waits.join(60)
        assert not waits.is_alive()


def test_a_ledger_that_a_stopped_process_writes_to_is_told_and_given_up(
    tmp_path: Path, monkeypatch, caplog
):
    monkeypatch.setattr(ledger_file, "SAY_AFTER_S", 0.1)
    path = tmp_path / "ledger.sqlite"
    ledger_file.write(path, lambda connection: None, safely=True)
    monkeypatch.setattr(ledger_file, "WAIT_S", 0.2)
    with _stopped(WRITE, path) as (pid, _):
        with pytest.raises(LedgerError, match=STOPPED.format(pid, pid)):
            ledger_file.write(path, lambda connection: None, safely=True)
        assert _told(caplog, pid)()
    ledger_file.write(path, lambda connection: None, safely=True)


def test_a_slot_that_a_stopped_process_holds_is_told(tmp_path: Path, monkeypatch, caplog):
    monkeypatch.setattr(instances, "SECONDS_BETWEEN_LOOKS", 0.1)
    with (
        _stopped(MARK) as (pid, mark),
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
    ):
        storage = instance.event_log_storage
        storage.set_concurrency_slots("encoder", 1)
        for run_id, owner in (("holder", mark), ("waiter", process_mark())):
            instance.add_run(
                dg.DagsterRun("job", run_id=run_id, status=STARTED, tags={PROCESS_TAG: owner})
            )
            storage.claim_concurrency_slot("encoder", run_id, "step")
        with instances.freeing_slots_of_dead_runs(instance):
            _wait(_told(caplog, pid))
            assert "pool encoder" in caplog.text
            os.kill(pid, signal.SIGKILL)
            _wait(lambda: "waiter" in storage.get_concurrency_info("encoder").assigned_run_ids)
