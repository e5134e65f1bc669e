"""Images into vectors, batch by batch: what each core does, so that none waits for another."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.image_loading import (
    Prepared,
    Source,
    cores,
    prepare,
    prepare_images,
)
from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.processes.in_order import in_order
from streetview_assets.processes.threads import limit_threads

BEGUN_AHEAD = 1
"""Batches that a GPU has before it beside the one that is waited for: enough to compute on."""

NO_UNIT = "the encoder gave a vector of length {:g}, which has no unit"


def encode_in_batches(
    encoder: ImageEncoder,
    paths: Sequence[Source],
    folder: Path,
    *,
    size: int,
    workers: int | None = None,
) -> Iterator[pl.DataFrame]:
    """Read, prepare and encode images, in the order of their paths.

    A network on the cores of this machine competes with the reading of images for them. Each
    core then takes whole batches and does everything for them alone, with one thread of torch:
    measured on two cores with ViT-B-32 in bf16, an image takes 60 ms of a core (54 in the network,
    5 for reading), against 97 where two threads of torch share a batch beside two that read: they
    wait for each other, spinning. For a GPU, and for `colour-texture`, the cores only prepare, in
    processes, and a batch is begun before the one before it is waited for.

    Parameters
    ----------
    encoder
        What gives the vectors, on the cores of this machine or on a GPU.
    paths
        Relative to `folder`; a list of them for a strip of images side by side, None for an
        image that was not kept.
    folder
        The study's folder of data.
    size
        Images of a batch; at most a few batches for every worker are in memory at once.
    workers
        Cores to use; default: all that this process may.

    Yields
    ------
    pl.DataFrame
        At most `size` rows: columns `embedding` and `error`, one of them null.
    """
    workers = workers or cores()
    if encoder.computes_on_cores:
        yield from _whole_batches(encoder, paths, folder, size, workers)
        return
    prepared = prepare_images(encoder.preparation, paths, folder, ahead=2 * size, workers=workers)
    begun: deque[Callable[[], pl.DataFrame]] = deque()
    while batch := list(islice(prepared, size)):
        begun.append(_begin(encoder, batch))
        if len(begun) > BEGUN_AHEAD:
            yield begun.popleft()()
    for finish in begun:
        yield finish()


def _whole_batches(
    encoder: ImageEncoder, paths: Sequence[Source], folder: Path, size: int, workers: int
) -> Iterator[pl.DataFrame]:
    """Give each core a batch to read, prepare and encode."""
    # Few images are shared out evenly, else one core would do them all.
    size = max(1, min(size, math.ceil(len(paths) / workers)))
    tasks = (paths[start : start + size] for start in range(0, len(paths), size))

    def work(task: Sequence[Source]) -> pl.DataFrame:
        return _begin(encoder, [prepare(encoder.preparation, path, folder) for path in task])()

    with limit_threads() as start, ThreadPoolExecutor(workers, initializer=start) as pool:
        yield from in_order(pool, work, tasks, ahead=2 * workers)


def _begin(encoder: ImageEncoder, prepared: Sequence[Prepared]) -> Callable[[], pl.DataFrame]:
    """Start to encode a batch; what is given back waits for each image's vector or error."""
    values = [one.values for one in prepared if one.values is not None]
    begun = (
        encoder.begin(values)
        if values
        else lambda: np.empty((0, encoder.identity.dimension), dtype=np.float32)
    )

    def finish() -> pl.DataFrame:
        vectors = begun()
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
        rows: list[int | None] = []
        errors, readable = [], iter(enumerate(lengths))
        for one in prepared:
            row, length = (None, 1.0) if one.values is None else next(readable)
            is_unit = abs(length - 1) < 1e-3
            rows.append(row if is_unit else None)
            errors.append(one.error if is_unit else NO_UNIT.format(length))
        embedding = vector_series("embedding", vectors).gather(pl.Series(rows, dtype=pl.UInt32))
        return pl.DataFrame([embedding, pl.Series("error", errors, dtype=pl.String)])

    return finish
