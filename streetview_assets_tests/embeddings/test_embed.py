import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest
from PIL import Image

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.study.embeddings import Encoder
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.started import programs


def make_images(folder: Path, count: int) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    for number in range(count):
        pixels = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        image = Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC)
        image.save(folder / f"{number:04}.jpg")
    return pl.DataFrame(
        {
            "image_id": [f"id{number:04}" for number in range(count)],
            "status": ["ok"] * count,
            "path": [f"{number:04}.jpg" for number in range(count)],
        }
    )


def embed(images: pl.DataFrame, folder: Path, **options: object) -> pl.DataFrame:
    encoder = load_encoder(Encoder(name="colour-texture"))
    return pl.concat(embed_images(encoder, images, folder, authority_code="E1", **options))


def test_each_image_is_a_row_with_its_own_vector(tmp_path: Path) -> None:
    images = make_images(tmp_path, 20)
    table = embed(images.sample(fraction=1, shuffle=True, seed=1), tmp_path)
    check_contract(TABLES["image_embeddings"], table)
    assert table["image_id"].to_list() == images["image_id"].to_list()
    encoder = load_encoder(Encoder(name="colour-texture"))
    own = encoder.encode(encoder.prepare(Image.open(tmp_path / "0013.jpg"))[None])
    assert np.array_equal(matrix(table["embedding"])[13], own[0])


@pytest.mark.parametrize("options", [{"batch_size": 3, "workers": 1}, {"batch_size": 7}])
def test_batches_and_workers_do_not_change_vectors(tmp_path: Path, options: dict) -> None:
    images = make_images(tmp_path, 30)
    assert embed(images, tmp_path, **options).equals(embed(images, tmp_path))


def test_many_images_go_through_processes_shard_by_shard(tmp_path: Path) -> None:
    images = make_images(tmp_path, 320)
    told: list[tuple[int, int]] = []
    encoder = load_encoder(Encoder(name="colour-texture"))
    shards = list(
        embed_images(
            encoder,
            images,
            tmp_path,
            authority_code="E1",
            batch_size=50,
            workers=2,
            on_progress=lambda done, total: told.append((done, total)),
        )
    )
    assert [shard.height for shard in shards] == [300, 20]
    assert told == [(done, 320) for done in (*range(50, 301, 50), 320)]
    assert pl.concat(shards).equals(embed(images, tmp_path, workers=1))


def test_a_broken_image_is_a_row_with_its_reason(tmp_path: Path) -> None:
    images = make_images(tmp_path, 6)
    (tmp_path / "0001.jpg").write_bytes(b"no image at all")
    whole = (tmp_path / "0002.jpg").read_bytes()
    (tmp_path / "0002.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "0003.jpg").unlink()
    images = images.with_columns(pl.when(pl.col("image_id") != "id0004").then("path").alias("path"))
    table = embed(images, tmp_path)
    check_contract(TABLES["image_embeddings"], table)
    failed = table.filter(status="failed")
    assert failed["image_id"].to_list() == ["id0001", "id0002", "id0003", "id0004"]
    expected = ("not a JPEG", "truncated", "No such file", "not kept")
    for reason, words in zip(failed["error"], expected, strict=True):
        assert words in reason
        assert str(tmp_path) not in reason
    assert failed["embedding"].null_count() == 4
    ok = table.filter(status="ok")
    assert np.linalg.norm(matrix(ok["embedding"]), axis=1) == pytest.approx([1, 1])


def test_no_images_give_no_shards(tmp_path: Path) -> None:
    encoder = load_encoder(Encoder(name="colour-texture"))
    images = make_images(tmp_path, 2).with_columns(status=pl.lit("failed"))
    assert not list(embed_images(encoder, images, tmp_path, authority_code="E1"))


def test_an_image_lying_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    images = make_images(tmp_path, 2)
    upright = Image.open(tmp_path / "0000.jpg")
    upright.save(tmp_path / "0000.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "0001.png", exif=exif)
    images = images.with_columns(path=pl.Series(["0000.png", "0001.png"]))
    first, second = matrix(embed(images, tmp_path)["embedding"])
    assert np.array_equal(first, second)


ENDLESS = """
import sys, time
from pathlib import Path
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.encoders.image_loading import prepare_images
from streetview_assets.study.embeddings import Encoder
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    pieces = prepare_images(
        load_encoder(Encoder(name="colour-texture")), ["0000.jpg"] * 300, folder, ahead=8, workers=2
    )
    next(pieces)
    print("working", flush=True)
    time.sleep(60)
"""


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    make_images(tmp_path, 1)
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    with programs.Brief(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
        os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(_alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if _alive(child)]


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
