"""Pictures fetched, checked and kept on disk; each that failed is a row with its reason."""

import hashlib
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.errors import ImageryError, StreetviewError
from streetview_assets.images.pixels import BrokenPictureError, read_pixels
from streetview_assets.images.provider import Picture, Provider
from streetview_assets.images.views import WANTED
from streetview_assets.tables import TABLES

WORKERS = min(4, os.cpu_count() or 1)
"""Pictures decoded at once; Pillow decodes outside Python's lock."""

_AHEAD = 8 * WORKERS
_REASONS_SHOWN = 3

Row = dict[str, Any]


def fetch_images(
    provider: Provider,
    wanted: pl.DataFrame,
    *,
    authority_code: str,
    folder: Path,
    now: Callable[[], datetime],
    batch_size: int = 256,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[pl.DataFrame]:
    """Fetch pictures and keep those that decode in full, batch by batch.

    A picture is written aside and renamed to ``images/<first two of id>/<image_id>.<suffix>``, so
    that there is never half a picture under its name.

    Parameters
    ----------
    provider
        Who has the pictures.
    wanted
        Pictures to fetch, as `wanted_images` gives them.
    authority_code
        Whose pictures these are.
    folder
        The study's folder of data.
    now
        Gives the time, UTC.
    batch_size
        Most rows of a batch.
    on_progress
        Called with pictures done and pictures in all.

    Yields
    ------
    polars.DataFrame
        Table ``images``, a part of it; together one row for each picture that was wanted.

    Raises
    ------
    ImageryError
        Where the provider refuses all service; what came before is yielded first.
    """
    asked = {
        row["image_id"]: row | {"authority_code": authority_code}
        for row in wanted.select(WANTED.names()).iter_rows(named=True)
    }
    keep = partial(_kept, folder=folder, now=now)
    batch: list[Row] = []
    refusal: StreetviewError | None = None
    rows = _rows(provider.pictures(wanted) if asked else iter(()), dict(asked), keep)
    try:
        for done, row in enumerate(rows, start=1):
            batch.append(row)
            if on_progress:
                on_progress(done, len(asked))
            if len(batch) == batch_size:
                yield TABLES["images"].frame(batch)
                batch = []
    except StreetviewError as error:
        refusal = error
    if batch:
        yield TABLES["images"].frame(batch)
    if refusal:
        raise refusal


def failure_counts(frame: pl.DataFrame) -> dict[str, int]:
    """Count the reasons for which pictures are not there, the commonest first.

    Parameters
    ----------
    frame
        Table ``images``.
    """
    reasons = frame.filter(pl.col("status") != "ok")["error"].fill_null("no reason given")
    return dict(sorted(Counter(reasons.to_list()).items(), key=lambda item: (-item[1], item[0])))


def check_images(frame: pl.DataFrame, max_failed_share: float) -> None:
    """Refuse to go on where all pictures failed, or more of them than the study allows.

    Parameters
    ----------
    frame
        Table ``images`` of one authority; none at all is no failure.
    max_failed_share
        Largest share of failed pictures, 0 to 1.

    Raises
    ------
    ImageryError
        With the commonest reasons, counted.
    """
    failed = frame.filter(pl.col("status") == "failed")
    if failed.is_empty():
        return
    everything = failed.height == frame.height
    if not everything and failed.height <= max_failed_share * frame.height:
        return
    reasons = list(failure_counts(failed).items())
    shown = "; ".join(f"{count:,} × {reason}" for reason, count in reasons[:_REASONS_SHOWN])
    more = f"; and {len(reasons) - _REASONS_SHOWN} more" if len(reasons) > _REASONS_SHOWN else ""
    remedy = (
        "Put the pictures or the access to them right, then run `streetview retry`"
        if everything
        else "Put them right and run `streetview retry`, or raise images.max_failed_share "
        f"(now {max_failed_share:g})"
    )
    raise ImageryError(
        f"{failed.height:,} of {frame.height:,} pictures failed: {shown}{more}. {remedy}."
    )


def _rows(
    pictures: Iterator[Picture], asked: dict[str, Row], keep: Callable[[Picture], Row]
) -> Iterator[Row]:
    """Complete what was asked for by what came; a picture that never came has failed."""
    under_way: deque[tuple[Row, Future[Row]]] = deque()
    refusal: StreetviewError | None = None
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="pictures") as pool:
        try:
            for picture in pictures:
                view = asked.pop(picture.image_id, None)
                if view is None:
                    raise ValueError(f"picture {picture.image_id} came twice or was not asked for")
                under_way.append((view, pool.submit(keep, picture)))
                if len(under_way) > _AHEAD:
                    view, kept = under_way.popleft()
                    yield view | kept.result()
        except StreetviewError as error:
            # What came before the refusal may have been paid for.
            refusal = error
        while under_way:
            view, kept = under_way.popleft()
            yield view | kept.result()
    if refusal:
        raise refusal
    for view in asked.values():
        yield view | _failed("failed", "the provider gave no answer")


def _kept(picture: Picture, *, folder: Path, now: Callable[[], datetime]) -> Row:
    if picture.status != "ok" or picture.content is None:
        status = "failed" if picture.status == "ok" else picture.status
        return _failed(status, picture.error or "the provider gave no picture")
    try:
        pixels = read_pixels(picture.content)
    except BrokenPictureError as error:
        return _failed("failed", str(error))
    place = Path("images") / picture.image_id[:2] / f"{picture.image_id}.{pixels.suffix}"
    _write_whole(folder / place, picture.content)
    return {
        "status": "ok",
        "path": place.as_posix(),
        "sha256": hashlib.sha256(picture.content).hexdigest(),
        "width_px": pixels.width_px,
        "height_px": pixels.height_px,
        "size_bytes": len(picture.content),
        "fetched_at": now(),
        **pixels.colours,
    }


def _failed(status: str, error: str) -> Row:
    return {"status": status, "error": error}


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two authorities may fetch the same picture at once, in two processes.
    aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
