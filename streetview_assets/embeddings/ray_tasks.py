"""What runs in Ray's worker processes, on whichever machine: imported there, not sent."""

import os
import pickle
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.imported.load import ImportedVectors
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.errors import EngineError
from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.study.embeddings import Encoder


@dataclass(frozen=True)
class EncodingJob:
    """What every shard of a job has in common.

    Attributes
    ----------
    settings, fingerprint
        The encoder, and the fingerprint of its identity where the job was begun.
    root, token
        The study's folder of data, and a file in it that this job has written.
    authority_code
        Code of the authority whose images they are.
    shards
        Where what is finished is kept.
    given_batch_size
        Images at once, where the study says.
    batch_size
        Images at once on the cores of a machine.
    workers
        Cores that a task may use.
    """

    settings: Encoder
    fingerprint: str
    root: Path
    token: Path
    authority_code: str
    shards: Shards
    given_batch_size: int | None
    batch_size: int
    workers: int


@dataclass(frozen=True)
class EncodedShard:
    """What a task has done: who did it, how many images in how long, and the files of its rows."""

    worker: str
    images: int
    seconds: float
    files: tuple[str, ...]


def encode_shard(job: EncodingJob, images: pl.DataFrame) -> EncodedShard:
    """Encode some images as in process, and keep their rows in the study's folder.

    Parameters
    ----------
    job
        What is to be done with them.
    images
        Rows of the table `images`, or strips.

    Raises
    ------
    EngineError
        Where this machine does not see the study's folder, or its encoder is another.
    """
    if missing := first_missing([job.token]):
        raise EngineError(not_seen(socket.gethostname(), missing))
    encoder = _loaded(pickle.dumps(job.settings))
    if encoder.identity.fingerprint != job.fingerprint:
        identity = encoder.identity
        raise EngineError(
            f"{socket.gethostname()}: the encoder there is {identity.library} in "
            f"{identity.precision} on {encoder.device}, and another where the run was begun, so "
            "that vectors would not compare. Install the same versions on all machines, and give "
            "`encoder.precision`, which otherwise goes by the device"
        )
    began = time.monotonic()
    pieces = embed_images(
        encoder,
        images,
        job.root,
        authority_code=job.authority_code,
        batch_size=job.batch_size if encoder.computes_on_cores else job.given_batch_size,
        workers=job.workers,
    )
    files = tuple(job.shards.append(piece) for piece in pieces)
    worker = f"{socket.gethostname()} {os.getpid()}"
    return EncodedShard(worker, images.height, time.monotonic() - began, files)


def numbered(work: Callable[[Any], Any], number: int, part: Any) -> tuple[int, Any]:
    """Do a work for one of its parts, and say for which.

    Parameters
    ----------
    work
        What is called.
    number, part
        Of the part, and what the work is called with.
    """
    return number, work(part)


def first_missing(files: Sequence[Path]) -> Path | None:
    """Find the first file that this machine does not see; None where it sees all."""
    return next((file for file in files if not file.is_file()), None)


def not_seen(machine: str, file: Path) -> str:
    """Say that a machine does not see a file that it has to see, and what can be done."""
    return (
        f"{machine} does not see {file}: the study's folder and its images must lie under one "
        "path that all machines of the Ray cluster see, as of NFS. Mount it there, or set "
        "STREETVIEW_DATA to a folder that all of them see"
    )


@lru_cache(maxsize=1)
def _loaded(packed: bytes) -> ImageEncoder:
    """Load an encoder once a process."""
    encoder = load_encoder(pickle.loads(packed))
    assert not isinstance(encoder, ImportedVectors), "nothing is computed for imported vectors"
    return encoder
