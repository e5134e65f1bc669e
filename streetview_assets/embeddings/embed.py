"""Images into vectors: a row for every image, with its vector or the reason for none.

Batch by batch: while one is computed, the next are read, so that no core waits for another.
"""

import logging
import math
import time
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
    prepare,
    prepare_content,
    prepare_images,
)
from streetview_assets.embeddings.encoders.imported.load import ImportedVectors
from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.image_decoding import MOST_PIXELS
from streetview_assets.processes.in_order import in_order
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.processes.threads import cores, limit_threads

BEGUN_AHEAD = 1
"""Batches that a GPU has before it beside the one that is waited for: enough to compute on."""

NO_UNIT = "the encoder gave a vector of length {:g}, which has no unit"
log = logging.getLogger(__name__)

LEAST_PER_SHARD, IMPORTED_AT_ONCE = 256, 4096


def embed_images(
    encoder: ImageEncoder | ImportedVectors,
    images: pl.DataFrame,
    folder: Path,
    *,
    authority_code: str,
    batch_size: int | None = None,
    workers: int | None = None,
    on_progress: OnProgress = untold,
) -> Iterator[pl.DataFrame]:
    """Encode the images of an authority, shard by shard.

    Parameters
    ----------
    encoder
        What encodes images, or vectors made elsewhere: then no image is read.
    images
        Rows of the table `images`; those whose status is not `ok` have no image and are left out.
        Or strips (see `strips_of`), whose paths are lists: their views side by side are encoded.
    folder
        The study's folder of data, to which the paths of images are relative.
    authority_code
        Code of the authority whose images they are: the column of that name.
    batch_size
        Images encoded at once; default: see `images_at_once`.
    workers
        Threads or processes that read images; default: one a core.
    on_progress
        Told how many images are done, and of how many.

    Yields
    ------
    pl.DataFrame
        Rows of the table `image_embeddings`, in the order of their ids, at least 256 but for the
        last shard. An image that cannot be read is a row `failed` with its reason.
    """
    readable = images.filter(status="ok").sort("image_id")
    if "sha256" not in readable.columns:
        readable = readable.with_columns(sha256=pl.lit(None, pl.String))
    batches: Iterator[pl.DataFrame]
    if isinstance(encoder, ImportedVectors):
        batches = map(encoder.vectors, readable.iter_slices(IMPORTED_AT_ONCE))
    else:
        size = batch_size or images_at_once(encoder, readable.height, workers)
        paths = readable["path"].to_list()
        batches = encode_in_batches(encoder, paths, folder, size=size, workers=workers)
    identity, done, began = encoder.identity, 0, time.monotonic()
    while shard := _shard(batches, done, readable.height, on_progress):
        vectors = pl.concat(shard)
        encoded = readable.slice(done, vectors.height)
        done += vectors.height
        if not isinstance(encoder, ImportedVectors):
            a_second = done / max(time.monotonic() - began, 1e-9)
            where = f"{identity.encoder} ({identity.library}) on {encoder.device}"
            where += f" in {identity.precision}"
            log.info("%s: %d of %d images, %.1f a second", where, done, readable.height, a_second)
        is_there = pl.col("error").is_null()
        yield vectors.select(
            pl.lit(authority_code).alias("authority_code"),
            encoded["image_id"],
            pl.lit(identity.encoder).alias("encoder"),
            pl.when(is_there).then(pl.lit("ok")).otherwise(pl.lit("failed")).alias("status"),
            "embedding",
            "error",
            encoded["sha256"].alias("image_sha256"),
        )


def of_same_pixels(vectors: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows of images whose pixels are still those that were encoded.

    Parameters
    ----------
    vectors
        Rows of the table `image_embeddings`; one that does not say which pixels it is of, as
        earlier versions wrote it, is kept.
    images
        Rows of the table `images`.

    Returns
    -------
    pl.DataFrame
        Rows of `vectors`, in their order.
    """
    now = images.select("image_id", "sha256")
    encoded = pl.col("image_sha256")
    return (
        vectors.join(now, on="image_id", how="inner", maintain_order="left")
        .filter(encoded.is_null() | encoded.eq_missing(pl.col("sha256")))
        .drop("sha256")
    )


def _shard(
    batches: Iterator[pl.DataFrame],
    done: int,
    total: int,
    on_progress: OnProgress,
) -> list[pl.DataFrame]:
    """Take the batches of a shard as they come."""
    shard: list[pl.DataFrame] = []
    rows = 0
    while rows < LEAST_PER_SHARD and (batch := next(batches, None)) is not None:
        shard.append(batch)
        rows += batch.height
        on_progress(done + rows, total)
    return shard


def images_at_once(encoder: ImageEncoder, count: int, workers: int | None = None) -> int:
    """Say how many images make a batch: what suits the device; of few, a share for each core.

    Parameters
    ----------
    encoder
        What gives the vectors.
    count
        Images in all.
    workers
        Cores to use; default: all that this process may.
    """
    if not encoder.computes_on_cores:
        return encoder.batch_size
    return max(1, min(encoder.batch_size, math.ceil(count / (workers or cores()))))


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


def encode_content(
    encoder: ImageEncoder, content: bytes, *, most_pixels: int = MOST_PIXELS
) -> tuple[np.ndarray, None] | tuple[None, str]:
    """Encode one image that is in memory alone.

    Parameters
    ----------
    encoder
        What gives the vector.
    content
        The bytes of a file.
    most_pixels
        An image of more is not decoded.

    Returns
    -------
    tuple
        The vector (d,) and None, or None and why there is no vector.
    """
    (row,) = _begin(encoder, [prepare_content(encoder.preparation, content, most_pixels)])().rows(
        named=True
    )
    if row["embedding"] is None:
        return None, row["error"]
    return np.array(row["embedding"], dtype=np.float32), None


def _whole_batches(
    encoder: ImageEncoder, paths: Sequence[Source], folder: Path, size: int, workers: int
) -> Iterator[pl.DataFrame]:
    """Give each core a batch to read, prepare and encode."""
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
