"""Lanes: Dagster runs side by side, one in this process, the others in processes of their own.

Runs that are side by side read nothing of one another, so that each lane takes the next that waits.
"""

import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import psutil

from streetview_assets.embeddings.looked_at import vector_table
from streetview_assets.errors import WorkerError
from streetview_assets.orchestration.progress import Listener, Progress, listen, listening
from streetview_assets.orchestration.runs.one_run import Outcome, RunSpec, execute_run
from streetview_assets.orchestration.runs.schedule_order import independent
from streetview_assets.processes import stopping
from streetview_assets.processes.threads import cores
from streetview_assets.processes.workers import keeping_workers, worker_pool
from streetview_assets.study_state.lineage import AssetSpec
from streetview_assets.study_state.open_study import OpenStudy

CORES_A_LANE = 4
"""So many threads at most has an asset of its own, where it has any (`side_by_side`)."""
LEAST_BYTES_A_LANE = 1_000_000_000
BYTES_A_BYTE_OF_VECTORS = 8
"""Most memory of an asset, measured as a multiple of the vectors that it reads, in the file."""
GRANTED = Path("/sys/fs/cgroup/memory.max")
"""Bytes that a container may have; where it may have all there are, or is none, no number."""
SECONDS_BETWEEN_LOOKS = 0.1

RunAll = Callable[[Sequence[RunSpec]], Iterator[Outcome]]


def default_lanes() -> int:
    """Say how many lanes suit this machine: two on two cores, and one where Python was called.

    A script's or a notebook's own process must not be started again, as a worker's would be.
    """
    return min(cores(), max(2, cores() // CORES_A_LANE)) if stopping.is_listening() else 1


def lanes_in_memory(opened: OpenStudy, most: int, available: int | None = None) -> int:
    """Say for how many lanes there is memory now: each holds what it reads for itself.

    Parameters
    ----------
    opened
        The study, which says how much that is.
    most
        So many are asked for.
    available
        Memory in bytes; None: what is free now.
    """
    table = vector_table(opened.study.encoder.views)
    files = opened.lake.files(table, encoder=opened.encoder)
    read = sum(path.stat().st_size for path in files)
    each = LEAST_BYTES_A_LANE + BYTES_A_BYTE_OF_VECTORS * read
    free = _free_bytes() if available is None else available
    return max(1, min(most, free // each))


def _free_bytes() -> int:
    """Count the memory that is free now; in a container no more than it is granted."""
    granted = GRANTED.read_text().strip() if GRANTED.is_file() else ""
    free: int = psutil.virtual_memory().available
    return min(free, int(granted)) if granted.isdigit() else free


def parts(opened: OpenStudy, run_spec: RunSpec) -> list[RunSpec]:
    """Part a run into several that read nothing of one another, the longest first.

    Parameters
    ----------
    opened
        The study, which knows how long each asset took last time.
    run_spec
        The run. One of marts stays whole: they take a moment, and the published file reads them.
    """
    if not opened.assets.keys() >= {*run_spec.assets}:
        return [run_spec]
    groups = independent([opened.assets[asset] for asset in run_spec.assets])
    groups.sort(key=lambda group: -sum(_took_s(opened, one, run_spec.authority) for one in group))
    return [replace(run_spec, assets=tuple(spec.asset for spec in group)) for group in groups]


def _took_s(opened: OpenStudy, spec: AssetSpec, authority: str | None) -> float:
    """Say how long an asset took; of one that was never made, as if all took as long."""
    made = opened.provenance(spec.writes[0], authority)
    return 1.0 if made is None or made.took_s is None else made.took_s


@contextmanager
def lanes(
    most: int, opened: OpenStudy, instance: dg.DagsterInstance, listener: Listener
) -> Iterator[RunAll]:
    """Give what executes runs, side by side where there are several; their order is no matter.

    Parameters
    ----------
    most
        Lanes at most; 1: all runs are executed here, one after the other.
    opened
        The study.
    instance
        The study's, which this process has open.
    listener
        Told how far each asset is, in whatever lane.
    """
    told = _one_at_a_time(listener)
    started: list[tuple[ProcessPoolExecutor, Any]] = []

    with ExitStack() as stack, listening(told):

        def run_all(run_specs: Sequence[RunSpec]) -> Iterator[Outcome]:
            count = lanes_in_memory(opened, most) if most > 1 else 1
            if len(run_specs) < count:
                run_specs = [part for run_spec in run_specs for part in parts(opened, run_spec)]
            count = min(count, len(run_specs))
            with keeping_workers():
                if count < 2:
                    yield from (execute_run(run_spec, instance) for run_spec in run_specs)
                    return
                if not started:
                    started.append(_started(stack, most - 1))
                ((pool, queue),) = started
                share_out = partial(_share_out, pool, count - 1, queue, told)
                yield from _side_by_side(deque(run_specs), share_out, instance)

        yield run_all


def _started(stack: ExitStack, others: int) -> tuple[ProcessPoolExecutor, Any]:
    """Start the processes of the other lanes, with the queue by which they tell of progress."""
    # A queue of a `Manager` would be a process more, one that outlives a killed command.
    queue: Any = multiprocessing.get_context("spawn").SimpleQueue()
    pool = worker_pool(others, _pass_progress_on, (queue,), gently=True)
    return stack.enter_context(pool), queue


def _side_by_side(
    waiting: deque[RunSpec],
    share_out: Callable[[deque[RunSpec], list["Future[Outcome]"]], None],
    instance: dg.DagsterInstance,
) -> Iterator[Outcome]:
    """Execute runs here while a thread gives others to the other lanes, until none waits.

    Raises
    ------
    WorkerError
        A lane's process has ended.
    """
    finished: list[Future[Outcome]] = []
    run_spec = _next(waiting)
    others = threading.Thread(target=share_out, args=(waiting, finished), daemon=True)
    others.start()
    try:
        while run_spec:
            yield execute_run(run_spec, instance)
            run_spec = _next(waiting)
        others.join()
    finally:
        waiting.clear()
    try:
        yield from [future.result() for future in finished]
    except BrokenProcessPool as error:
        raise WorkerError(
            "A process that made assets beside this one was ended from outside; memory may have "
            "run out, of which one process needs less (`--jobs 1`). What is finished is kept: run "
            "it again."
        ) from error


def _share_out(
    pool: ProcessPoolExecutor,
    count: int,
    queue: Any,
    listener: Listener,
    waiting: deque[RunSpec],
    finished: list["Future[Outcome]"],
) -> None:
    """Keep so many runs under way in the pool while some wait, and pass on what they tell."""
    running: set[Future[Outcome]] = set()
    while True:
        while len(running) < count and (run_spec := _next(waiting)):
            running.add(_submitted(pool, run_spec))
        if not running:
            return
        done, running = wait(running, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
        while not queue.empty():
            listener(queue.get())
        finished += done


def _submitted(pool: ProcessPoolExecutor, run_spec: RunSpec) -> "Future[Outcome]":
    """Give a run to the pool; where that has broken since, whoever waits for the run is told."""
    try:
        return pool.submit(execute_run, run_spec)
    except BrokenProcessPool as error:
        never: Future[Outcome] = Future()
        never.set_exception(error)
        return never


def _next(waiting: deque[RunSpec]) -> RunSpec | None:
    with suppress(IndexError):
        return waiting.popleft()
    return None


def _one_at_a_time(listener: Listener) -> Listener:
    """Let what the lanes tell, each in a thread, come to the listener in turn."""
    turn = threading.Lock()

    def told(progress: Progress) -> None:
        with turn:
            listener(progress)

    return told


def _pass_progress_on(queue: Any) -> None:
    def passed_on(progress: Progress) -> None:
        queue.put(progress)

    listen(passed_on)
