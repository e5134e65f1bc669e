"""A sheet of pictures: the same sample everywhere, aspect kept, and its origin on it."""

import io

import numpy as np
import pytest
from PIL import Image

from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.tables import TABLES


@pytest.fixture
def images(tmp_path):
    rows = []
    for index in range(50):
        Image.new("RGB", (80, 40), (255, 0, 0)).save(tmp_path / f"{index}.png")
        row = {"image_id": f"{index:02d}", "provider": "folder", "status": "ok"}
        rows.append(row | {"path": f"{index}.png"})
    rows.append({"image_id": "broken", "provider": "folder", "status": "failed"})
    return TABLES["images"].frame(rows)


def _sheet(images, folder, **options):
    options = {"seed": 1, "title": "E08000035", "synthetic": False} | options
    content = contact_sheet(images, folder, **options)
    with Image.open(io.BytesIO(content)) as sheet:
        return content, np.asarray(sheet.convert("RGB")).astype(int)


def test_pictures_keep_their_aspect(images, tmp_path):
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


def test_synthetic_pictures_say_so_in_red_at_the_foot(images, tmp_path):
    def reddish(pixels):
        foot = pixels[-20:]
        return int(((foot[..., 0] - foot[..., 1]) > 60).sum())

    assert reddish(_sheet(images, tmp_path, synthetic=True)[1]) > 100
    assert reddish(_sheet(images, tmp_path)[1]) == 0


def test_pictures_deleted_since_and_no_pictures_at_all_still_make_a_sheet(images, tmp_path):
    (tmp_path / "0.png").unlink()
    assert _sheet(images.filter(image_id="00"), tmp_path)[1].size
    assert _sheet(images.clear(), tmp_path)[1].size
