"""Images into vectors on Ray: which machine does what, and again where one dies, is Ray's affair.

The rows and their files are those of `embed_images` in this process, byte for byte where the same
kind of device computes: batches are cut at the same images.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.embeddings.embed import LEAST_PER_SHARD, images_at_once
from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.ray_cluster import cpus_of_a_task, ray_cluster
from streetview_assets.embeddings.ray_map import as_completed
from streetview_assets.embeddings.ray_tasks import EncodedShard, EncodingJob, encode_shard
from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study.embeddings import Encoder, Engine
from streetview_assets.text.counted import counted

PER_GPU_TASK = 8192
"""Images of a task on a GPU, beside which processes are started that prepare them."""

log = logging.getLogger(__name__)


@dataclass
class WorkerRates:
    """How many images each worker process has encoded, and in how many seconds."""

    done: dict[str, tuple[int, float]] = field(default_factory=dict)

    def add(self, shard: EncodedShard) -> None:
        """Count what a task has done."""
        images, seconds = self.done.get(shard.worker, (0, 0.0))
        self.done[shard.worker] = images + shard.images, seconds + shard.seconds

    def images_a_second(self) -> dict[str, float]:
        """Give the rate of each worker: machine and process."""
        return {
            worker: images / max(seconds, 1e-9)
            for worker, (images, seconds) in sorted(self.done.items())
        }


def embed_on_ray(
    engine: Engine,
    settings: Encoder,
    encoder: ImageEncoder,
    images: pl.DataFrame,
    root: Path,
    shards: Shards,
    *,
    authority_code: str,
    rates: WorkerRates,
    on_progress: OnProgress = untold,
) -> Iterator[pl.DataFrame]:
    """Encode the images of an authority, each shard in a task of Ray that also keeps it.

    Parameters
    ----------
    engine
        Where it is done.
    settings
        The encoder as the study names it; every worker loads its own.
    encoder
        The same, loaded here: workers whose encoder has another identity are refused.
    images
        As for `embed_images`.
    root
        The study's folder of data.
    shards
        Where tasks keep what is finished.
    authority_code
        Code of the authority whose images they are.
    rates
        Counts what each worker does.
    on_progress
        Told how many images are done, and of how many.

    Yields
    ------
    pl.DataFrame
        Rows of the table `image_embeddings`, kept already, in the order in which they are done.

    Raises
    ------
    EngineError
        Where no cluster can be had, or it loses a task again and again.
    """
    readable = images.filter(status="ok").sort("image_id")
    if readable.is_empty():
        return
    workers = max(1, int(cpus_of_a_task(engine)))
    size = settings.batch_size or images_at_once(encoder, readable.height)
    on_gpu = engine.options.get("num_gpus", 0) > 0
    rows = PER_GPU_TASK if on_gpu else math.ceil(LEAST_PER_SHARD / size) * size * workers
    with ray_cluster(engine, root, files=_first_files(readable, root)) as token:
        job = EncodingJob(
            settings=settings,
            fingerprint=encoder.identity.fingerprint,
            root=root,
            token=token,
            authority_code=authority_code,
            shards=shards,
            given_batch_size=settings.batch_size,
            batch_size=size,
            workers=workers,
        )
        done = 0
        tasks = ((job, part) for part in readable.iter_slices(rows))
        for shard in as_completed(engine, encode_shard, tasks):
            rates.add(shard)
            done += shard.images
            on_progress(done, readable.height)
            a_second = shard.images / max(shard.seconds, 1e-9)
            of_all = f"{done} of {counted(readable.height, 'image')}"
            log.info("%s: %s, %.1f a second", shard.worker, of_all, a_second)
            yield from map(shards.piece, shard.files)


def _first_files(images: pl.DataFrame, root: Path) -> list[Path]:
    """Name the first image's file, where it is there, for every machine to look for."""
    path: Any = images["path"].drop_nulls().first()
    first = path if isinstance(path, str) or path is None else next(iter(path), None)
    return [root / first] if first and (root / first).is_file() else []
