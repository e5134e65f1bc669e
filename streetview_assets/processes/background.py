"""Work that goes on where nobody waits for it any longer."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """One piece of work at a time, in a thread that outlives the patience of who asks."""

    def __init__(self) -> None:
        self._under_way: Future[T] | None = None
        self._since = 0.0

    def result(self, work: Callable[[], T], patience_s: float) -> T | str:
        """Begin work, or wait for that which is under way; say how long it has taken so far.

        Parameters
        ----------
        work
            What is done where nothing is under way.
        patience_s
            How long to wait, in seconds.

        Returns
        -------
        T or str
            What came of it; a text where it goes on. What it raises is raised here.
        """
        if self._under_way is None:
            self._under_way, self._since = Future(), time.monotonic()
            threading.Thread(target=_do, args=(work, self._under_way), daemon=True).start()
        try:
            found = self._under_way.result(patience_s)
        except TimeoutError:
            if not self._under_way.done():
                return f"{time.monotonic() - self._since:.0f} seconds so far"
            raise
        finally:
            if self._under_way.done():
                self._under_way = None
        return found


def _do(work: Callable[[], T], into: "Future[T]") -> None:
    try:
        into.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        into.set_exception(error)
