"""What Ray costs beside the work itself: the same images in process and on a Ray of this machine.

`python -m pytest -s streetview_assets_tests/benchmarks/bench_ray.py`, with MobileNet of
`../shared/weights` on its photos. CPU seconds of this process and of all beneath it, so that what
else the machine does falls on neither; `RAY_BENCH_IMAGES` says how many, 10,000 where it does not.
"""

import os
import signal
import time
from pathlib import Path

import polars as pl
import psutil
import pytest
from PIL import Image, ImageOps

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.ray_embed import WorkerRates, embed_on_ray
from streetview_assets.lake.checkpoint_shards import Shards, latest
from streetview_assets.study.embeddings import Encoder, Engine
from streetview_assets_tests.embeddings.test_on_ray import engine  # noqa: F401

SHARED = Path(__file__).parents[3] / "shared"
WEIGHTS = SHARED / "weights" / "mobilenet_timm.safetensors"
PHOTOS = SHARED / "data" / "photos" / "opensfm"
IMAGES = int(os.environ.get("RAY_BENCH_IMAGES", "10000"))
ON_MACHINES = 3_000
MOST_OVERHEAD = 0.1
SETTINGS = {
    "name": "timm:mobilenetv1_100",
    "checkpoint": WEIGHTS,
    "options": {"pad_type": "same"},
    "precision": "fp32",
}


def bench_overhead(tmp_path: Path) -> None:
    """Starting, placing, keeping and ending cost less than a tenth of the encoding itself."""
    if not (WEIGHTS.exists() and PHOTOS.exists()):
        pytest.skip("needs ../shared/weights and its photos")
    images, settings = photos(tmp_path), Encoder(**SETTINGS)
    encoder, of_one = load_encoder(settings), {"authority_code": "E1"}
    began, before = time.monotonic(), cpu_seconds()
    inside = pl.concat(embed_images(encoder, images, tmp_path, **of_one))
    alone_s, alone_cpu_s = time.monotonic() - began, cpu_seconds() - before

    cpu_s = []
    began, before = time.monotonic(), cpu_seconds()
    made = embed_on_ray(
        Engine(name="ray"),
        settings,
        encoder,
        images,
        tmp_path,
        Shards(tmp_path / "shards", "image_embeddings"),
        rates=(rates := WorkerRates()),
        on_progress=lambda done, total: cpu_s.append(cpu_seconds() - before),
        **of_one,
    )
    vectors = latest([*made], "image_embeddings")
    ray_s, ray_cpu_s = time.monotonic() - began, max(cpu_s[-1], cpu_seconds() - before)
    print(f"\n{IMAGES} images, {encoder.identity.model}, load {os.getloadavg()[0]:.0f}")
    print("| | s | CPU s | CPU ms an image |\n|---|---|---|---|")
    print(f"| in process | {alone_s:.0f} | {alone_cpu_s:.0f} | {alone_cpu_s / IMAGES * 1e3:.1f} |")
    print(f"| on Ray | {ray_s:.0f} | {ray_cpu_s:.0f} | {ray_cpu_s / IMAGES * 1e3:.1f} |")
    print({worker: round(rate, 1) for worker, rate in rates.images_a_second().items()})
    overhead = ray_cpu_s / alone_cpu_s - 1
    print(f"overhead {overhead:.1%}")
    assert vectors.equals(latest([inside], "image_embeddings"))
    assert overhead < MOST_OVERHEAD or IMAGES < 10_000


def bench_machines(tmp_path: Path, engine: Engine) -> None:  # noqa: F811
    """Vectors are the same with three machines as in process, and with one of those killed."""
    if not (WEIGHTS.exists() and PHOTOS.exists()):
        pytest.skip("needs ../shared/weights and its photos")
    images, settings = photos(tmp_path, ON_MACHINES), Encoder(**SETTINGS)
    encoder, of_one = load_encoder(settings), {"authority_code": "E1"}
    inside = pl.concat(embed_images(encoder, images, tmp_path, **of_one))
    expected = latest([inside], "image_embeddings")
    for is_killed in (False, True):
        shards = Shards(tmp_path / f"killed {is_killed}", "image_embeddings")
        rates, killed = WorkerRates(), []

        def kill_once(done: int, total: int, rates=rates, killed=killed, wanted=is_killed) -> None:
            for worker in rates.done if wanted and not killed and total - done > total / 4 else ():
                raylet = psutil.Process(int(worker.split()[-1])).parent()
                if raylet and "--head" not in raylet.cmdline():
                    killed.append(raylet.pid)
                    os.kill(raylet.pid, signal.SIGKILL)
                    break

        told = {"rates": rates, "on_progress": kill_once, **of_one}
        made = embed_on_ray(engine, settings, encoder, images, tmp_path, shards, **told)
        assert latest([*made], "image_embeddings").equals(expected)
        assert bool(killed) == is_killed
        rows, at_work = shards.read().height, sum(bool(one) for one in rates.done.values())
        print(f"\n{at_work} workers, {len(killed)} killed: {rows - images.height} encoded twice")


def photos(folder: Path, count: int = IMAGES) -> pl.DataFrame:
    """Cut 40 photos to 640 × 640, and name them again and again."""
    paths = sorted(PHOTOS.glob("*.jpg"))[:40]
    for number, path in enumerate(paths):
        with Image.open(path) as opened:
            photo = ImageOps.exif_transpose(opened).convert("RGB")
        ImageOps.fit(photo, (640, 640)).save(folder / f"{number}.jpg", quality=88)
    rows = {
        "image_id": [f"{number:06}" for number in range(count)],
        "path": [f"{number % len(paths)}.jpg" for number in range(count)],
    }
    return pl.DataFrame(rows).with_columns(status=pl.lit("ok"))


def cpu_seconds() -> float:
    """CPU seconds of this process and of all that live beneath it."""
    everyone = [psutil.Process(), *psutil.Process().children(recursive=True)]
    times = [process.cpu_times() for process in everyone if process.is_running()]
    return sum(one.user + one.system for one in times)
