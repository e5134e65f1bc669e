"""The rate holds in every second, and nothing of it is given away."""

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from streetview_assets.images.http.rate_limit import Pace

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Where nothing is to be done but wait, the time is at once what was waited for."""

    def __init__(self, wakes_every_s: float) -> None:
        super().__init__()
        self.now_s, self.wakes_every_s = 0.0, wakes_every_s

    def select(self, timeout=None):
        ready = super().select(0)
        if timeout and not ready:
            self.now_s += timeout
            if self.wakes_every_s:
                self.now_s = math.ceil(self.now_s / self.wakes_every_s) * self.wakes_every_s
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, wakes_every_s: float) -> None:
        self.clock = _Jumping(wakes_every_s)
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now_s


def run(waiting: Coroutine[Any, Any, T], wakes_every_s: float = 0.0) -> T:
    """Run on a clock that jumps; one of a busy machine wakes whom it wakes at its next tick."""
    with asyncio.Runner(loop_factory=lambda: _Loop(wakes_every_s)) as runner:
        return runner.run(waiting)


def most_in_a_second(times: list[float]) -> int:
    return max(sum(begin <= at < begin + 1 for at in times) for begin in times)


async def turns(pace: Pace, count: int, every_s: float = 0.0) -> list[float]:
    """Take turns side by side; give the times at which they came."""
    loop = asyncio.get_running_loop()

    async def one(index: int) -> float:
        await asyncio.sleep(index * every_s)
        await pace.turn()
        await pace.leave()
        return loop.time()

    return sorted(await asyncio.gather(*(one(index) for index in range(count))))


@pytest.mark.parametrize("wakes_every_s", [0.0, 0.002, 0.004])
def test_no_second_holds_more_than_the_rate_and_almost_all_of_it_is_used(wakes_every_s):
    times = run(turns(Pace(200), 300), wakes_every_s)
    assert most_in_a_second(times) <= 200
    # Evenly, but for what a tenth of a second may catch up with.
    assert sum(at < times[0] + 0.25 for at in times) <= 75
    assert 299 / (times[-1] - times[0]) >= 0.95 * 200


def test_what_was_not_used_is_not_made_up_for_by_a_burst():
    """A pause of a second must not let twice as many through in the next."""

    async def with_a_pause() -> tuple[list[float], list[float]]:
        pace = Pace(100)
        before = await turns(pace, 20)
        await asyncio.sleep(0.7)
        return before, await turns(pace, 110)

    before, after = run(with_a_pause())
    assert most_in_a_second(before + after) <= 100
    assert sum(at < after[0] + 0.1 for at in after) <= 25


def test_what_is_held_up_after_its_turn_does_not_leave_all_at_once():
    async def held_up() -> list[float]:
        pace = Pace(100)
        loop = asyncio.get_running_loop()
        gate = asyncio.Event()

        async def one() -> float:
            await pace.turn()
            await gate.wait()
            await pace.leave()
            return loop.time()

        loop.call_later(0.6, gate.set)
        return sorted(await asyncio.gather(*(one() for _ in range(130))))

    times = run(held_up())
    assert most_in_a_second(times) <= 100


def test_a_slow_caller_is_not_made_slower():
    times = run(turns(Pace(100), 30, every_s=0.02))
    assert times[-1] - times[0] == pytest.approx(0.58, abs=0.02)


def test_a_rate_below_one_spaces_requests_by_more_than_a_second():
    times = run(turns(Pace(0.8), 2))
    assert times[1] - times[0] >= 1.25


def test_without_a_rate_nobody_waits():
    times = run(turns(Pace(None), 1_000))
    assert times[-1] - times[0] < 0.5


def test_while_it_is_held_nothing_passes():
    async def held() -> tuple[float, list[float]]:
        pace = Pace(None)
        pace.hold(0.3)
        pace.hold(0.1)
        began = asyncio.get_running_loop().time()
        return began, await turns(pace, 5)

    began, times = run(held())
    assert times[0] - began >= 0.3
