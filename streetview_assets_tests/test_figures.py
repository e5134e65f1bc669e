"""Figures say where their images come from, and fit where they are shown."""

import io

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image, ImageDraw

from streetview_assets.figures import (
    SYNTHETIC_NOTE,
    new_figure,
    shrink_to_webp,
    text_font,
    to_png,
    to_vectors,
)


def noisy_png(width: int = 600, height: int = 400) -> bytes:
    """An image that no lossless format makes small."""
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("max_bytes", [200_000, 25_000, 2_000])
def test_a_shrunk_image_is_below_its_limit_and_still_an_image(max_bytes):
    small = shrink_to_webp(noisy_png(), max_bytes)
    assert len(small) <= max_bytes
    with Image.open(io.BytesIO(small)) as image:
        assert image.format == "WEBP"
        assert image.width / image.height == pytest.approx(1.5, rel=0.1)


def test_an_image_that_is_small_enough_keeps_its_size():
    figure = new_figure()
    figure.subplots().plot(np.arange(10))
    png = to_png(figure)
    small = shrink_to_webp(png, len(png))
    with Image.open(io.BytesIO(png)) as before, Image.open(io.BytesIO(small)) as after:
        assert before.size == after.size


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


@pytest.mark.parametrize(("credit", "is_red"), [(SYNTHETIC_NOTE, True), ("Imagery © Ann", False)])
def test_a_figure_names_whose_images_are_behind_it_and_warns_of_synthetic_ones(credit, is_red):
    assert credit in texts(new_figure(credit=credit))
    assert credit not in texts(new_figure())
    drawn, plain = (
        np.asarray(Image.open(io.BytesIO(to_png(new_figure(credit=text)))).convert("RGB"))
        for text in (credit, "")
    )
    inked = drawn[(drawn != plain).any(axis=-1)].astype(int)
    assert len(inked), "the line is not drawn"
    assert (inked[:, 0] - inked[:, 1] > 60).any() == is_red


@pytest.mark.parametrize(("kind", "date"), [("svg", b"dc:date"), ("pdf", b"CreationDate")])
def test_vectors_are_the_same_bytes_with_text_as_text_and_no_date(kind, date):
    def drawn() -> bytes:
        figure = new_figure(credit="a < b & $c")
        axes = figure.subplots()
        axes.plot([1, 3, 2], marker="o", label="curve")
        axes.fill_between([0, 1], [0, 1], hatch="//", clip_on=True)
        axes.legend()
        return to_vectors(figure, kind, 60)

    assert drawn() == drawn()
    assert date not in drawn()
    assert kind != "svg" or b">a &lt; b &amp; $c</text>" in drawn()


def test_the_same_figure_gives_the_same_bytes():
    def drawn() -> bytes:
        figure = new_figure(credit=SYNTHETIC_NOTE)
        figure.subplots().plot([1, 3, 2])
        return to_png(figure)

    assert drawn() == drawn()


@pytest.mark.parametrize("letter", "©éłőΩЖ×")
def test_names_can_be_written_on_images(letter):
    font = text_font(13)
    assert bytes(font.getmask(letter)) != bytes(font.getmask("\uffff")), "a box stands for it"


def test_an_image_taller_than_a_webp_can_be_is_made_smaller():
    tall = io.BytesIO()
    Image.new("RGB", (20, 17_000), "#336699").save(tall, format="PNG")
    small = shrink_to_webp(tall.getvalue(), 145_000)
    assert Image.open(io.BytesIO(small)).height == 16_383


@pytest.mark.parametrize("name", [r"$\no{formula$", "from $5 to $10", "Łódź"])
def test_words_in_a_figure_are_no_formula(name):
    figure = new_figure(3, 2)
    axes = figure.add_subplot(title=name, xlabel=name)
    axes.set_yticks([0, 1], [name, "b"])
    axes.legend(axes.plot([0, 1]), [name])
    assert to_png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "name", ["\x1b[31mred", "a\0b\x07", "half \ud800", "two\nlines", "Łódź عربى"]
)
def test_any_text_is_drawn_on_an_image(name):
    drawn = ImageDraw.Draw(sheet := Image.new("RGB", (300, 40), "white"))
    drawn.text((2, 20), name, "black", text_font(12), anchor="lm")
    assert drawn.textlength(name.replace("\n", " "), text_font(12)) > 0
    assert np.asarray(sheet).min() < 255
