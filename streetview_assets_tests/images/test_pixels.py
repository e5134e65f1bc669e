import io
import struct
import tracemalloc
import zlib

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageFilter

from streetview_assets.images.quality_metrics import BrokenImageError, WrongSizeError, read_pixels


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def street(photos) -> Image.Image:
    """One real photo."""
    return Image.open(photos / "mapillary_sequence_santa_clara" / "0.jpg").convert("RGB")


@pytest.fixture
def smooth() -> Image.Image:
    """An image of slow waves of colour, as a stand-in for a scene."""
    y, x = np.mgrid[0:240, 0:320] / 40
    waves = np.stack([np.sin(x), np.cos(y), np.sin(x + y)], axis=-1)
    return Image.fromarray(np.rint(127 + 100 * waves).astype(np.uint8))


def test_colours_are_those_that_numpy_finds_in_the_whole_image(smooth):
    measures = read_pixels(png(smooth)).measures
    values = np.asarray(smooth).reshape(-1, 3) / 255
    for i, channel in enumerate(("red", "green", "blue")):
        assert measures[f"{channel}_mean"] == pytest.approx(values[:, i].mean(), abs=0.005)
        assert measures[f"{channel}_sd"] == pytest.approx(values[:, i].std(), abs=0.01)
    luma = values @ (0.299, 0.587, 0.114)
    assert measures["brightness"] == pytest.approx(luma.mean(), abs=0.005)


@pytest.mark.parametrize("size", [(320, 320), (333, 251), (63, 40), (1, 1), (1, 700), (900, 2)])
def test_an_image_of_one_colour_has_no_spread_and_no_sharpness(size):
    pixels = read_pixels(png(Image.new("RGB", size, (10, 200, 31))))
    assert pixels.measures["green_sd"] == 0
    assert pixels.measures["sharpness"] == 0
    assert pixels.measures["red_mean"] == pytest.approx(10 / 255)
    assert (pixels.plain_colour, pixels.plain_share, pixels.flat_share) == ((10, 200, 31), 1, 1)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_every_mode_of_a_png_is_measured(smooth, mode):
    pixels = read_pixels(png(smooth.convert(mode)))
    assert 0 < pixels.measures["brightness"] < 1
    assert len(pixels.measures["perceptual_hash"]) == 16


def test_the_hash_is_that_of_imagehash_but_for_a_bit_or_two(photos):
    for path in sorted(photos.rglob("*.jpg"))[::12]:
        with Image.open(path) as image:
            whole = imagehash.phash(image)
        found = read_pixels(path.read_bytes()).measures["perceptual_hash"]
        assert imagehash.hex_to_hash(found) - whole <= 2


def test_sharpness_is_the_variance_of_the_laplacian(street):
    # Small enough already, so that nothing is reduced and scipy can be asked about the same pixels.
    from scipy.ndimage import laplace

    image = street.resize((224, 168))
    luma = np.asarray(image.convert("L"), dtype=float)
    expected = laplace(luma)[1:-1, 1:-1].var()
    assert read_pixels(png(image)).measures["sharpness"] == pytest.approx(expected, rel=1e-4)


def test_each_blurring_makes_a_photo_less_sharp(street):
    radii = (0, 1, 2, 4)
    blurred = [jpeg(street.filter(ImageFilter.GaussianBlur(radius))) for radius in radii]
    found = [read_pixels(content).measures["sharpness"] for content in blurred]
    assert found == sorted(found, reverse=True)
    assert found[0] > 100 > found[3]


def test_sharpness_says_the_same_of_a_photo_at_any_size(photos):
    large = Image.open(photos / "opensfm" / "lund_13.jpg").convert("RGB")
    found = [
        read_pixels(jpeg(large.resize((px, px * 3 // 4), Image.Resampling.LANCZOS), 95)).measures
        for px in (320, 512, 640, 1024)
    ]
    sharpness = [measures["sharpness"] for measures in found]
    assert max(sharpness) < 1.5 * min(sharpness)


def test_a_darkened_photo_is_darker(street):
    half = street.point(lambda value: value // 2)
    before, after = (read_pixels(jpeg(image)).measures for image in (street, half))
    assert after["brightness"] == pytest.approx(before["brightness"] / 2, abs=0.01)


def test_the_commonest_colour_is_found_among_others():
    image = Image.new("RGB", (320, 320), (90, 140, 30))
    image.paste((200, 10, 10), (0, 0, 320, 80))
    pixels = read_pixels(jpeg(image))
    assert pixels.plain_colour == pytest.approx((90, 140, 30), abs=3)
    assert pixels.plain_share == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_thirty_thousand_by_thirty_thousand_pixels_are_refused_unopened(kind):
    content = {"png": _bomb, "webp": _webp_bomb}[kind](30_000, 30_000)
    tracemalloc.start()
    with pytest.raises(WrongSizeError, match="more than 100 megapixels"):
        read_pixels(content)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_just_too_many_pixels_are_refused_too():
    # Below the number at which Pillow itself refuses.
    with pytest.raises(WrongSizeError):
        read_pixels(_bomb(10_000, 10_001))


def test_half_a_file_is_broken_and_not_too_large(smooth):
    with pytest.raises(BrokenImageError, match="truncated") as raised:
        read_pixels(jpeg(smooth)[:2000])
    assert not isinstance(raised.value, WrongSizeError)


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(3 * width))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def _webp_bomb(width: int, height: int) -> bytes:
    """A WebP of a few bytes: a huge canvas, of which one small frame is painted."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

    def three_bytes(*numbers: int) -> bytes:
        return b"".join(struct.pack("<I", number)[:3] for number in numbers)

    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "WEBP", lossless=True)
    frame = three_bytes(0, 0, 15, 15, 100) + b"\0" + buffer.getvalue()[12:]
    content = (
        b"WEBP"
        + chunk(b"VP8X", b"\2\0\0\0" + three_bytes(width - 1, height - 1))
        + chunk(b"ANIM", bytes(6))
        + chunk(b"ANMF", frame)
    )
    return b"RIFF" + struct.pack("<I", len(content)) + content
