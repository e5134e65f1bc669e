"""What is looked at: each image, or each panorama by its first view."""

from datetime import date

import polars as pl
import pytest
from PIL import Image

from streetview_assets.embeddings.looked_at import looked_at
from streetview_assets.images.contact_sheet import tile
from streetview_assets.images.thumbnails import shown_files
from streetview_assets.tables.registry import TABLES


def views(panorama_id: str, *places: tuple[float | None, str | None, bool]) -> list[dict]:
    return [
        {
            "authority_code": "E1",
            "image_id": f"{panorama_id}{number}",
            "panorama_id": panorama_id,
            "captured_on": date(2024, 5, 1),
            "heading_deg": heading,
            "area_code": area,
            "is_current": is_current,
            "status": "ok",
            "path": f"images/{panorama_id}{number}.png",
            "width_px": 20 * (number + 1),
            "height_px": 10 * (number + 1),
        }
        for number, (heading, area, is_current) in enumerate(places)
    ]


@pytest.fixture
def images() -> pl.DataFrame:
    rows = [
        *views("p", (270, "A", True), (0, "B", True), (90, "A", True), (180, "A", False)),
        *views("q", (180, "B", True), (90, "A", True), (None, None, True), (None, None, True)),
        *views("r", (90, "A", False), (0, "A", False)),
        *views("s", (None, None, True)),
    ]
    frame = pl.DataFrame(rows, schema_overrides={"heading_deg": pl.Float64})
    missing = [name for name in TABLES["images"].schema if name not in frame.columns]
    lacking = [pl.lit(None, TABLES["images"].schema[name]).alias(name) for name in missing]
    return frame.with_columns(lacking).select(TABLES["images"].schema.names())


def test_each_image_is_looked_at_by_itself_where_views_are_separate(images) -> None:
    assert looked_at(images, "separate").equals(images)


@pytest.mark.parametrize("how", ["mean", "panorama"])
def test_a_panorama_goes_by_its_first_view_in_the_area_of_most(images, how) -> None:
    seen = looked_at(images, how)
    assert seen.columns == images.columns
    assert seen.select("image_id", "area_code", "is_current").rows() == [
        ("p2", "A", True),
        ("q1", "A", True),
        ("r1", "A", False),
        ("s0", None, True),
    ]
    paths = {
        row[0]: row[1:] for row in seen.select("image_id", "path", "width_px", "height_px").rows()
    }
    names = [f"images/p{number}.png" for number in (1, 2, 0)]
    assert paths["p2"] == (names, 60, 10)
    assert looked_at(images.sample(fraction=1, shuffle=True, seed=1), how).equals(seen)


def test_a_sheet_shows_the_views_of_a_panorama_side_by_side(tmp_path) -> None:
    colours = {"a": (255, 0, 0), "b": (0, 255, 0)}
    for name, colour in colours.items():
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.png")
    gone = tmp_path / "thumbnails" / "cc" / "ccc.webp"
    gone.parent.mkdir(parents=True)
    Image.new("RGB", (40, 40), (0, 0, 255)).save(gone, lossless=True)
    files = shown_files(tmp_path, "a", ["a.png", "b.png", "images/cc/ccc.png"])
    shown = tile(files, 30)
    assert [shown.getpixel((x, 15)) for x in (5, 15, 25)] == [*colours.values(), (0, 0, 255)]
    assert shown.getpixel((15, 2)) == (255, 255, 255), "nothing is cut off"
