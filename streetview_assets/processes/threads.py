"""How many threads numerical libraries compute in: sums split over threads round differently."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


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

    with _libraries(len(sys.modules)).limit(limits=limit):
        start()
        try:
            yield start
        finally:
            if torch:
                torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Find the libraries anew only after an import: looking takes longer than a small fit."""
    return ThreadpoolController()
