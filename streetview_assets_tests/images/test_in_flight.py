"""Work in the background: never more than agreed, nothing lost, nothing left running."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager

import pytest

from streetview_assets.errors import ImageryError
from streetview_assets.images.http.concurrency import in_flight


class Session:
    """Counts what is begun on it, what is under way and what was cut off."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.cancelled: list[int] = []
        self.is_closed = False

    @asynccontextmanager
    async def opened(self):
        try:
            yield self
        finally:
            self.is_closed = True


@pytest.fixture
def session() -> Session:
    return Session()


async def twice(session: Session, item: int) -> int:
    session.begun.append(item)
    await asyncio.sleep(0.01)
    return 2 * item


def collect(running) -> tuple[list[int], Exception | None]:
    """Take everything that comes, and what it ended with."""
    results = []
    try:
        for done in running:
            results.append(done.result)
            done.release()
    except Exception as error:  # noqa: BLE001  it is what the test looks at
        return sorted(results), error
    return sorted(results), None


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "in-flight"]


def settled(read) -> int:
    """Wait until a count has not grown for a while."""
    count = -1
    while count != (count := len(read())):
        time.sleep(0.1)
    return count


def test_every_item_has_its_result(session):
    expected = [2 * item for item in range(50)]
    assert collect(in_flight(range(50), twice, session.opened, most=8)) == (expected, None)
    assert session.is_closed
    assert not threads()


def test_no_items_are_no_error(session):
    assert list(in_flight([], twice, session.opened, most=8)) == []


def test_an_item_holds_its_slot_until_it_is_released(session):
    """Images that are not on disk yet count: a kill loses no more than was agreed."""
    running = in_flight(range(50), twice, session.opened, most=5)
    taken = [next(running) for _ in range(5)]
    assert settled(lambda: session.begun) == 5
    for done in taken[:2]:
        done.release()
    assert settled(lambda: session.begun) == 7
    running.close()


def test_what_is_to_be_done_is_not_read_ahead(session):
    read = []
    running = in_flight(
        (read.append(item) or item for item in range(50)), twice, session.opened, most=3
    )
    next(running)
    assert settled(lambda: read) <= 4
    running.close()


def test_a_refusal_stops_new_work_and_gives_what_is_under_way_first(session):
    async def refused_at_five(session: Session, item: int) -> int:
        session.begun.append(item)
        if item == 5:
            raise ImageryError("the key is wrong")
        await asyncio.sleep(0.1)
        return item

    given, error = collect(in_flight(range(100), refused_at_five, session.opened, most=8))
    assert isinstance(error, ImageryError)
    assert given == [item for item in session.begun if item != 5]
    assert len(session.begun) < 20
    assert session.is_closed


def test_a_refusal_is_not_held_up_by_results_that_nobody_has_released(session):
    async def refused_at_one(session: Session, item: int) -> int:
        if item == 1:
            await asyncio.sleep(0.05)
            raise ImageryError("enough")
        return item

    running = in_flight(range(10), refused_at_one, session.opened, most=2)
    kept = [next(running)]
    with pytest.raises(ImageryError):
        kept.extend(running)


def test_whoever_stops_early_leaves_nothing_running(session):
    async def long_but_the_first(session: Session, item: int) -> int:
        session.begun.append(item)
        try:
            await asyncio.sleep(60 if item else 0.05)
        except asyncio.CancelledError:
            session.cancelled.append(item)
            raise
        return item

    running = in_flight(range(1_000), long_but_the_first, session.opened, most=4)
    assert next(running).result == 0
    running.close()
    assert sorted(session.cancelled) == [1, 2, 3]
    assert session.begun == [0, 1, 2, 3]
    assert session.is_closed
    assert not threads()


def test_a_release_after_the_end_does_nothing(session):
    for done in list(in_flight(range(3), twice, session.opened, most=3)):
        done.release()


@pytest.mark.parametrize("broken", ["the work", "the items", "the session"])
def test_a_fault_of_the_program_comes_out_as_it_is(session, broken):
    def items():
        yield from range(20)
        if broken == "the items":
            raise ZeroDivisionError

    async def work(session: Session, item: int) -> int:
        if broken == "the work" and item == 7:
            raise ZeroDivisionError
        return item

    @asynccontextmanager
    async def opened():
        if broken == "the session":
            raise ZeroDivisionError
        yield session

    _, error = collect(in_flight(items(), work, opened, most=4))
    assert "ZeroDivisionError" in repr(error)
    assert not threads()
