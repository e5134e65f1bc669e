import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streetview_assets.images.providers.google import GREY_TILE, is_grey_tile
from streetview_assets.images.quality_metrics import read_pixels


def is_tile(image: Image.Image, quality: int = 85) -> bool:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return is_grey_tile(read_pixels(buffer.getvalue()))


def tile(px: int) -> Image.Image:
    """A tile such as the service gives: flat grey, a line of darker grey text in the middle."""
    image = Image.new("RGB", (px, px), GREY_TILE)
    draw = ImageDraw.Draw(image)
    text = "Sorry, we have no imagery here."
    left = (px - draw.textlength(text)) / 2
    draw.text((left, px / 2 - 6), text, fill=(118, 118, 116))
    return image


def foggy(px: int, *, grain: float, shade: float) -> Image.Image:
    """A scene in fog, or a pale wall: the tile's grey, with a camera's grain and a slow shade."""
    grains = np.random.default_rng(1).normal(0, grain, (px, px, 1))
    shades = np.linspace(-shade, shade, px)[:, None, None]
    values = np.array(GREY_TILE) + grains + shades
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("px", [160, 320, 640])
@pytest.mark.parametrize("quality", [40, 75, 95])
def test_the_tile_is_told_at_every_size_and_compression(px, quality):
    assert is_tile(tile(px), quality)


@pytest.mark.parametrize("quality", [75, 95])
@pytest.mark.parametrize(("grain", "shade"), [(2, 2), (0, 4), (1.5, 3), (4, 20)])
def test_fog_of_the_same_grey_is_no_tile(grain, shade, quality):
    assert not is_tile(foggy(320, grain=grain, shade=shade), quality)


def test_a_flat_image_of_another_grey_is_no_tile():
    assert not is_tile(Image.new("RGB", (320, 320), (240, 240, 240)))


def test_a_scene_under_a_sky_of_the_same_grey_is_no_tile():
    image = tile(320)
    image.paste((60, 60, 60), (0, 210, 320, 320))
    assert not is_tile(image)


def test_no_real_photo_is_a_tile(photos):
    paths = sorted(photos.rglob("*.jpg"))[::4]
    assert not [path.name for path in paths if is_grey_tile(read_pixels(path.read_bytes()))]
