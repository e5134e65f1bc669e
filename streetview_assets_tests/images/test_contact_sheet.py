"""A sheet of images: the same sample everywhere, aspect kept, and its origin on it."""

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageDraw

from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.thumbnails import keep_thumbnail
from streetview_assets.tables.registry import TABLES


@pytest.fixture
def images(tmp_path):
    rows = []
    for index in range(50):
        Image.new("RGB", (80, 40), (255, 0, 0)).save(tmp_path / f"{index}.png")
        row = {"image_id": f"{index:02d}", "provider": "folder", "status": "ok"}
        rows.append(row | {"path": f"{index}.png"})
    rows.append({"image_id": "broken", "provider": "folder", "status": "failed"})
    return TABLES["images"].frame(rows)


@pytest.fixture
def written(monkeypatch):
    """All text that is drawn."""
    texts = []
    draw = ImageDraw.ImageDraw.text

    def noting(self, place, text, *arguments, **options):
        texts.append(text)
        return draw(self, place, text, *arguments, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", noting)
    return texts


def _sheet(images, folder, **options):
    content = contact_sheet(images, folder, **({"seed": 1, "title": "E08000035"} | options))
    with Image.open(io.BytesIO(content)) as sheet:
        return content, np.asarray(sheet.convert("RGB")).astype(int)


def test_images_keep_their_aspect(images, tmp_path):
    _, pixels = _sheet(images, tmp_path, columns=1, size_px=200)
    red = (pixels[..., 0] > 200) & (pixels[..., 1] < 50)
    down, across = np.nonzero(red[:250])
    assert across.max() - across.min() + 1 == 200
    assert down.max() - down.min() + 1 == 100


def test_the_sample_is_the_seeds_and_not_the_rows_order(images, tmp_path):
    for index in range(50):
        Image.new("RGB", (80, 40), (5 * index, 9, 9)).save(tmp_path / f"{index}.png")
    one, _ = _sheet(images, tmp_path, columns=4)
    same, _ = _sheet(images.sample(fraction=1, shuffle=True, seed=3), tmp_path, columns=4)
    other, _ = _sheet(images, tmp_path, columns=4, seed=2)
    assert one == same
    assert one != other


def test_synthetic_images_say_so_in_red_at_the_foot(images, tmp_path):
    def reddish(pixels):
        foot = pixels[-20:]
        return int(((foot[..., 0] - foot[..., 1]) > 60).sum())

    drawn = images.with_columns(provider=pl.lit("synthetic"))
    assert reddish(_sheet(drawn, tmp_path)[1]) > 100
    assert reddish(_sheet(images, tmp_path)[1]) == 0


def test_the_foot_names_those_whose_images_are_shown(images, tmp_path, written):
    owners = ["Zoë", "Zoë", *(f"rider {number:02d}" for number in range(14))]
    mapillary = images.head(16).with_columns(
        provider=pl.lit("mapillary"), copyright=pl.Series([f"© {owner}" for owner in owners])
    )
    _, pixels = _sheet(mapillary, tmp_path, columns=4, size_px=20)
    foot = "© Zoë, rider 00, rider 01 and 12 more via Mapillary, CC BY-SA 4.0"
    assert written[-1] == foot
    margin = pixels[-20:, -3:]
    assert (margin == 255).all(), "the line is wider than the sheet"
    assert (pixels[-20:] < 128).any()


def test_what_is_deleted_is_shown_by_its_thumbnail_and_counted(images, tmp_path, written):
    ids = ["00", "01", "02"]
    assert keep_thumbnail(tmp_path, "00", tmp_path / "0.png")
    for index in (0, 1):
        (tmp_path / f"{index}.png").unlink()
    _, pixels = _sheet(images.filter(pl.col("image_id").is_in(ids)), tmp_path)
    assert written[0] == "E08000035: 3 of 3 images, 1 as thumbnails, 1 deleted"
    red = (pixels[..., 0] > 200) & (pixels[..., 1] < 60)
    assert red[40:80, :100].any(), "the thumbnail is not shown"
    assert not red[40:80, 102:198].any()
    assert red[40:80, 204:298].any()


def test_no_images_at_all_still_make_a_sheet(images, tmp_path):
    assert _sheet(images.clear(), tmp_path)[1].size


def test_without_a_seed_the_first_images_are_shown_in_the_order_of_their_rows(images, tmp_path):
    for index in range(50):
        Image.new("RGB", (80, 40), (5 * index, 9, 9)).save(tmp_path / f"{index}.png")
    rows = images.filter(status="ok").sort("image_id", descending=True)
    _, pixels = _sheet(rows, tmp_path, columns=2, size_px=100, seed=None)
    left, right = pixels[70, 50, 0], pixels[70, 154, 0]
    assert (left, right) == (245, 240)
