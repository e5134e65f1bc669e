"""How many threads compute: those of numerical libraries, by which sums round, and one's own."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from streetview_assets.processes import stopping
from streetview_assets.processes.in_order import in_order

Task = TypeVar("Task")
Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use, which a container can make fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, most: int = 4
) -> Iterator[Result]:
    """Give the results of tasks in their order, some computed at once, each by one thread.

    What a task gives hangs neither on the others nor on how many are computed at once. Threads of
    one interpreter take turns but for what numerical libraries do; there these pay.

    Parameters
    ----------
    work
        Called with each task.
    tasks
        Independent of each other.
    most
        So many at once at most, for the memory that each takes; fewer where the machine has fewer
        cores, or `OMP_NUM_THREADS` grants fewer.
    """
    granted = os.environ.get("OMP_NUM_THREADS", "")
    most = min(most, cores(), len(tasks), int(granted) if granted.isdigit() else most)
    if most < 2:
        yield from map(work, tasks)
        return
    with limit_threads() as start:
        pool = ThreadPoolExecutor(most, initializer=start)
        try:
            yield from in_order(pool, work, tasks, ahead=most)
        finally:
            # A signal that asks for the end does not wait for what is under way.
            pool.shutdown(wait=not stopping.is_asked(), cancel_futures=True)


@contextmanager
def limit_threads(limit: int | None = 1) -> Iterator[Callable[[], None]]:
    """Limit the threads of BLAS, OpenMP and, where it is loaded, torch, while the block lasts.

    Import a library before the block: one that is loaded within it is not limited.

    Parameters
    ----------
    limit
        Threads, at least 1; None leaves them as they are.

    Yields
    ------
    Callable
        To be called first in every other thread that computes in the block, as the `initializer`
        of a pool: OpenMP and torch count by thread.
    """
    if limit is None:
        yield lambda: None
        return
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 0

    def start() -> None:
        if torch:
            torch.set_num_threads(limit)

    def start_elsewhere() -> None:
        _libraries(len(sys.modules)).limit(limits=limit)
        start()

    with _libraries(len(sys.modules)).limit(limits=limit):
        start()
        try:
            yield start_elsewhere
        finally:
            if torch:
                torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Find the libraries anew only after an import: looking takes longer than a small fit."""
    return ThreadpoolController()
