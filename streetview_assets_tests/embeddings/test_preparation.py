"""JPEGs are read at reduced scale only where that does not show in the vector."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetview_assets.embeddings.encoders.image_loading import prepare, prepare_content
from streetview_assets.embeddings.encoders.preprocessing import NetworkInput, ScaleAndCrop
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.image_decoding import read_rgb
from streetview_assets.study.embeddings import Encoder

SHARED = Path(__file__).parents[3] / "shared"
MOBILENET = SHARED / "weights" / "mobilenet_timm.safetensors"
PHOTOS = SHARED / "data" / "photos" / "opensfm"
STATED_COSINE = 0.998


@pytest.mark.parametrize(
    ("size", "least", "read"),
    [
        ((640, 640), 448, (640, 640)),
        ((1024, 768), 448, (1024, 768)),
        ((1200, 900), 448, (600, 450)),
        ((900, 1200), 448, (450, 600)),
        ((4000, 2000), 448, (1000, 500)),
        ((640, 640), None, (640, 640)),
    ],
)
def test_a_jpeg_is_read_no_smaller_than_what_does_not_show(
    size: tuple[int, int], least: int | None, read: tuple[int, int], tmp_path: Path
) -> None:
    Image.new("RGB", size, "teal").save(tmp_path / "one.jpg")
    assert read_rgb(tmp_path / "one.jpg", least_side_px=least).size == read


def test_colour_texture_sees_every_pixel(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (900, 900, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.jpg")
    encoder = load_encoder(Encoder(name="colour-texture"))
    with Image.open(tmp_path / "one.jpg") as image:
        expected = encoder.preparation.prepare(image)
    assert np.array_equal(prepare(encoder, "one.jpg", tmp_path).values, expected)


def test_an_image_that_would_fill_the_memory_when_scaled_is_told_of() -> None:
    scaled = ScaleAndCrop(256, Image.Resampling.BILINEAR, (224, 224))
    network = NetworkInput(scaled, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 224, 0.875)
    for size, reason in (
        ((1, 60_000), "one side is more than 50 times the other"),
        ((9, 450), None),
    ):
        content = io.BytesIO()
        Image.new("RGB", size).save(content, "PNG")
        prepared = prepare_content(network, content.getvalue(), 1_000_000)
        assert prepared.error == reason
    assert prepared.values is not None
    assert prepared.values.shape == (1, 224, 224, 3)


@pytest.mark.skipif(
    not (MOBILENET.exists() and PHOTOS.exists()), reason="needs ../shared/weights and its photos"
)
def test_reduced_reading_keeps_the_vector_within_the_stated_cosine(tmp_path: Path) -> None:
    settings = Encoder(
        name="timm:mobilenetv1_100",
        checkpoint=MOBILENET,
        options={"pad_type": "same"},
        precision="fp32",
    )
    encoder = load_encoder(settings)
    for number, path in enumerate(sorted(PHOTOS.glob("*.jpg"))[::8]):
        with Image.open(path) as photo:
            photo.convert("RGB").resize((1366, 1024)).save(tmp_path / f"{number}.jpg", quality=88)
    paths = sorted(tmp_path.glob("*.jpg"))
    least = encoder.preparation.least_side_px
    assert {read_rgb(path, least_side_px=least).size for path in paths} == {(683, 512)}
    reduced = encoder.encode(
        [prepare(encoder.preparation, path.name, tmp_path).values for path in paths]
    )
    whole = encoder.encode([encoder.preparation.prepare(read_rgb(path)) for path in paths])
    cosines = (reduced * whole).sum(axis=1)
    assert cosines.min() > STATED_COSINE
    assert cosines.max() < 1, "nothing was read at reduced scale"
