"""Many scenes drawn by several processes; the images do not depend on how many there are."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from streetview_assets.images.providers.synthetic.painting import View
from streetview_assets.images.providers.synthetic.scene import scene_jpeg
from streetview_assets.processes.in_order import in_order
from streetview_assets.processes.workers import worker_pool

Scene = tuple[str, date, float]
"""panorama_id, captured_on, heading_deg."""

_SERIAL_UP_TO = 100
_BATCH = 24
_BATCHES_AHEAD = 4


def scene_jpegs(scenes: Sequence[Scene], view: View, workers: int) -> Iterator[bytes]:
    """Draw scenes in their order, as JPEG; few of them, or with one worker, in this process.

    Raises
    ------
    ValueError
        If a panorama id is none of a synthetic panorama.
    """
    if workers == 1 or len(scenes) <= _SERIAL_UP_TO or not _workers_can_start():
        return iter(scene_jpeg(*scene, view) for scene in scenes)
    return _drawn_by_workers(scenes, view, workers)


def _drawn_by_workers(scenes: Sequence[Scene], view: View, workers: int) -> Iterator[bytes]:
    batches = (scenes[start : start + _BATCH] for start in range(0, len(scenes), _BATCH))
    draw = partial(_draw_batch, view=view)
    with worker_pool(workers) as pool:
        # A few batches ahead of whoever takes the images, not all of them in memory.
        for jpegs in in_order(pool, draw, batches, ahead=workers * _BATCHES_AHEAD):
            yield from jpegs


def _draw_batch(scenes: Sequence[Scene], view: View) -> list[bytes]:
    return [scene_jpeg(*scene, view) for scene in scenes]


def _workers_can_start() -> bool:
    # A spawned process imports the program's main module anew; one typed into stdin has no file.
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    return file is None or main.__spec__ is not None or Path(file).is_file()
