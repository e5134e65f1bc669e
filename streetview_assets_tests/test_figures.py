"""Figures say where their pictures come from, and fit where they are shown."""

import io

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from streetview_assets.figures import SYNTHETIC_NOTE, new_figure, shrink_to_webp, to_png


def noisy_png(width: int = 600, height: int = 400) -> bytes:
    """A picture that no lossless format makes small."""
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("max_bytes", [200_000, 25_000, 2_000])
def test_a_shrunk_picture_is_below_its_limit_and_still_a_picture(max_bytes):
    small = shrink_to_webp(noisy_png(), max_bytes)
    assert len(small) <= max_bytes
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.format == "WEBP"
        assert picture.width / picture.height == pytest.approx(1.5, rel=0.1)


def test_a_picture_that_is_small_enough_keeps_its_size():
    figure = new_figure()
    figure.subplots().plot(np.arange(10))
    png = to_png(figure)
    small = shrink_to_webp(png, len(png))
    with Image.open(io.BytesIO(png)) as before, Image.open(io.BytesIO(small)) as after:
        assert before.size == after.size


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


def test_a_figure_of_synthetic_pictures_says_so():
    assert SYNTHETIC_NOTE in texts(new_figure(synthetic=True))
    assert SYNTHETIC_NOTE not in texts(new_figure())
    marked, plain = (
        np.asarray(Image.open(io.BytesIO(to_png(new_figure(synthetic=flag)))))
        for flag in (True, False)
    )
    assert (marked != plain).any(), "the note is not drawn"


def test_the_same_figure_gives_the_same_bytes():
    def drawn() -> bytes:
        figure = new_figure(synthetic=True)
        figure.subplots().plot([1, 3, 2])
        return to_png(figure)

    assert drawn() == drawn()
