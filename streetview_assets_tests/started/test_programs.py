"""A program that is forked is as one that is started: what it sees, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import psutil
import pytest

from streetview_assets_tests.started import programs

DESCRIBED = """
import atexit, json, multiprocessing, os, signal, sys, threading

def main_of():
    main = sys.modules["__main__"]
    return [main.__name__, getattr(main.__spec__, "name", None), hasattr(main, "__file__")]

def of_worker(given):
    return given, main_of(), os.getcwd()

if __name__ == "__main__":
    atexit.register(lambda: os.write(1, b"at the end"))
    said = {
        "arguments": sys.argv, "main": main_of(), "folder": os.getcwd(), "path": sys.path,
        "environment": dict(os.environ), "name": of_worker.__module__,
        "signals": [str(signal.getsignal(number)) for number in sorted(signal.Signals)],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "wakes": signal.set_wakeup_fd(-1), "session": os.getsid(0) == os.getpid(),
        "group": os.getpgid(0) == os.getpid(), "threads": threading.active_count(),
        "buffered": [sys.stdout.line_buffering, sys.stderr.line_buffering],
        "parent": bool(multiprocessing.parent_process()), "pickled": [],
    }
    if sys.argv[0] != "-c":
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            said["pickled"] = pool.map(of_worker, ["worked"])
    print(json.dumps(said), flush=True)
    sys.exit(3)
"""


WHENCE = [sys.executable, "-c", "import os, sys; print('polars' in sys.modules, os.getppid())"]
TOLD = {"capture_output": True, "text": True, "check": True}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "described.py").write_text(DESCRIBED)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [["-m", "described"], ["-c", DESCRIBED], ["described.py"]],
    ids=["a module", "a text", "a file"],
)
@pytest.mark.parametrize("apart", [False, True])
def test_it_sees_what_one_sees_that_is_started(folder, arguments, apart):
    command = [sys.executable, *arguments, "one", "--two"]
    environment = {**os.environ, "STREETVIEW_DATA": str(folder / "data")}
    options = {"cwd": folder, "env": environment, "start_new_session": apart}
    options |= {"capture_output": True, "text": True}
    started, forked = (one(command, **options) for one in (subprocess.run, programs.run))
    assert (forked.returncode, forked.stderr) == (started.returncode, started.stderr) == (3, "")
    for one in (started, forked):
        one.stdout, _, end = one.stdout.partition("\n")
        assert end == "at the end"
    expected, found = json.loads(started.stdout), json.loads(forked.stdout)
    given = expected["environment"]
    found["environment"] = {name: found["environment"].get(name) for name in given}
    assert found == expected
    assert expected["session"] is apart


def test_it_is_killed_and_waited_for_as_one_that_is_started(tmp_path):
    waiting = "import sys, time; print('begun', flush=True); sys.stdin.read(); time.sleep(60)"
    command = [sys.executable, "-c", waiting]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with programs.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "begun\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
        assert psutil.Process(process.pid).is_running()
        process.kill()
        assert process.wait(timeout=60) == -signal.SIGKILL
        assert process.stdout.read() == ""
        assert not psutil.pid_exists(process.pid)
        process.kill()
    assert process.poll() == -signal.SIGKILL


SIGNALLED = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.parametrize(
    "program",
    ["1 / 0", "import sys; sys.exit('told')", SIGNALLED],
    ids=["a fault", "a text", "a signal"],
)
def test_it_ends_as_one_that_is_started(program):
    options = {"capture_output": True, "text": True}
    started, forked = (
        one([sys.executable, "-c", program], **options) for one in (subprocess.run, programs.run)
    )
    assert forked.returncode == started.returncode != 0
    assert forked.stderr.startswith(started.stderr.splitlines()[0])
    assert started.stderr.splitlines()[-1] in forked.stderr.splitlines()


def test_a_brief_one_is_started_unless_there_is_something_to_fork_from(monkeypatch):
    programs.run(WHENCE, **TOLD)
    assert programs.run(WHENCE, by=programs.Brief, **TOLD).stdout.startswith("True ")
    monkeypatch.setattr(programs, "_server", cache(programs._server.__wrapped__))
    said = programs.run(WHENCE, by=programs.Brief, **TOLD).stdout
    assert said == f"False {os.getpid()}\n"


def test_what_may_be_read_when_a_module_is_imported_makes_a_start_of_it(monkeypatch):
    assert programs.run(WHENCE, **TOLD).stdout.startswith("True ")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert programs.run(WHENCE, **TOLD).stdout == f"False {os.getpid()}\n"
    with pytest.raises(subprocess.CalledProcessError):
        programs.run([sys.executable, "-c", "1 / 0"], **TOLD)
