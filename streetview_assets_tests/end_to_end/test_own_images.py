"""A folder of one's own images as people keep them: nothing is lost without a word."""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetview_assets.study_state.open_study import open_study

HEIC = Path(__file__).parents[1] / "one.heic"
STUDY = """
name: own
points: {from: images}
images: {provider: folder, path: photos, positions: positions.csv,
  columns: {category: kind, parent: building}}
encoder: {name: colour-texture}
clusters: {k: 2, sweep: [2, 3]}
"""
POSITIONS = """file,lon,lat,kind,building
terrace 1.jpg,-1.55,53.80,house,12 Mill Lane
TERRACE%202.JPG,-1.54,53.80,shop,12 Mill Lane
disk\\grey.png,-1.53,53.80,house,
one.jpeg,-1.52,53.80,flat,14 Mill Lane
zero.jpg,0,0,house,
gone.jpg,-1.5,53.8,house,
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    photos, disk = tmp_path / "photos", tmp_path / "disk"
    for folder in (photos / ".thumbnails", disk):
        folder.mkdir(parents=True)
    noise = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, "JPEG")
    for name in ("terrace 1.jpg", "terrace 2.jpg", "zero.jpg", ".thumbnails/terrace 1.jpg"):
        (photos / name).write_bytes(content.getvalue())
    grey = np.tile(np.arange(0, 65536, 1024, dtype=np.uint16), (48, 1))
    Image.fromarray(grey).save(disk / "grey.png")
    shutil.copy(HEIC, photos / "one.HEIC")
    (photos / "disk").symlink_to(disk)
    (photos / "unknown.tif").touch()
    (tmp_path / "positions.csv").write_text(POSITIONS)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path / "study.yaml"


def test_every_file_is_an_image_or_a_row_that_says_why_not(study, streetview):
    said = streetview("run", study, "--until", "images").output
    line = "4 image files left out"
    assert line in said
    assert line in streetview("status", study).output
    opened = open_study(study)
    images = opened.sql(
        "select source_path, images.category, images.status, image_files.status as file, "
        "brightness, image_id, duplicate_of "
        "from images join image_files using (source_path) order by source_path"
    )
    facts = images.select("source_path", "category", "status", "file").rows()
    assert facts == [
        ("disk/grey.png", "house", "ok", "taken"),
        ("one.HEIC", "flat", "ok", "taken"),
        ("terrace 1.jpg", "house", "ok", "taken"),
        ("terrace 2.jpg", "shop", "ok", "taken"),
    ]
    assert images["brightness"][0] == pytest.approx(0.5, abs=0.02)
    first, second = sorted(images["image_id"].tail(2))
    assert images.filter(image_id=second)["duplicate_of"].to_list() == [first]
    page = Path(__file__).parents[2] / "docs" / "how_to" / "move_in.md"
    (query,) = re.findall(r"^```sql\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    repeated = opened.sql(query).select("category", "is_same_parent", "parent")
    assert {("shop", True, "12 Mill Lane"), ("house", True, "12 Mill Lane")} & {*repeated.rows()}
    assert repeated["is_same_parent"].to_list().count(None) == 1, "one of that pair has no parent"
    left_out = opened.sql("select source_path from image_files where status = 'left_out'")
    assert sorted(left_out["source_path"]) == [
        ".thumbnails/terrace 1.jpg", "gone.jpg", "unknown.tif", "zero.jpg"
    ]  # fmt: skip
    page = study.with_name("report.html")
    assert streetview("report", study, "--output", page).exit_code == 0
    assert "Image files that are left out" in page.read_text(encoding="utf-8")
