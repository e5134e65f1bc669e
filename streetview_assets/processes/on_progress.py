"""Telling how far the work is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

Step = TypeVar("Step")
OnProgress = Callable[[int, int], None]
"""Called with what is done, and with how much there is in total."""


Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""Gives the results of a function for tasks, in their order."""


def untold(done: int, total: int) -> None:
    """Tell nobody."""


def counter(total: int, on_progress: OnProgress) -> Callable[[], None]:
    """Give what is called after each of so many steps, and tells how many are done."""
    done = count(1)

    def step() -> None:
        on_progress(next(done), total)

    return step


def steps(all_steps: Sequence[Step], on_progress: OnProgress) -> Iterator[Step]:
    """Give the steps one by one, and tell after each how many are done."""
    for done, step in enumerate(all_steps, start=1):
        yield step
        on_progress(done, len(all_steps))


def telling(on_step: Callable[[], None] | None, each: Callable[..., Iterable[Any]]) -> Each:
    """Give what goes through tasks as `each` does, and tells of each result where it is taken.

    Parameters
    ----------
    on_step
        Called after each, in the thread that takes the results; None: nobody is told.
    each
        Gives the results of a function for tasks in their order, as `map` does.
    """

    def told(work: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        for result in each(work, tasks):
            if on_step:
                on_step()
            yield result

    return told
