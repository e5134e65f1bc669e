"""Work that outlives the patience of who asks: whatever ends it is raised, and the next begins."""

import threading

import pytest

from streetview_assets.processes.background import Background
from streetview_assets.processes.stopping import Stopped


@pytest.mark.parametrize("error", [OSError, TimeoutError, Stopped, SystemExit])
def test_whatever_ends_the_work_is_raised_and_the_next_begins(error: type[BaseException]):
    def fails() -> str:
        raise error

    background: Background[str] = Background()
    with pytest.raises(error):
        background.result(fails, 10)
    assert background.result(lambda: "done", 10) == "done"


def test_work_that_takes_longer_goes_on_and_is_told():
    background, goes_on = Background(), threading.Event()
    asked = background.result(lambda: goes_on.wait(10) and "first", 0.01)
    assert asked.endswith("seconds so far")
    goes_on.set()
    assert background.result(lambda: "second", 10) == "first"
