"""Numerical libraries keep to the threads they are given, and are given theirs back."""

import subprocess
import sys

BOUND_LATE = """
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
"""


def test_libraries_that_are_loaded_later_are_limited_too():
    done = subprocess.run([sys.executable, "-c", BOUND_LATE], capture_output=True, text=True)
    assert not done.returncode, done.stderr
