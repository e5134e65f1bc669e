"""Pictures into vectors: a row for every picture, with its vector or the reason for none."""

import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from streetview_assets.embeddings.encoder import ImageEncoder
from streetview_assets.embeddings.preparation import Prepared, prepare_pictures
from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.errors import EncoderError

LEAST_PER_SHARD = 256


def embed_images(
    encoder: ImageEncoder,
    images: pl.DataFrame,
    folder: Path,
    *,
    authority_code: str,
    batch_size: int | None = None,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[pl.DataFrame]:
    """Encode the pictures of an authority, shard by shard.

    Parameters
    ----------
    images
        Rows of the table `images`; those whose status is not `ok` have no picture and are left out.
    folder
        The study's folder of data, to which the paths of pictures are relative.
    batch_size
        Pictures encoded at once; default: what suits the encoder's device.
    workers
        Threads or processes that read pictures; default: one a core.
    on_progress
        Told how many pictures are done, and of how many.

    Yields
    ------
    pl.DataFrame
        Rows of the table `image_embeddings`, in the order of their ids, at least 256 but for the
        last shard. A picture that cannot be read is a row `failed` with its reason.
    """
    pictures = images.filter(pl.col("status") == "ok").sort("image_id")
    size = batch_size or encoder.batch_size
    per_shard = size * math.ceil(LEAST_PER_SHARD / size)
    prepared = prepare_pictures(
        encoder, pictures["path"].to_list(), folder, ahead=2 * size, workers=workers
    )
    for start in range(0, pictures.height, per_shard):
        ids = pictures["image_id"].slice(start, per_shard)
        batches = []
        for first in range(0, len(ids), size):
            batches.append(_encode(encoder, list(islice(prepared, min(size, len(ids) - first)))))
            if on_progress:
                on_progress(min(start + first + size, pictures.height), pictures.height)
        yield pl.concat(batches).select(
            pl.lit(authority_code).alias("authority_code"),
            ids.alias("image_id"),
            pl.lit(encoder.identity.encoder).alias("encoder"),
            pl.when(pl.col("error").is_null())
            .then(pl.lit("ok"))
            .otherwise(pl.lit("failed"))
            .alias("status"),
            "embedding",
            "error",
        )


def check_embeddings(embeddings: pl.DataFrame) -> None:
    """Refuse a table of vectors in which every picture failed.

    Raises
    ------
    EncoderError
        With the most common reason.
    """
    if embeddings.height and (embeddings["status"] == "failed").all():
        reason = embeddings["error"].mode().sort()[0]
        raise EncoderError(
            f"all {embeddings.height} pictures of {embeddings['authority_code'][0]} failed; most "
            f"often: {reason}. Are the pictures still where the table `images` says?"
        )


def _encode(encoder: ImageEncoder, prepared: list[Prepared]) -> pl.DataFrame:
    """Encode a batch: columns `embedding` and `error`, one of them null."""
    readable = [number for number, one in enumerate(prepared) if one.values is not None]
    vectors = np.empty((0, encoder.identity.dimension), dtype=np.float32)
    if readable:
        values = [one.values for one in prepared if one.values is not None]
        vectors = encoder.encode(np.stack(values))
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
