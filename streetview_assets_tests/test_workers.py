"""A signal ends a process with all that work for it, whatever they do, and with one line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from streetview_assets.processes.stopping import LINE

BUSY = """
import os, sys, time
from contextlib import suppress
from streetview_assets.processes import stopping
from streetview_assets.processes.workers import worker_pool
if __name__ == "__main__":
    stopping.listen()
    try:
        with worker_pool(2, gently=sys.argv[1] == "gently") as pool:
            pool.submit(os.getpid).result()
            busy = [pool.submit(time.sleep, 600) for _ in range(8)]
            print("busy", flush=True)
            while sys.argv[1] == "deaf":
                with suppress(stopping.Stopped):
                    time.sleep(600)
            busy[0].result()
    except stopping.Stopped:
        stopping.end()
"""


@pytest.mark.parametrize("how", ["gently", "at once", "deaf"])
def test_workers_end_with_who_they_work_for(tmp_path: Path, how: str):
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    process = subprocess.Popen(
        [sys.executable, str(script), how],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
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
