"""Numerical libraries keep to the threads they are given, and are given theirs back."""

import os
import subprocess
import sys
from threading import Barrier, get_ident

from streetview_assets.processes import threads

BOUND_LATE = """
import os
from streetview_assets.processes import threads
from threadpoolctl import threadpool_info
from streetview_assets.processes.threads import limit_threads

def counts():
    return {one["num_threads"] for one in threadpool_info()}

with limit_threads():
    assert counts() <= {1}
import sklearn.cluster, torch
before = counts()
with limit_threads(2):
    assert counts() == {2} and torch.get_num_threads() == 2
    with limit_threads():
        assert counts() == {1} and torch.get_num_threads() == 1
    assert counts() == {2} and torch.get_num_threads() == 2
    with limit_threads(None):
        assert counts() == {2}
assert counts() == before

os.environ.pop("OMP_NUM_THREADS", None)
threads.cores = lambda: 2
assert set().union(*threads.side_by_side(lambda _: counts(), range(4))) == {1}
assert counts() == before
"""

STOPPED = """
import os, time
from streetview_assets.processes import stopping, threads
stopping.listen()
threads.cores = lambda: 2
try:
    begin = (lambda: time.sleep(60), lambda: os.kill(os.getpid(), 2))
    list(threads.side_by_side(lambda work: work(), begin))
except stopping.Stopped:
    print("in time", flush=True)
    stopping.end()
"""


def test_a_signal_does_not_wait_for_what_is_under_way():
    several = os.environ | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", STOPPED], env=several, capture_output=True)
    assert (done.returncode, done.stdout) == (130, b"in time\n")


def test_libraries_that_are_loaded_later_are_limited_too():
    several = os.environ | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", BOUND_LATE], env=several, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr


def test_tasks_are_computed_at_once_and_come_back_in_their_order(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "cores", lambda: 2)
    both = Barrier(2, timeout=60)

    def squared(task):
        both.wait()  # passed by two at once alone
        return task**2

    assert list(threads.side_by_side(squared, [3, 1, 4, 2])) == [9, 1, 16, 4]


def test_no_more_threads_are_taken_than_are_granted(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(threads, "cores", lambda: 8)
    told = threads.side_by_side(lambda _: get_ident(), range(4))
    assert set(told) == {get_ident()}
