import time
from itertools import accumulate

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from streetview_assets.embeddings.encoders.colour_texture import DIMENSION, PARTS, describe
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import unit
from streetview_assets.errors import StudyError
from streetview_assets.study.embeddings import Encoder

ENDS = list(accumulate(PARTS.values()))
PLACE = {name: slice(end - PARTS[name], end) for name, end in zip(PARTS, ENDS, strict=True)}


def street(side: int = 320, *, windows: int = 0, wall: str = "#a05040") -> Image.Image:
    image = Image.new("RGB", (side, side), "#88aadd")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, side * 0.3, side, side * 0.7), fill=wall)
    draw.rectangle((0, side * 0.7, side, side), fill="#606060")
    for number in range(windows):
        left = side * (0.03 + number / windows)
        box = (left, side * 0.4, left + side * 0.06, side * 0.55)
        draw.rectangle(box, fill="#e8e8f0", outline="#202020")
    return image


def vector(image: Image.Image) -> np.ndarray:
    return unit(describe(image)[None])[0]


def test_every_number_has_its_place() -> None:
    assert DIMENSION == 516
    assert describe(street()).shape == (DIMENSION,)


@pytest.mark.parametrize("size", [(256, 256), (320, 320), (640, 640), (640, 400), (90, 60)])
def test_a_scene_is_much_the_same_in_any_size(size: tuple[int, int]) -> None:
    shown = vector(street(960, windows=8).resize(size, Image.Resampling.LANCZOS))
    assert np.isfinite(shown).all()
    assert shown @ vector(street(960, windows=8)) > 0.95


def test_windows_change_edges_and_texture_where_the_facade_is() -> None:
    without, with_windows = describe(street()), describe(street(windows=8))
    edges = (with_windows - without)[PLACE["edge_density"]].reshape(6, 4, 2)
    assert (edges[2:4, :, 0].sum(axis=1) > 0.05).all()
    assert np.abs(edges[[0, 5]]).max() < 1e-6
    texture = (with_windows - without)[PLACE["texture"]].reshape(6, 4, 3)
    assert texture[2:4].min() >= 0
    assert texture[2:4].max() > 0.05


def test_a_wall_of_another_colour_changes_colour_and_not_the_texture_of_the_sky() -> None:
    red, green = describe(street()), describe(street(wall="#50a040"))
    grid = (green - red)[PLACE["colour_grid"]].reshape(6, 4, 4)
    assert (grid[2:4, :, 2] < -0.1).all()
    assert np.abs(grid[[0, 5]]).max() < 1e-6
    histogram = (green - red)[PLACE["colour_histogram"]].reshape(3, 20)
    assert np.abs(histogram[1, :12]).max() > 0.1


def test_blur_lowers_the_finest_texture_most() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (192, 192, 3), dtype=np.uint8)
    sharp = Image.fromarray(noise)
    texture = (
        describe(sharp)[PLACE["texture"]]
        - describe(sharp.filter(ImageFilter.GaussianBlur(1.5)))[PLACE["texture"]]
    )
    finest, *_, coarsest = texture.reshape(6, 4, 3).mean(axis=(0, 2))
    assert finest > 2 * coarsest


def test_orientations_of_a_fence_are_those_of_its_bars() -> None:
    bars = np.tile(np.repeat([0, 255], 8), (192, 12)).astype(np.uint8)
    upright = describe(Image.fromarray(bars))[PLACE["gradients"]].reshape(24, 8)
    lying = describe(Image.fromarray(bars.T))[PLACE["gradients"]].reshape(24, 8)
    assert set(upright.argmax(axis=1)) == {0}
    assert set(lying.argmax(axis=1)) == {4}


def test_local_patterns_and_histograms_hold_each_pixel_once() -> None:
    numbers = describe(street(windows=5)).astype(np.float64)
    patterns = np.square(numbers[PLACE["local_patterns"]] * np.sqrt(3)).reshape(3, 16)
    assert patterns.sum(axis=1) == pytest.approx([1, 1, 1], abs=0.02)
    luminances = np.square(numbers[PLACE["colour_histogram"]] * np.sqrt(6)).reshape(3, 20)[:, 12:]
    assert luminances.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


@pytest.mark.parametrize("colour", [(200, 60, 40), (60, 160, 60), (40, 60, 200), (170, 60, 130)])
def test_what_lies_between_two_bins_counts_in_both(colour: tuple[int, int, int]) -> None:
    shown = describe(Image.new("RGB", (50, 50), colour)).astype(np.float64)
    found = np.square(shown[PLACE["colour_histogram"]] * np.sqrt(6)).reshape(3, 20)
    red, green, blue = (part / 255 for part in colour)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    hue = np.arctan2(yellow_blue, red_green) * 12 / (2 * np.pi)
    expected = np.zeros(20)
    expected[[int(np.floor(hue)) % 12, int(np.floor(hue) + 1) % 12]] = 1 - hue % 1, hue % 1
    expected[:12] *= np.hypot(red_green, yellow_blue)
    step = (0.299 * red + 0.587 * green + 0.114 * blue) * 7
    expected[12 + int(step)], expected[13 + int(step)] = 1 - step % 1, step % 1
    assert found == pytest.approx(np.tile(expected, (3, 1)), abs=1e-5)


def test_the_vector_is_the_same_in_any_batch_and_of_unit_length() -> None:
    encoder = load_encoder(Encoder(name="colour-texture"))
    prepared = np.stack([encoder.prepare(street(windows=count)) for count in range(5)])
    together = encoder.encode(prepared)
    alone = np.concatenate([encoder.encode(prepared[row : row + 1]) for row in range(5)])
    assert np.array_equal(together, alone)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(5), abs=1e-6)
    assert together.dtype == np.float32


@pytest.mark.parametrize("colour", ["black", "white", "red"])
def test_an_image_of_one_colour_has_a_vector(colour: str) -> None:
    assert np.linalg.norm(vector(Image.new("RGB", (50, 50), colour))) == pytest.approx(1)


def test_an_image_takes_a_few_milliseconds() -> None:
    image = street(windows=8)
    describe(image)
    fastest = min(_seconds(image) for _ in range(20))
    assert fastest < 0.030


def _seconds(image: Image.Image) -> float:
    started = time.perf_counter()
    describe(image)
    return time.perf_counter() - started


def test_options_are_refused_not_ignored() -> None:
    with pytest.raises(StudyError, match="takes no options"):
        load_encoder(Encoder(name="colour-texture", options={"bins": 3}))
