"""What computes a network: the same vectors by either engine, each told from the other."""

import importlib.util
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.base import ImageEncoder
from streetview_assets.embeddings.encoders.engines.choice import choose_engine, describe_engine
from streetview_assets.embeddings.encoders.network_encoder import make_network_encoder
from streetview_assets.embeddings.encoders.preprocessing import NetworkInput, ScaleAndCrop
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import EncoderError, StudyError
from streetview_assets.study.embeddings import Encoder
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip

HAS_OPENVINO = importlib.util.find_spec("openvino") is not None
needs_openvino = pytest.mark.skipif(not HAS_OPENVINO, reason="needs the extra `openvino`")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "small.pt"
    write_small_clip(path)
    return path


def encoder_of(clip: Path, engine: str, precision: str = "fp32") -> ImageEncoder:
    return load_encoder(
        Encoder(name=CLIP, checkpoint=clip, options=OPTIONS, engine=engine, precision=precision)
    )


def prepared(encoder: ImageEncoder, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    small = [rng.integers(0, 255, (8, 12, 3), dtype=np.uint8) for _ in range(count)]
    return [encoder.preparation.prepare(Image.fromarray(one).resize((300, 260))) for one in small]


@needs_openvino
@pytest.mark.parametrize(("precision", "cosine"), [("fp32", 1 - 1e-6), ("bf16", 0.9995)])
def test_both_engines_give_the_same_vectors_and_are_told_apart(
    clip: Path, precision: str, cosine: float
) -> None:
    exact = encoder_of(clip, "torch")
    other = encoder_of(clip, "openvino", precision)
    batch = prepared(exact, 5)
    vectors = other.encode(batch)
    assert (vectors * exact.encode(batch)).sum(axis=1).min() > cosine
    alone = np.concatenate([other.encode(batch[row : row + 1]) for row in range(5)])
    assert np.abs(vectors - alone).max() < 1e-5, "an image has one vector in any batch"
    same_format = encoder_of(clip, "torch", precision)
    assert other.identity.precision == same_format.identity.precision == precision
    assert other.identity.fingerprint != same_format.identity.fingerprint, "they never mix"
    assert "OpenVINO 20" in other.identity.library


@needs_openvino
def test_batches_of_several_threads_do_not_touch_each_other(clip: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for number in range(40):
        pixels = rng.integers(0, 255, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:02}.png")
    paths = sorted(path.name for path in tmp_path.glob("*.png"))
    rows = pl.DataFrame({"image_id": paths, "path": paths}).with_columns(status=pl.lit("ok"))
    encoder = encoder_of(clip, "openvino")

    def vectors(**how: int) -> np.ndarray:
        return matrix(
            pl.concat(embed_images(encoder, rows, tmp_path, authority_code="E1", **how))[
                "embedding"
            ]
        )

    assert np.abs(vectors(batch_size=3, workers=4) - vectors(workers=1)).max() < 1e-6


@needs_openvino
def test_auto_takes_the_faster_engine_where_it_computes() -> None:
    assert choose_engine("auto", "cpu", "fp32") == "openvino"
    assert choose_engine("auto", "cpu", "bf16") == "openvino"
    assert choose_engine("auto", "cpu", "fp16") == "torch"
    assert choose_engine("auto", "cuda", "bf16") == choose_engine("auto", "mps", "fp32") == "torch"
    with pytest.raises(StudyError, match=r"encoder\.engine: openvino computes in fp32 or bf16"):
        choose_engine("openvino", "cpu", "fp16")


def test_an_engine_that_is_not_here_is_told_with_the_way_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert choose_engine("auto", "cpu", "bf16") == "torch"
    with pytest.raises(EncoderError, match=r"pip install 'streetview-assets\[openvino\]'"):
        choose_engine("openvino", "cpu", "fp32")
    if not torch.cuda.is_available():
        assert "for a faster one" in describe_engine(Encoder(name="timm:resnet18"))
        assert "faster" not in describe_engine(Encoder(name="timm:resnet18", engine="torch"))


def network(features: Any, engine: str) -> Any:
    step = ScaleAndCrop(size=8, filter=2, shown=(8, 8))
    return make_network_encoder(
        Encoder(name="timm:made", engine=engine, precision="fp32"),
        torch.nn.Flatten(),
        library="made",
        name="made",
        shown=(),
        features=features,
        preparation=NetworkInput(step, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), side_px=8, seen=1.0),
        side_px=(8, 8),
    )


def _unknown_to_it(values: torch.Tensor) -> torch.Tensor:
    return torch.special.bessel_j0(values.flatten(1))


def _other_numbers_each_time(values: torch.Tensor) -> torch.Tensor:
    return torch.rand_like(values).flatten(1) - 0.5


@needs_openvino
@pytest.mark.parametrize(
    ("features", "why"),
    [
        (_unknown_to_it, "OpenVINO cannot compute this network"),
        (_other_numbers_each_time, "OpenVINO computes other vectors than PyTorch"),
    ],
)
def test_a_network_that_it_gets_wrong_is_told_and_left_to_pytorch(
    features: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EncoderError, match=why):
        network(features, "openvino")
    with caplog.at_level(logging.WARNING):
        encoder = network(features, "auto")
    assert encoder.identity.library == "made"
    assert why in caplog.text
    assert "PyTorch computes it" in caplog.text


@needs_openvino
def test_openvino_tells_nobody_that_it_is_used() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from streetview_assets.embeddings.encoders.engines.on_openvino import openvino\n"
            "print([name for name, module in sys.modules.items()"
            " if name.startswith('openvino_telemetry') and module])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]", "its package of statistics is not loaded"
