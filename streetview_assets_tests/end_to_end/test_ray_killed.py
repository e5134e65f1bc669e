"""Encoding on a Ray of this machine: killed, it leaves nobody, and goes on where it was."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest
from PIL import Image

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.lake.checkpoint_shards import Shards, latest
from streetview_assets.study.embeddings import Encoder
from streetview_assets_tests.started import programs

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra `ray`")
IMAGES, FILES = 1100, 10

RUN = """
import sys
from pathlib import Path
import polars as pl
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.ray_embed import WorkerRates, embed_on_ray
from streetview_assets.lake.checkpoint_shards import Shards, latest
from streetview_assets.study.embeddings import Encoder, Engine

if __name__ == "__main__":
    folder, settings = Path(sys.argv[1]), Encoder.model_validate_json(sys.argv[2])
    shards = Shards(folder / "cache" / "shards", "image_embeddings")
    done, images = shards.read(), pl.read_parquet(folder / "images.parquet")
    made = embed_on_ray(
        Engine(name="ray"), settings, load_encoder(settings),
        images.join(done, on="image_id", how="anti"), folder, shards,
        authority_code="E1", rates=WorkerRates(),
    )
    latest([done, *made], "image_embeddings").write_parquet(folder / "vectors.parquet")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(4)
    for number in range(FILES):
        pixels = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.jpg")
    names = [f"{number:04}" for number in range(IMAGES)]
    paths = [f"{number % FILES}.jpg" for number in range(IMAGES)]
    images = pl.DataFrame({"image_id": names, "path": paths}).with_columns(status=pl.lit("ok"))
    images.write_parquet(tmp_path / "images.parquet")
    return tmp_path


@pytest.fixture
def settings(tmp_path: Path) -> Encoder:
    """A small network of timm, its weights made here."""
    from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable

    make_torchvision_importable()
    import timm
    import torch

    torch.manual_seed(1)
    model = timm.create_model("test_vit", pretrained=False, num_classes=0)
    torch.save(model.state_dict(), tmp_path / "small.pth")
    checkpoint = tmp_path / "small.pth"
    return Encoder(name="timm:test_vit", checkpoint=checkpoint, precision="fp32", batch_size=32)


def test_killed_it_leaves_nobody_and_goes_on(folder: Path, settings: Encoder) -> None:
    shards = Shards(folder / "cache" / "shards", "image_embeddings")
    with _start(folder, settings) as process:
        _wait_until(process, lambda: shards.folder.is_dir() and not shards.read().is_empty())
        others = psutil.Process(process.pid).children(recursive=True)
        addresses = {
            listening.laddr.ip
            for one in (*others, psutil.Process(process.pid))
            for listening in one.net_connections("tcp")
            if listening.status == psutil.CONN_LISTEN
        }
        os.kill(process.pid, signal.SIGKILL)
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}, "others can reach it"
    _, alive = psutil.wait_procs(others, timeout=15)
    assert not alive
    kept = shards.read()
    assert 0 < kept.height < IMAGES
    with _start(folder, settings) as process:
        assert process.wait(timeout=240) == 0
    on_disk = shards.read()
    assert on_disk["image_id"].is_unique().all(), "an image on disk was computed again"
    expected = pl.concat(embed_images(load_encoder(settings), _images(folder), folder, **OF_ALL))
    vectors = pl.read_parquet(folder / "vectors.parquet")
    assert vectors.equals(latest([expected], "image_embeddings"))
    left = Path(min(tempfile.gettempdir(), "/tmp", key=len)).glob("sv-ray-*/process")
    assert str(process.pid) not in " ".join(path.read_text() for path in left)


OF_ALL = {"authority_code": "E1", "batch_size": 32}


def _images(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "images.parquet")


def _start(folder: Path, settings: Encoder) -> "subprocess.Popen[bytes]":
    script = folder / "run.py"
    script.write_text(RUN)
    return programs.Popen([sys.executable, str(script), str(folder), settings.model_dump_json()])


def _wait_until(process: "subprocess.Popen[bytes]", come) -> None:
    end = time.monotonic() + 240
    while not come() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert process.poll() is None, "ended before it was killed"
