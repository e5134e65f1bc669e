"""Views cut out of a panorama: each shows the direction that it is asked for."""

import io

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from streetview_assets.images.equirectangular import cut_view
from streetview_assets.images.http.answers import UnusableError
from streetview_assets_tests.images.imagery_world import colour_of, shot_image

NORTH_UP = 40.0


@pytest.fixture(scope="module")
def panorama() -> Image.Image:
    return Image.open(io.BytesIO(shot_image(720, NORTH_UP, True))).convert("RGB")


def view(panorama, heading_deg=0.0, pitch_deg=0.0, fov_deg=90.0, size_px=(90, 60)) -> np.ndarray:
    content = cut_view(
        panorama,
        middle_deg=NORTH_UP,
        heading_deg=heading_deg,
        pitch_deg=pitch_deg,
        fov_deg=fov_deg,
        size_px=size_px,
    )
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGB"), float)


@settings(max_examples=25, deadline=None)
@given(heading_deg=st.floats(0, 359.9), fov_deg=st.floats(40, 110))
def test_the_middle_and_the_edges_show_their_directions(panorama, heading_deg, fov_deg):
    pixels = view(panorama, heading_deg, fov_deg=fov_deg)
    assert pixels.shape == (60, 90, 3)
    for column, angle in ((45, 0.0), (1, -fov_deg / 2), (88, fov_deg / 2)):
        seen = pixels[28:32, column - 1 : column + 2].mean(axis=(0, 1))
        painted = 0.9 * np.array(colour_of(heading_deg + angle))
        assert np.abs(seen - painted).max() < 22


def test_up_is_brighter_where_the_sky_was_painted_brighter(panorama):
    assert view(panorama, pitch_deg=40).mean() > view(panorama, pitch_deg=-40).mean() + 4


def test_a_wide_view_shows_as_much_upwards_as_a_camera_would():
    elevations = np.linspace(90, -90, 360)[:, None, None] + np.zeros((360, 720, 3))
    painted = Image.fromarray(np.round(elevations + 100).astype(np.uint8))
    pixels = view(painted, fov_deg=90.0, size_px=(90, 60))
    top_deg = np.degrees(np.arctan(60 / 90))
    assert abs(pixels[0, 45].mean() - 100 - top_deg) < 2.5
    assert abs(pixels[-1, 45].mean() - 100 + top_deg) < 2.5


def test_the_same_panorama_gives_the_same_bytes(panorama):
    wishes = {
        "middle_deg": 0,
        "heading_deg": 90,
        "pitch_deg": 0,
        "fov_deg": 90,
        "size_px": (50, 50),
    }
    assert cut_view(panorama, **wishes) == cut_view(panorama.copy(), **wishes)


def test_a_part_of_a_panorama_is_refused(panorama):
    with pytest.raises(UnusableError, match="all around"):
        view(panorama.crop((0, 0, 720, 200)))
