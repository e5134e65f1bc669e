"""A limit of requests a second that holds in every second, not only on average."""

import asyncio
import math
from collections import deque

_MARGIN = 0.975
_CATCH_UP_S = 0.1
_HURRY = 3
_WINDOW_MARGIN = 1.025
"""What leaves here evenly may arrive a little bunched, where the other end is busy."""


class Pace:
    """Lets requests to one host through evenly.

    Turns are spaced by the rate, and a turn that comes late is made up for within a tenth of a
    second, by turns that follow each other three times as fast. Between its turn and its leaving a
    request may be held up by the others; whatever happens, no window of one second holds more that
    leave than the rate. (A leaky bucket would let a burst through first, so that the first second
    holds up to twice the rate.)

    Parameters
    ----------
    per_second
        The most requests in any second; None: no limit.
    """

    def __init__(self, per_second: float | None) -> None:
        self._interval_s = 0.0 if per_second is None else 1 / (_MARGIN * per_second)
        window_count = 1 if per_second is None else max(1, math.floor(per_second))
        window_s = 0.0 if per_second is None else max(1.0, window_count / per_second)
        self._window_s = _WINDOW_MARGIN * window_s
        self._recent: deque[float] = deque([-math.inf] * window_count, maxlen=window_count)
        self._due = self._not_before = 0.0
        self._held_until = -math.inf
        self._turn = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next request may be made ready."""
        async with self._turn:
            while (wait_s := max(self._due, self._not_before, self._held_until) - _now()) > 0:
                await asyncio.sleep(wait_s)
            now = _now()
            late_s = min(now - self._due, _CATCH_UP_S) if self._due > 0 else 0.0
            self._due = now - late_s + self._interval_s
            self._not_before = now + self._interval_s / _HURRY

    async def leave(self) -> None:
        """Wait, at the last moment, until one more may leave."""
        while (wait_s := self._recent[0] + self._window_s - _now()) > 0:
            await asyncio.sleep(wait_s)
        self._recent.append(_now())

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long: the host has asked for it."""
        self._held_until = max(self._held_until, _now() + seconds)


def _now() -> float:
    return asyncio.get_running_loop().time()
