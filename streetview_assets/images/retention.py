"""Pixels deleted once they have served; what must not be paid for again is noted first."""

from collections.abc import Callable, Container, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from os import cpu_count
from pathlib import Path

import polars as pl

from streetview_assets.images.image_files import image_on_disk
from streetview_assets.images.thumbnails import keep_thumbnail, thumbnail_on_disk
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.tables.contract import TIME

BATCH = 256


def delete_images(
    images: pl.DataFrame,
    folder: Path,
    *,
    thumbnails: bool,
    noted: Mapping[str, datetime],
    record: Callable[[list[str], datetime], None],
    now: Callable[[], datetime],
    on_progress: OnProgress = untold,
) -> Iterator[pl.DataFrame]:
    """Delete the pixels of images, batch by batch: thumbnail, record, deletion, rows.

    Whenever it is killed, each image is whole or recorded as deleted, and doing it again
    completes it. Only files below ``images/`` of the study's folder are deleted.

    Parameters
    ----------
    images
        Rows of the table ``images``; one whose file is gone already is recorded all the same.
    folder
        The study's folder of data.
    thumbnails
        Whether a thumbnail may stay.
    noted
        When images were noted as deleted before: of those a killed run has left no rows.
    record
        Notes for good that images are deleted on purpose.
    now
        Gives the time, UTC; asked once a batch.
    on_progress
        Told how many images are done, and of how many.

    Yields
    ------
    polars.DataFrame
        Rows of the table ``image_retention``.
    """
    ordered = images.sort("image_id")
    keep = partial(_thumbnail, folder=folder, allowed=thumbnails)
    with ThreadPoolExecutor(min(4, cpu_count() or 1), thread_name_prefix="thumbnails") as pool:
        for start in range(0, ordered.height, BATCH):
            batch = ordered.slice(start, BATCH)
            ids = batch["image_id"].to_list()
            places = list(pool.map(keep, ids))
            moment = now()
            there = [image_id for image_id in ids if image_on_disk(folder, image_id)]
            record(ids, moment)
            for image_id in there:
                _delete(folder, image_id)
            before = {image_id: noted.get(image_id, moment) for image_id in set(ids) - set(there)}
            yield batch.select(
                "authority_code",
                "image_id",
                deleted_at=pl.Series(
                    [before.get(image_id, moment) for image_id in ids], dtype=TIME
                ),
                thumbnail_path=pl.Series(places, dtype=pl.String),
            )
            on_progress(start + batch.height, ordered.height)


def without_pixels(images: pl.DataFrame, deleted: Container[str], folder: Path) -> pl.DataFrame:
    """Give the images whose pixels were deleted on purpose and have not come back since.

    Parameters
    ----------
    images
        Rows of the table ``images``.
    deleted
        Ids of all images whose pixels were ever deleted on purpose.
    folder
        The study's folder of data, where an image that has come back lies.
    """
    gone = [
        image_id in deleted and image_on_disk(folder, image_id) is None
        for image_id in images["image_id"]
    ]
    return images.filter(pl.Series(gone, dtype=pl.Boolean))


def _thumbnail(image_id: str, folder: Path, allowed: bool) -> str | None:
    if not allowed:
        return None
    image = image_on_disk(folder, image_id)
    place = keep_thumbnail(folder, image_id, image) if image else None
    place = place or thumbnail_on_disk(folder, image_id)
    return place.as_posix() if place else None


def _delete(folder: Path, image_id: str) -> None:
    # The same image may lie there in two formats, and another run may be deleting it too.
    while (image := image_on_disk(folder, image_id)) is not None:
        image.unlink(missing_ok=True)
