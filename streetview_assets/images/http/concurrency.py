"""Work under way at once, on an event loop in the background, for whoever iterates in front."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar

import uvloop

from streetview_assets.errors import StoppedError
from streetview_assets.processes import stopping

SECONDS_BETWEEN_LOOKS = 0.2

Item = TypeVar("Item")
Session = TypeVar("Session")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A result, and the slot that it holds until `release` is called."""

    result: Result
    release: Callable[[], None]


def in_flight(
    items: Iterable[Item],
    work: Callable[[Session, Item], Awaitable[Result]],
    session: Callable[[], AbstractAsyncContextManager[Session]],
    *,
    most: int,
) -> Iterator[Done[Result]]:
    """Work on items side by side; give results as they come.

    An item is under way from its start until its result is released, so that a kill loses no more
    than `most` of them, and memory holds no more.

    Parameters
    ----------
    items
        What to work on.
    work
        Makes the result of one item.
    session
        Opens what all of the work shares, on the loop that it runs on.
    most
        Items under way at once.

    Raises
    ------
    Exception
        As the work raises it, by itself and in no group: nothing new is begun, what is under way
        ends and is given first.
    """
    given: SimpleQueue[Done[Result] | BaseException | None] = SimpleQueue()
    background = _Background(given, items, work, session, most)
    thread = threading.Thread(target=background.run, name="in-flight", daemon=True)
    thread.start()
    try:
        while (one := given.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        background.stop()
        thread.join()


@dataclass
class _Background(Generic[Item, Session, Result]):
    """The loop and its thread."""

    given: "SimpleQueue[Done[Result] | BaseException | None]"
    items: Iterable[Item]
    work: Callable[[Session, Item], Awaitable[Result]]
    session: Callable[[], AbstractAsyncContextManager[Session]]
    most: int
    _loop: asyncio.AbstractEventLoop = field(default_factory=uvloop.new_event_loop)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _main: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Run the loop to its end; the last word is None, or the error that ended it."""
        ending: BaseException | None = None
        try:
            self._main = self._loop.create_task(self._all())
            self._abandon_in_time()
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            ending = StoppedError(stopping.LINE) if stopping.is_asked() else None
        except BaseException as error:  # noqa: BLE001  it is raised again in the thread in front
            # Of whatever else goes wrong beside tasks, a group is made.
            ending = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._stopped.set()
            self._loop.close()
            self.given.put(ending)

    def stop(self) -> None:
        """End early, if it has not ended; what is under way is cancelled."""
        if not self._stopped.is_set():
            self._call(self._cancel)

    def _abandon_in_time(self) -> None:
        """Cancel what a signal found under way, once it has had its time to end."""
        if stopping.time_is_up():
            self._cancel()
        else:
            self._loop.call_later(SECONDS_BETWEEN_LOOKS, self._abandon_in_time)

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _call(self, function: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            # The loop has closed meanwhile: nobody waits for the slot any more.
            if not self._loop.is_closed():
                raise

    async def _all(self) -> None:
        slots = asyncio.Semaphore(self.most)
        refusals: list[Exception] = []

        async def one(item: Item, opened: Session) -> None:
            try:
                result = await self.work(opened, item)
            except Exception as refusal:  # noqa: BLE001  raised below, by itself and in no group
                refusals.append(refusal)
                slots.release()
                return
            self.given.put(Done(result, lambda: self._call(slots.release)))

        async with self.session() as opened, asyncio.TaskGroup() as tasks:
            for item in self.items:
                await slots.acquire()
                if refusals:
                    break
                tasks.create_task(one(item, opened))
        if refusals:
            raise refusals[0]
