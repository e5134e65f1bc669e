"""A signal ends a process with all that work for it, whatever they do, and with one line."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from streetview_assets.processes.stopping import LINE
from streetview_assets.processes.workers import keeping_workers, worker_pool
from streetview_assets_tests.started import programs

BUSY = """
import os, sys, time
from contextlib import suppress
from pathlib import Path
from streetview_assets.processes import stopping
from streetview_assets.processes.workers import worker_pool
def work():
    Path("begun").touch()
    while "gently" not in sys.argv[1] or not stopping.is_asked():
        time.sleep(0.05)
    Path(f"cleared up by {os.getpid()}").touch()
if __name__ == "__main__":
    stopping.listen()
    try:
        with worker_pool(2, gently="gently" in sys.argv[1]) as pool:
            pool.submit(os.getpid).result()
            busy = [pool.submit(work) for _ in range(8)]
            while not Path("begun").exists():
                time.sleep(0.05)
            print("busy", flush=True)
            while "deaf" in sys.argv[1]:
                with suppress(stopping.Stopped):
                    time.sleep(600)
            busy[0].result()
    except stopping.Stopped:
        stopping.end()
"""


@pytest.mark.parametrize("how", ["gently", "at once", "deaf", "gently though deaf"])
def test_workers_end_with_who_they_work_for(tmp_path: Path, how: str):
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    process = programs.Brief(
        [sys.executable, str(script), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "busy\n"
    others = psutil.Process(process.pid).children(recursive=True)
    assert len(others) >= 2
    # As a terminal does it: to all processes that it has.
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, f"{LINE}\n")
    _, alive = psutil.wait_procs(others, timeout=10)
    assert not alive
    assert bool(list(tmp_path.glob("cleared up*"))) == ("gently" in how)


def test_workers_that_have_done_their_work_are_kept_for_the_next_and_no_longer():
    def those_of(workers):
        with worker_pool(workers) as pool:
            pool.submit(os.getpid).result()
            return {psutil.Process(one) for one in pool._processes}

    with keeping_workers():
        first, again = those_of(2), those_of(2)
        assert first == again
        assert not first & those_of(1), "others are asked for"
        with pytest.raises(ZeroDivisionError), worker_pool(2):
            raise ZeroDivisionError
        assert not first & those_of(2), "broken off, they have ended"
        for one in (killed := those_of(2)):
            one.kill()
        last = those_of(2)
        assert not killed & last
    _, alive = psutil.wait_procs(first | last, timeout=10)
    assert not alive


def test_a_worker_collects_garbage_as_rarely_as_who_it_works_for():
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        with worker_pool(1) as pool:
            assert pool.submit(gc.get_threshold).result() == (50_000, 20, 100)
    finally:
        gc.set_threshold(*before)
