"""Work that is shared out to a pool and comes back in its order, a little of it ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(
    pool: Executor, work: Callable[[Task], Result], tasks: Iterable[Task], *, ahead: int
) -> Iterator[Result]:
    """Give the results of tasks in their order; as `Executor.map`, but never all at once.

    Parameters
    ----------
    pool
        Threads or processes that work.
    work
        Called with each task.
    tasks
        Taken as they are needed.
    ahead
        So many tasks at most are begun before the first of their results is taken.
    """
    left = iter(tasks)
    under_way: deque[Future[Result]] = deque()
    try:
        under_way.extend(pool.submit(work, task) for task in islice(left, ahead))
        while under_way:
            done = under_way.popleft().result()
            under_way.extend(pool.submit(work, task) for task in islice(left, 1))
            yield done
    finally:
        for future in under_way:
            future.cancel()
