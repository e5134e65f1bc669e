"""Images from disk into what an encoder takes, by several workers, in order, never far ahead."""

import os
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from streetview_assets.embeddings.encoders.base import Preparation
from streetview_assets.errors import EncoderError
from streetview_assets.image_decoding import BrokenImageError, decode_image, read_rgb
from streetview_assets.images.strips import stitched
from streetview_assets.processes.in_order import in_order
from streetview_assets.processes.workers import worker_pool

UNREADABLE = (OSError, BrokenImageError)
"""What is raised for a file that is missing, cut short, or no image."""

ENOUGH_FOR_PROCESSES = 200
"""Below so many images, starting processes takes longer than they save."""

IMAGES_PER_TASK = 16

BLOCKS_KEPT = 4
"""Blocks of memory (at most 16 MB) that Pillow keeps in a process for the next image.

Measured on JPEGs of 640 × 640: 5.6 ms of a core each, against 8.6 where a process gives the memory
back and asks for it again. Threads have memory of their own and take 5.5 either way.
"""

FREED_ONCE = 2**24
"""Bytes that a process frees once, by which glibc learns to keep as many for the next array.

Measured with `colour-texture` on 2,020 JPEGs of 256 × 256, by three runs each: 3.3 ms of a core for
one, the start of the processes among them, against 3.7.
"""

Source = str | Sequence[str] | None
"""Where an image is: one file, several that are put side by side, or None: it was not kept."""


@dataclass(frozen=True)
class Prepared:
    """One image as the encoder takes it, or the reason why it is not."""

    values: np.ndarray | None
    error: str | None


def prepare_images(
    preparation: Preparation,
    paths: Sequence[Source],
    folder: Path,
    *,
    ahead: int,
    workers: int,
) -> Iterator[Prepared]:
    """Read and prepare images, in the order of their paths.

    Enough of them go to processes, since threads of one interpreter wait for each other. What is
    sent there is the preparation alone, never a network; what comes back are pixels.

    Parameters
    ----------
    preparation
        How an image becomes what the encoder sees; it is sent to processes.
    paths
        Relative to `folder`.
    folder
        The study's folder of data.
    ahead
        At most about so many prepared images wait to be taken.
    workers
        Processes, or threads where there are few images.

    Raises
    ------
    EncoderError
        Where a worker process died.
    """
    if workers == 1:
        yield from (prepare(preparation, path, folder) for path in paths)
        return
    tasks = (
        paths[start : start + IMAGES_PER_TASK] for start in range(0, len(paths), IMAGES_PER_TASK)
    )
    limit = max(ahead // IMAGES_PER_TASK, 2 * workers)
    pool: AbstractContextManager[Executor]
    if len(paths) <= ENOUGH_FOR_PROCESSES:
        pool, work = ThreadPoolExecutor(workers), partial(_prepare_all, preparation, folder)
    else:
        pool, packed = worker_pool(workers), pickle.dumps(preparation)
        work = partial(_prepare_elsewhere, packed, preparation.needs_torch, folder)
    try:
        with pool as executor:
            for done in in_order(executor, work, tasks, ahead=limit):
                yield from done
    except BrokenProcessPool as error:
        raise EncoderError(
            "A process that prepares images ended unexpectedly: either memory ran out, or "
            "the script that called this lacks `if __name__ == '__main__':` around its work."
        ) from error


def prepare(preparation: Preparation, path: Source, folder: Path) -> Prepared:
    """Read and prepare one image; a file that cannot be read gives its reason.

    Parameters
    ----------
    preparation
        How an image becomes what the encoder sees.
    path
        Relative to `folder`; a list for a strip of images side by side, None for an image that was
        not kept.
    folder
        The study's folder of data.
    """
    if path is None:
        return Prepared(None, "the image was not kept")
    files = [path] if isinstance(path, str) else path
    try:
        views = [_view(folder, file, preparation.least_side_px) for file in files]
        return Prepared(preparation.prepare(stitched(views)), None)
    except UNREADABLE as error:
        return Prepared(None, str(error).replace(f"{folder}{os.sep}", ""))


def prepare_content(preparation: Preparation, content: bytes, most_pixels: int) -> Prepared:
    """Prepare one image that is in memory alone; content that is no image gives its reason.

    Parameters
    ----------
    preparation
        How an image becomes what the encoder sees.
    content
        The bytes of a file.
    most_pixels
        An image of more is not decoded.
    """
    least_px = preparation.least_side_px
    try:
        decoded = decode_image(
            content, upright=True, least_side_px=least_px, most_pixels=most_pixels
        )
        return Prepared(preparation.prepare(decoded.rgb), None)
    except BrokenImageError as error:
        return Prepared(None, str(error))


def _view(folder: Path, file: str, least_side_px: int | None) -> Image.Image:
    """Read one of the views; of several, the reason says which it was."""
    try:
        return read_rgb(folder / file, least_side_px=least_side_px)
    except BrokenImageError as error:
        raise BrokenImageError(f"{file}: {error}") from error


def _prepare_all(preparation: Preparation, folder: Path, paths: Sequence[Source]) -> list[Prepared]:
    return [prepare(preparation, path, folder) for path in paths]


def _prepare_elsewhere(
    packed: bytes, needs_torch: bool, folder: Path, paths: Sequence[Source]
) -> list[Prepared]:
    """Do the work of a process, which unpacks the preparation once."""
    _keep_memory()
    return _prepare_all(_unpacked(packed, needs_torch), folder, paths)


@cache
def _unpacked(packed: bytes, needs_torch: bool) -> Preparation:
    if needs_torch:
        import torch

        from streetview_assets.embeddings.encoders.torchvision_shim import (
            make_torchvision_importable,
        )

        torch.set_num_threads(1)
        make_torchvision_importable()
    return cast("Preparation", pickle.loads(packed))


@cache
def _keep_memory() -> None:
    core: Any = Image.core
    core.set_blocks_max(BLOCKS_KEPT)
    np.empty(FREED_ONCE, dtype=np.uint8)
