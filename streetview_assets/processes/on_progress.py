"""Telling how far the work is."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TypeVar

Step = TypeVar("Step")
OnProgress = Callable[[int, int], None]
"""Called with what is done, and with how much there is in total."""


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
