"""Images into vectors: a row for every image, with its vector or the reason for none."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from streetview_assets.embeddings.batches import encode_in_batches
from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.imported.load import ImportedVectors

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
    on_progress: Callable[[int, int], None] | None = None,
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
        Images encoded at once; default: what suits the encoder's device.
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
        size, paths = batch_size or encoder.batch_size, readable["path"].to_list()
        batches = encode_in_batches(encoder, paths, folder, size=size, workers=workers)
    identity, done, began = encoder.identity, 0, time.monotonic()
    while shard := _shard(batches, done, readable.height, on_progress):
        vectors = pl.concat(shard)
        encoded = readable.slice(done, vectors.height)
        done += vectors.height
        if not isinstance(encoder, ImportedVectors):
            a_second = done / max(time.monotonic() - began, 1e-9)
            where = f"{identity.encoder} on {encoder.device} in {identity.precision}"
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
    on_progress: Callable[[int, int], None] | None,
) -> list[pl.DataFrame]:
    """Take the batches of a shard as they come."""
    shard: list[pl.DataFrame] = []
    rows = 0
    while rows < LEAST_PER_SHARD and (batch := next(batches, None)) is not None:
        shard.append(batch)
        rows += batch.height
        if on_progress:
            on_progress(done + rows, total)
    return shard
