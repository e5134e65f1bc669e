"""Every kind, mode and depth of image becomes the same 8-bit RGB, wherever it is opened."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import streetview_assets
from streetview_assets.image_decoding import BrokenImageError, as_rgb, decode_image, read_rgb
from streetview_assets.images.contact_sheet import tile
from streetview_assets.images.quality_metrics import read_pixels
from streetview_assets.images.thumbnails import keep_thumbnail

HEIC = Path(__file__).with_name("one.heic")
GREY = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
"""A ramp from black to white, 64 × 48."""

OUR_OWN_DRAWINGS = {
    "figures.py",
    "report/figures.py",
    "cli/show/show_sheet.py",
}


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def ramp_16_bit() -> Image.Image:
    return Image.fromarray(GREY.astype(np.uint16) << 8 | 0x7F)


def half_transparent(mode: str) -> Image.Image:
    """Black on the left, and black that nobody can see on the right."""
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 48))
    return image.convert(mode)


def test_16_bit_grey_is_as_bright_as_8_bit_grey():
    eight = read_pixels(saved(Image.fromarray(GREY)))
    sixteen = read_pixels(saved(ramp_16_bit()))
    assert sixteen.measures == eight.measures


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bit_grey_of_either_byte_order_is_scaled(order):
    values = np.array([[0, 255, 256, 32768, 65535]], dtype=order)
    mode = {"<u2": "I;16", ">u2": "I;16B"}[order]
    image = Image.frombytes(mode, (5, 1), values.tobytes())
    assert [pixel[0] for pixel in np.asarray(as_rgb(image))[0].tolist()] == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_numbers_of_a_range_that_is_not_told_are_no_colours(mode):
    with pytest.raises(BrokenImageError, match="nothing tells which of them is white"):
        as_rgb(Image.new(mode, (4, 4), 300))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_is_white(mode):
    pixels = np.asarray(as_rgb(half_transparent(mode)))
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[0, -1].tolist() == [255, 255, 255]


def test_a_palette_with_a_transparent_colour_shows_the_page_there():
    image = Image.new("P", (4, 1))
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putdata([0, 1, 1, 0])
    rgb = decode_image(saved(image, transparency=1)).rgb
    assert np.asarray(rgb)[0].tolist() == [[10, 20, 30], [255] * 3, [255] * 3, [10, 20, 30]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV", "LAB"])
def test_every_mode_keeps_black_and_white_apart(mode):
    image = Image.new("RGB", (64, 48))
    image.paste((255, 255, 255), (0, 0, 32, 48))
    pixels = np.asarray(as_rgb(image.convert(mode) if mode != "LAB" else _in_lab(image)))
    assert pixels[0, 0].min() > 250
    assert pixels[0, -1].max() < 5


def _in_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    return ImageCms.applyTransform(
        image,
        ImageCms.buildTransform(
            ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
        ),
    )


def test_heic_and_avif_are_read():
    red_and_blue = decode_image(HEIC.read_bytes())
    assert (red_and_blue.suffix, red_and_blue.width_px, red_and_blue.height_px) == ("heic", 64, 48)
    assert red_and_blue.rgb.getpixel((5, 5)) == pytest.approx((200, 40, 40), abs=8)
    assert read_pixels(HEIC.read_bytes()).suffix == "heic"
    avif = decode_image(saved(Image.new("RGB", (64, 48), (200, 40, 40)), "AVIF"))
    assert (avif.suffix, avif.rgb.size) == ("avif", (64, 48))


@pytest.mark.parametrize(
    "content", [b"\0\0\0\x18ftypheic" + bytes(100), b"\0\0\0\x18ftypavif" + bytes(100), b"GIF89a"]
)
def test_the_head_of_a_kind_alone_is_no_image(content):
    with pytest.raises(BrokenImageError):
        decode_image(content)


def test_all_who_show_an_image_see_the_same(tmp_path):
    path = tmp_path / "grey.png"
    path.write_bytes(saved(ramp_16_bit()))
    expected = GREY.mean()
    thumbnail = keep_thumbnail(tmp_path, "abc", path)
    seen = (
        read_rgb(path),
        tile((path,), 64).crop((0, 8, 64, 56)),
        Image.open(tmp_path / thumbnail),
    )
    for image in seen:
        assert np.asarray(image).mean() == pytest.approx(expected, abs=2)


def test_broken_exif_turns_no_image_away(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(
        saved(Image.new("RGB", (64, 48)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    )
    assert read_rgb(path).size == (64, 48)


def test_images_of_others_are_opened_in_one_place_only():
    package = Path(streetview_assets.__file__).parent
    opening = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\bImage\.open\(", path.read_text(encoding="utf-8"))
    }
    assert opening - OUR_OWN_DRAWINGS == {"image_decoding.py"}
