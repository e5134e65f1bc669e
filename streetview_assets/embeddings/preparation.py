"""Pictures from disk into what an encoder takes, by several workers, in order, never far ahead."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from streetview_assets.embeddings.encoder import ImageEncoder
from streetview_assets.errors import EncoderError

UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises for a file that is missing, cut short, or no picture."""

ENOUGH_FOR_PROCESSES = 200
"""Below so many pictures, starting processes takes longer than they save."""

PICTURES_PER_TASK = 8


@dataclass(frozen=True)
class Prepared:
    """One picture as the encoder takes it, or the reason why it is not."""

    values: np.ndarray | None
    error: str | None


def prepare_pictures(
    encoder: ImageEncoder,
    paths: Sequence[str | None],
    folder: Path,
    *,
    ahead: int,
    workers: int,
) -> Iterator[Prepared]:
    """Read and prepare pictures, in the order of their paths.

    Parameters
    ----------
    paths
        Relative to `folder`.
    ahead
        At most about so many prepared pictures wait to be taken.
    workers
        Threads, or processes where preparing is the heavy step.

    Raises
    ------
    EncoderError
        Where a worker process died.
    """
    if workers == 1:
        yield from (prepare(encoder, path, folder) for path in paths)
        return
    tasks = (
        paths[start : start + PICTURES_PER_TASK]
        for start in range(0, len(paths), PICTURES_PER_TASK)
    )
    limit = max(ahead // PICTURES_PER_TASK, 2 * workers)
    waiting: deque[Future[list[Prepared]]] = deque()
    with _pool(encoder, len(paths), workers) as pool:

        def submit(count: int) -> None:
            for task in islice(tasks, count):
                waiting.append(pool.submit(_prepare_all, encoder, task, folder))

        try:
            submit(limit)
            while waiting:
                done = waiting.popleft().result()
                submit(1)
                yield from done
        except BrokenProcessPool as error:
            raise EncoderError(
                "A process that prepares pictures ended unexpectedly: either memory ran out, or "
                "the script that called this lacks `if __name__ == '__main__':` around its work."
            ) from error
        finally:
            for future in waiting:
                future.cancel()


def prepare(encoder: ImageEncoder, path: str | None, folder: Path) -> Prepared:
    """Read and prepare one picture; a file that cannot be read gives its reason."""
    if path is None:
        return Prepared(None, "the picture was not kept")
    try:
        picture = read_picture(folder / path, least_side_px=encoder.least_side_px)
        return Prepared(encoder.prepare(picture), None)
    except UNREADABLE as error:
        reason = str(error).replace(f"{folder}{os.sep}", "")
        return Prepared(None, f"{type(error).__name__}: {reason}")


def read_picture(path: Path, *, least_side_px: int | None = None) -> Image.Image:
    """Read a picture, upright as its EXIF says, in RGB.

    Parameters
    ----------
    least_side_px
        Where given, a JPEG is read at a half, a quarter or an eighth of its size as long as its
        shorter side stays at least so long: most of the work of decoding it is then left out.
    """
    with Image.open(path) as picture:
        if least_side_px:
            picture.draft("RGB", (least_side_px, least_side_px))
        return ImageOps.exif_transpose(picture).convert("RGB")


def cores() -> int:
    """Cores that this process may use, which a container can make fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _prepare_all(
    encoder: ImageEncoder, paths: Sequence[str | None], folder: Path
) -> list[Prepared]:
    return [prepare(encoder, path, folder) for path in paths]


def _pool(encoder: ImageEncoder, count: int, workers: int) -> Executor:
    if encoder.computes_in_prepare and count > ENOUGH_FOR_PROCESSES:
        return ProcessPoolExecutor(
            workers,
            # A forked copy of a process that runs threads (polars, torch) can hang.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_end_with_parent,
        )
    return ThreadPoolExecutor(workers)


def _end_with_parent() -> None:
    """End this worker when its parent is gone: killed outright, it cannot say so itself."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in worker processes only"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
