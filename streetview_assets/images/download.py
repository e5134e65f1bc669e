"""Images fetched, checked and kept on disk; each that failed is a row with its reason."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.errors import StreetviewError
from streetview_assets.images.image_files import image_on_disk, write_image
from streetview_assets.images.providers.base import FetchedImage, Provider
from streetview_assets.images.quality_metrics import BrokenImageError, Pixels, read_pixels
from streetview_assets.images.views import WANTED
from streetview_assets.processes import stopping
from streetview_assets.processes.in_order import in_order
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.tables.registry import TABLES

WORKERS = min(4, cpu_count() or 1)
"""Images decoded at once; Pillow decodes outside Python's lock."""

_AHEAD = 8 * WORKERS

Row = dict[str, Any]


def fetch_images(
    provider: Provider,
    wanted: pl.DataFrame,
    *,
    authority_code: str,
    folder: Path,
    now: Callable[[], datetime],
    batch_size: int = 256,
    on_progress: OnProgress = untold,
) -> Iterator[pl.DataFrame]:
    """Fetch images and keep those that decode in full, batch by batch.

    An image is written aside and renamed to ``images/<first two of id>/<image_id>.<suffix>``, so
    that there is never half an image under its name. One that is there already, from a run that
    was killed or from another authority, is taken from there and not asked for.

    Parameters
    ----------
    provider
        Who has the images.
    wanted
        Images to fetch, as `wanted_images` gives them.
    authority_code
        Whose images these are.
    folder
        The study's folder of data.
    now
        Gives the time, UTC.
    batch_size
        Most rows of a batch.
    on_progress
        Called with images done and images in all.

    Yields
    ------
    polars.DataFrame
        Table ``images``, a part of it; together one row for each image that was wanted.

    Raises
    ------
    ImageryError
        Where the provider refuses all service, or the budget is spent; what came before is
        yielded first.
    """
    asked = wanted.select(WANTED.names()).with_columns(
        authority_code=pl.lit(authority_code), is_current=pl.lit(True)
    )
    batch: list[Row] = []
    try:
        for done, row in enumerate(_rows(provider, asked, folder, now), start=1):
            batch.append(row)
            on_progress(done, asked.height)
            if len(batch) == batch_size:
                yield TABLES["images"].frame(batch)
                batch = []
    except StreetviewError:
        if batch:
            yield TABLES["images"].frame(batch)
        raise
    if batch:
        yield TABLES["images"].frame(batch)


def failure_counts(frame: pl.DataFrame) -> dict[str, int]:
    """Count the reasons for which images are not there, the commonest first.

    Parameters
    ----------
    frame
        Table ``images``.
    """
    reasons = frame.filter(pl.col("status") != "ok")["error"].fill_null("no reason given")
    return dict(sorted(Counter(reasons.to_list()).items(), key=lambda item: (-item[1], item[0])))


def _rows(
    provider: Provider, asked: pl.DataFrame, folder: Path, now: Callable[[], datetime]
) -> Iterator[Row]:
    """Complete what was asked for: first what is on disk, then what the provider gives."""
    found = {image_id: image_on_disk(folder, image_id) for image_id in asked["image_id"]}
    with ExitStack() as broken_off:
        pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="images")
        broken_off.callback(pool.shutdown, cancel_futures=True)
        kept = [row for row in asked.iter_rows(named=True) if found[row["image_id"]] is not None]
        paths = [path for path in found.values() if path is not None]
        measures = in_order(pool, partial(_recalled, folder=folder), paths, ahead=_AHEAD)
        there = []
        for row, measured in zip(kept, measures, strict=True):
            stopping.check()
            if measured is not None:
                there.append(row["image_id"])
                yield row | measured
        missing = asked.filter(~pl.col("image_id").is_in(there))
        if not missing.is_empty():
            keep = partial(_kept, folder=folder, now=now)
            yield from _fetched(provider.fetch(missing), missing, keep, pool)


def _fetched(
    images: Iterator[FetchedImage],
    asked: pl.DataFrame,
    keep: Callable[[FetchedImage], Row],
    pool: ThreadPoolExecutor,
) -> Iterator[Row]:
    """Complete what was asked for by what came; an image that never came has failed."""
    places = {image_id: place for place, image_id in enumerate(asked["image_id"])}
    under_way: deque[tuple[int, Future[Row]]] = deque()

    def completed(wait: bool) -> Iterator[Row]:
        while under_way and (wait or len(under_way) > _AHEAD or under_way[0][1].done()):
            place, kept = under_way.popleft()
            yield asked.row(place, named=True) | kept.result()

    try:
        for image in images:
            place = places.pop(image.image_id, None)
            if place is None:
                raise ValueError(f"image {image.image_id} came twice or was not asked for")
            under_way.append((place, pool.submit(keep, image)))
            yield from completed(wait=False)
    except StreetviewError:
        # What came before the refusal may have been paid for.
        yield from completed(wait=True)
        raise
    yield from completed(wait=True)
    for place in places.values():
        yield asked.row(place, named=True) | _failed("failed", "the provider gave no answer")


def _recalled(path: Path, folder: Path) -> Row | None:
    """Measure an image that is on disk; None where it cannot be read, so that it is asked for."""
    content = path.read_bytes()
    try:
        pixels = read_pixels(content)
    except BrokenImageError:
        return None
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return _there(path.relative_to(folder), content, pixels, written_at)


def _kept(image: FetchedImage, *, folder: Path, now: Callable[[], datetime]) -> Row:
    """Check an image and keep it; what it then holds no more is free for the next."""
    try:
        if image.status == "ok" and image.content is not None:
            pixels = image.pixels or read_pixels(image.content)
            written = write_image(folder, image.image_id, pixels.suffix, image.content)
            return _there(written, image.content, pixels, now())
        if image.is_elsewhere:
            return {"status": "ok", "fetched_at": now()}
        status = "failed" if image.status == "ok" else image.status
        path = image_on_disk(folder, image.image_id)
        if status == "failed" and path is not None:
            # Another run has fetched it meanwhile.
            recalled = _recalled(path, folder)
            if recalled is not None:
                return recalled
        return _failed(status, image.error or "the provider gave no image")
    except BrokenImageError as error:
        return _failed("failed", str(error))
    finally:
        image.release()


def _there(path: Path, content: bytes, pixels: Pixels, fetched_at: datetime) -> Row:
    return {
        "status": "ok",
        "path": path.as_posix(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "width_px": pixels.width_px,
        "height_px": pixels.height_px,
        "size_bytes": len(content),
        "fetched_at": fetched_at,
        **pixels.measures,
    }


def _failed(status: str, error: str) -> Row:
    return {"status": status, "error": error}
