"""Pictures into vectors, batch by batch: what each core does, so that none waits for another."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoder import ImageEncoder
from streetview_assets.embeddings.preparation import Prepared, cores, prepare, prepare_pictures
from streetview_assets.embeddings.vectors import vector_series


def encode_in_batches(
    encoder: ImageEncoder,
    paths: Sequence[str | None],
    folder: Path,
    *,
    size: int,
    workers: int | None = None,
) -> Iterator[pl.DataFrame]:
    """Read, prepare and encode pictures, in the order of their paths.

    A network on the cores of this machine competes with the reading of pictures for them. Each
    core then takes whole batches and does everything for them alone, with one thread of torch:
    measured on two cores with ViT-B-32 in bf16, a picture takes 60 ms of a core (54 in the network,
    5 for reading), against 97 where two threads of torch share a batch beside two that read: they
    wait for each other, spinning. On a GPU, and for `colour-texture`, the cores only prepare.

    Parameters
    ----------
    paths
        Relative to `folder`; None for a picture that was not kept.
    size
        Pictures of a batch; at most a few batches for every worker are in memory at once.
    workers
        Cores to use; default: all that this process may.

    Yields
    ------
    pl.DataFrame
        At most `size` rows: columns `embedding` and `error`, one of them null.
    """
    workers = workers or cores()
    if encoder.device == "cpu" and not encoder.computes_in_prepare:
        yield from _whole_batches(encoder, paths, folder, size, workers)
        return
    prepared = prepare_pictures(encoder, paths, folder, ahead=2 * size, workers=workers)
    while batch := list(islice(prepared, size)):
        yield _encode(encoder, batch)


def _whole_batches(
    encoder: ImageEncoder, paths: Sequence[str | None], folder: Path, size: int, workers: int
) -> Iterator[pl.DataFrame]:
    """Give each core a batch to read, prepare and encode."""
    from streetview_assets.embeddings.network import one_core_a_thread

    # Few pictures are shared out evenly, else one core would do them all.
    size = max(1, min(size, math.ceil(len(paths) / workers)))
    tasks = (paths[start : start + size] for start in range(0, len(paths), size))
    waiting: deque[Future[pl.DataFrame]] = deque()

    def work(task: Sequence[str | None]) -> pl.DataFrame:
        return _encode(encoder, [prepare(encoder, path, folder) for path in task])

    with one_core_a_thread() as start, ThreadPoolExecutor(workers, initializer=start) as pool:
        try:
            waiting.extend(pool.submit(work, task) for task in islice(tasks, 2 * workers))
            while waiting:
                done = waiting.popleft().result()
                waiting.extend(pool.submit(work, task) for task in islice(tasks, 1))
                yield done
        finally:
            for future in waiting:
                future.cancel()


def _encode(encoder: ImageEncoder, prepared: Sequence[Prepared]) -> pl.DataFrame:
    """Encode a batch: columns `embedding` and `error`, one of them null."""
    readable = [number for number, one in enumerate(prepared) if one.values is not None]
    vectors = np.empty((0, encoder.identity.dimension), dtype=np.float32)
    if readable:
        vectors = encoder.encode([one.values for one in prepared if one.values is not None])
    errors = [one.error for one in prepared]
    rows: list[int | None] = [None] * len(prepared)
    for row, number in enumerate(readable):
        rows[number] = row
        length = float(np.linalg.norm(vectors[row].astype(np.float64)))
        if not abs(length - 1) < 1e-3:
            rows[number] = None
            errors[number] = f"the encoder gave a vector of length {length:g}, which has no unit"
    return pl.DataFrame(
        [
            vector_series("embedding", vectors).gather(pl.Series(rows, dtype=pl.UInt32)),
            pl.Series("error", errors, dtype=pl.String),
        ]
    )
