"""Processes that work for this one: signals reach them through it alone; none outlives it."""

import atexit
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from time import sleep
from typing import Any

from streetview_assets.processes import stopping

_watching: list[threading.Thread] = []
_letting_go = threading.Lock()


@dataclass(frozen=True)
class _Started:
    """Processes that were started: where they are given work, and the pipe that they end with."""

    workers: int
    pool: ProcessPoolExecutor
    hears: Connection
    tells: Connection

    def let_go(self) -> None:
        """Tell the workers that their work is to end, from whatever thread."""
        with _letting_go:
            self.tells.close()

    def end(self) -> None:
        self.pool.shutdown(cancel_futures=True)
        self.let_go()
        self.hears.close()


_idle: list[list[_Started]] = []
"""Of each block of `keeping_workers` those that wait; of one in another, the outer one's."""


@contextmanager
def keeping_workers() -> Iterator[None]:
    """Keep processes that have done their work for whoever asks for as many, until the block ends.

    To start one takes half a second of a core, whatever it is then to do: of a study of many
    authorities, twice for each.
    """
    if _idle:
        yield
        return
    _idle.append([])
    try:
        yield
    finally:
        for started in _idle.pop():
            started.end()


@contextmanager
def worker_pool(
    workers: int,
    begin: Callable[..., object] | None = None,
    arguments: tuple[Any, ...] = (),
    *,
    gently: bool = False,
) -> Iterator[ProcessPoolExecutor]:
    """Give processes that work for the block; where the block is broken off, they end.

    Parameters
    ----------
    workers
        How many, at most.
    begin, arguments
        Called in each at its start. Those without can work for another block afterwards: see
        `keeping_workers`.
    gently
        Whether the work that a worker is at is interrupted as by Ctrl-C, and may clear up;
        otherwise the worker ends where it is.
    """
    is_kept = bool(_idle) and begin is None and not gently
    started = _that_waits(workers) if is_kept else None
    if started is None:
        # Spawned, not forked: the fork of a process that has threads (polars starts some) can hang.
        context = multiprocessing.get_context("spawn")
        hears, tells = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(
            workers, context, _start, (hears, gently, gc.get_threshold(), begin, arguments)
        )
        started = _Started(workers, pool, hears, tells)
    try:
        _start_all(started.pool, workers)
        # What may clear up is told to at once: this process may be deaf until its time is up.
        with stopping.at_the_signal(started.let_go) if gently else nullcontext():
            yield started.pool
    except BaseException:
        started.let_go()
        started.end()
        raise
    if is_kept:
        _idle[0].append(started)
    else:
        started.end()


def _that_waits(workers: int) -> _Started | None:
    """Take as many processes of those that wait; the end of one of them is the end of all."""
    for started in [one for one in _idle[0] if one.workers == workers]:
        _idle[0].remove(started)
        with suppress(BrokenProcessPool):
            started.pool.submit(os.getpid).result()
            return started
        started.end()
    return None


def _start_all(pool: ProcessPoolExecutor, workers: int) -> None:
    """Start the workers at once, deaf to Ctrl-C, which a terminal gives to all of its processes."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(workers):
            pool.submit(os.getpid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(
    hears: Connection,
    gently: bool,
    collects_garbage_after: tuple[int, int, int],
    begin: Callable[..., object] | None,
    arguments: tuple[Any, ...],
) -> None:
    gc.set_threshold(*collects_garbage_after)  # as rarely as the process that it works for
    atexit.register(os._exit, 0)  # what it has loaded is freed with it, at once
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.setsid()
    if gently:
        # Dagster gives both signals the handler of SIGINT, and gives this one back after a run.
        signal.signal(signal.SIGINT, _between_works)
        signal.signal(signal.SIGTERM, _between_works)
    end_with_parent(hears, gently=gently)
    if begin:
        begin(*arguments)


def _between_works(number: int, _: object) -> None:
    if number == signal.SIGTERM:
        os._exit(128 + number)
    stopping.ask(number)


def stop_with_server() -> None:
    """Let the process in which Dagster's server has started a run end with it, and in time."""
    in_front = threading.current_thread() is threading.main_thread()
    if in_front and multiprocessing.parent_process() and not _watching:
        end_with_parent(gently=True)
        stopping.end_in_time()


def end_with_parent(hears: Connection | None = None, *, gently: bool = False) -> None:
    """End this process when its parent is gone, or lets go of the other end of a pipe.

    Killed outright, a parent cannot say so itself, and a worker would wait for work for ever.

    Parameters
    ----------
    hears
        Closed by the parent when the work is to end; None: only the parent's own end counts.
    gently
        Whether the work is interrupted as by Ctrl-C, and may clear up.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in worker processes only"

    def watch() -> None:
        wait([parent.sentinel, *([hears] if hears else [])])
        if gently:
            stopping.ask()
            os.kill(os.getpid(), signal.SIGINT)
            sleep(stopping.GRACE_S)
        stopping.kill_children()
        os._exit(1)

    _watching.append(threading.Thread(target=watch, daemon=True))
    _watching[0].start()
