"""The draws of the sample-size experiment, one after the other or by several processes."""

import time
from collections.abc import Generator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.evaluations.sample_size import (
    HELD_OUT,
    TABLE,
    Draw,
    Experiment,
    draw_order,
    draw_rows,
    predict,
    seed_of_draw,
)
from streetview_assets.pooling.pool_groups import pool_groups
from streetview_assets.processes.threads import limit_threads
from streetview_assets.processes.workers import worker_pool
from streetview_assets.tables.registry import TABLES

_TIMED = 3

_here: dict[str, Any] = {}
"""What a worker process was given at its start."""


def run_draws(
    experiment: Experiment, vectors_file: Path, draws: Sequence[Draw], *, processes: int
) -> Generator[pl.DataFrame, None, None]:
    """Score draws, each as it is finished; what a draw gives depends on none of the others.

    Closed early, or where a draw fails, it ends the processes.

    Parameters
    ----------
    experiment
        All that the draws share: areas, values, clusters, settings.
    vectors_file
        `.npy` of the images' vectors, (p, d) float32, which all processes look into.
    draws
        Which to score, in this order.
    processes
        With one, the work is done in this process.

    Yields
    ------
    polars.DataFrame
        Table `sample_size_scores` of one draw.

    Raises
    ------
    StudyError
        Where a process ended before its work.
    """
    processes = min(processes, len(draws))
    if processes > 1:
        yield from _by_processes(experiment, vectors_file, draws, processes)
        return
    vectors = np.load(vectors_file, mmap_mode="r")
    for draw in draws:
        yield draw_frame(experiment, vectors, draw)


def draw_frame(experiment: Experiment, vectors: np.ndarray, draw: Draw) -> pl.DataFrame:
    """Score one draw on one thread, on which sums round alike wherever it is done.

    Parameters
    ----------
    experiment
        All that the draws share.
    vectors
        Of its images, (p, d), float32.
    draw
        Which images, and which areas are held out.
    """
    with limit_threads():
        rows = draw_rows(experiment, vectors, draw)
    return TABLES[TABLE].frame(rows)


def seconds_of_a_model(experiment: Experiment, vectors_file: Path) -> float:
    """Time a model of the recipe, on a few, a middling and the most images that are there.

    As in the experiment it is fitted to four fifths of their areas, on one thread.
    """
    vectors = np.load(vectors_file, mmap_mode="r")
    order = np.random.default_rng(seed_of(experiment.seed, "timed")).permutation(len(vectors))
    sizes = [size for size in experiment.settings.sizes if size <= len(order)] or [len(order)]
    spent = []
    with limit_threads():
        for size in np.linspace(0, len(sizes) - 1, _TIMED).round().astype(int):
            drawn = np.sort(order[: sizes[size]])
            rows, _, pooled = pool_groups(
                vectors[drawn], experiment.area[drawn], experiment.statistic
            )
            began = time.perf_counter()
            inputs = pooled[: round(len(rows) * (1 - HELD_OUT))].astype(np.float64)
            observed = experiment.observed[rows[: len(inputs)]]
            predict(experiment.spec, inputs, observed, inputs[:1], experiment.seed)
            spent.append(time.perf_counter() - began)
    return float(np.mean(spent))


def model_count(experiment: Experiment, draws: Sequence[Draw]) -> int:
    """Count the models of draws, those that are capped left out; all but exact.

    What areas held constant have of images differs a little from draw to draw, and is counted
    of the first draw of each cluster.
    """
    settings = experiment.settings
    of_group: dict[tuple[int, int], int] = {}
    for draw in draws:
        key = (draw.k, draw.cluster)
        if key not in of_group:
            area = experiment.area[experiment.images_of(draw)]
            seed, smallest = seed_of_draw(experiment, draw), min(settings.sizes)
            there = [len(draw_order(area, areas, smallest, seed)) for areas in settings.areas]
            of_group[key] = sum(size <= count for size in settings.sizes for count in there)
    return sum(of_group[draw.k, draw.cluster] for draw in draws)


def _by_processes(
    experiment: Experiment, vectors_file: Path, draws: Sequence[Draw], processes: int
) -> Generator[pl.DataFrame, None, None]:
    try:
        with worker_pool(processes, _start_worker, (experiment, vectors_file)) as pool:
            for future in as_completed([pool.submit(_work, draw) for draw in draws]):
                yield future.result()
    except BrokenProcessPool as error:
        raise StudyError(
            "sample_size: a process of the experiment ended before its work; memory may have run "
            "out, which fewer processes need less of (`sample_size.processes`). What is finished "
            "is kept: run it again."
        ) from error


def _start_worker(experiment: Experiment, vectors_file: Path) -> None:
    _here.update(experiment=experiment, vectors=np.load(vectors_file, mmap_mode="r"))


def _work(draw: Draw) -> pl.DataFrame:
    return draw_frame(_here["experiment"], _here["vectors"], draw)
