"""Encoding that is killed goes on where it was: what is on disk is never computed again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.embeddings.embed import LEAST_PER_SHARD, embed_images
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.end_to_end.small_studies import AUTHORITIES, environment, write_study
from streetview_assets_tests.started import programs

IMAGES, KILLS = 1200, 2
WORKERS, BATCH = 2, 32
IN_HAND = 2 * WORKERS * BATCH
"""Images of batches that the workers have begun or finished and nobody has taken yet."""

RUN = """
import dataclasses, os, sys
from pathlib import Path
import polars as pl
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.embed import embed_images
from streetview_assets.study_state.open_study import open_study
from streetview_assets.study_state.checkpoint import Resumption

study, folder, authority, workers, size = sys.argv[1:]
opened, folder = open_study(Path(study)), Path(folder)
images = pl.read_parquet(folder / "images.parquet")
encoder = load_encoder(opened.study.encoder)
computed = os.open(folder / "computed", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def counted(pixels, forward=encoder.forward):
    features = forward(pixels)
    os.write(computed, b"x" * len(pixels))
    return features

resumption = Resumption(opened, "image_embeddings", authority, encoder.identity.fingerprint)
done = resumption.done()
pieces = embed_images(
    dataclasses.replace(encoder, forward=counted), images.join(done, on="image_id", how="anti"),
    folder, authority_code=authority, workers=int(workers), batch_size=int(size),
)
resumption.finish(pieces, done).write_parquet(folder / "vectors.parquet")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """1,200 small images, and the rows of the table `images` that say where they are."""
    rng = np.random.default_rng(4)
    names = [f"{number:04}.jpg" for number in range(IMAGES)]
    (tmp_path / "images").mkdir()
    for name in names:
        pixels = rng.integers(0, 255, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / name)
    images = pl.DataFrame({"image_id": names, "path": names}).with_columns(status=pl.lit("ok"))
    images.write_parquet(tmp_path / "images" / "images.parquet")
    return tmp_path / "images"


@pytest.fixture
def encoder(tmp_path: Path) -> dict:
    """The settings of a network of timm small enough for this, its weights made here."""
    from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable

    make_torchvision_importable()
    import timm
    import torch

    torch.manual_seed(1)
    model = timm.create_model("test_vit", pretrained=False, num_classes=0)
    torch.save(model.state_dict(), tmp_path / "small.pth")
    return {
        "name": "timm:test_vit",
        "checkpoint": str(tmp_path / "small.pth"),
        "precision": "fp32",
    }


def test_killed_again_and_again_no_image_on_disk_is_computed_again(
    folder: Path, encoder: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    opened = open_study(write_study(tmp_path / "study", encoder=encoder))
    (folder / "computed").touch()
    for _ in range(KILLS):
        kept, computed = _kept(opened).height, _computed(folder)
        with _start(opened, folder, tmp_path / "data") as process:
            _wait_until(process, lambda least=kept: _kept(opened).height > least)
            os.kill(process.pid, signal.SIGKILL)
        now = _kept(opened)
        assert now["image_id"].is_unique().all(), "an image on disk was computed again"
        lost = (_computed(folder) - computed) - (now.height - kept)
        assert 0 <= lost < LEAST_PER_SHARD + IN_HAND
        assert now.height < IMAGES
    kept, computed = _kept(opened), _computed(folder)
    with _start(opened, folder, tmp_path / "data") as process:
        assert process.wait(timeout=200) == 0
    assert _computed(folder) - computed == IMAGES - kept.height
    vectors = pl.read_parquet(folder / "vectors.parquet")
    check_contract(TABLES["image_embeddings"], vectors)
    _assert_as_undisturbed(vectors, Encoder(**encoder), folder)


def _start(opened: OpenStudy, folder: Path, data: Path) -> "subprocess.Popen[bytes]":
    arguments = (opened.study.path, folder, AUTHORITIES[0], WORKERS, BATCH)
    return programs.Popen([sys.executable, "-c", RUN, *map(str, arguments)], env=environment(data))


def _wait_until(process: "subprocess.Popen[bytes]", come) -> None:
    end = time.monotonic() + 120
    while not come() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert process.poll() is None, "ended before it was killed"


def _kept(opened: OpenStudy) -> pl.DataFrame:
    """Read the rows that are on disk, whatever is being written beside them."""
    pieces = sorted((opened.root / "cache" / "image_embeddings").rglob("[0-9]*.parquet"))
    assert len({path.parent for path in pieces}) < 2
    return Shards(pieces[0].parent if pieces else opened.root / "none", "image_embeddings").read()


def _computed(folder: Path) -> int:
    """Count the images that went through the network."""
    return (folder / "computed").stat().st_size


def _assert_as_undisturbed(vectors: pl.DataFrame, settings: Encoder, folder: Path) -> None:
    """All images have their vectors; of one in four they are compared."""
    images = pl.read_parquet(folder / "images.parquet")
    assert vectors["image_id"].equals(images["image_id"])
    some = images.gather_every(4)
    pieces = embed_images(
        load_encoder(settings), some, folder, authority_code=AUTHORITIES[0], workers=WORKERS
    )
    expected, vectors = pl.concat(pieces), vectors.gather_every(4)
    assert vectors.drop("embedding").equals(expected.drop("embedding"))
    difference = matrix(vectors["embedding"]) - matrix(expected["embedding"])
    assert np.abs(difference).max() < 1e-5
