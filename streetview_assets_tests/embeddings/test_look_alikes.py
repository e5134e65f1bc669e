import io

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageDraw

from streetview_assets.embeddings.similarity.neighbour_sheets import (
    TILE_PX,
    draw_images,
    far_apart_sheet,
    far_look_alikes,
    neighbours_sheet,
)
from streetview_assets.tables.registry import TABLES

COLOURS = {"a": (200, 0, 0), "b": (0, 200, 0), "c": (0, 0, 200), "d": (200, 200, 0)}


def rows_of(pairs: list[tuple[str, str, float, float | None, bool]]) -> pl.DataFrame:
    """Make the table `neighbours` of pairs: two images, cosine, distance, near-duplicates."""
    frame = TABLES["neighbours"].frame(
        [
            {
                "image_id": one,
                "encoder": "made-up",
                "neighbour_id": other,
                "similarity": cosine,
                "distance_m": apart_m,
                "is_near_duplicate": same,
            }
            for one, other, cosine, apart_m, same in pairs
        ]
    )
    return frame.with_columns(rank=pl.int_range(1, pl.len() + 1).over("image_id"))


@pytest.fixture
def facts(tmp_path) -> pl.DataFrame:
    rows = []
    for name, colour in COLOURS.items():
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{name}.png")
        row = {"image_id": name, "provider": "synthetic", "status": "ok", "path": f"{name}.png"}
        rows.append(row | {"point_id": f"p{name}", "area_code": f"E0100000{name}"})
    return TABLES["images"].frame(rows)


@pytest.fixture
def written(monkeypatch) -> list[str]:
    """All text that is drawn."""
    texts = []
    draw = ImageDraw.ImageDraw.text

    def noting(self, place, text, *arguments, **options):
        texts.append(text)
        return draw(self, place, text, *arguments, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", noting)
    return texts


def _pixels(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as sheet:
        return np.asarray(sheet.convert("RGB")).astype(int)


def _colours_across(pixels: np.ndarray, row: int) -> list[str]:
    """Name the images in a line of pixels, from left to right."""
    names = {colour: name for name, colour in COLOURS.items()}
    seen = [names.get(tuple(pixel)) for pixel in pixels[row].tolist()]
    return [
        name
        for name, before in zip(seen, [None, *seen], strict=False)
        if name not in (None, before)
    ]


def test_each_image_stands_beside_its_neighbours_with_how_alike_they_are(
    facts, tmp_path, written
) -> None:
    table = rows_of(
        [
            *[("a", "c", 0.9996, 12.3, True), ("a", "b", 0.71, 12_345.0, False)],
            *[("d", "b", 0.5, None, False), ("d", "a", 0.4, 0.0, False)],
        ]
    )
    sheet = neighbours_sheet(table, facts, tmp_path, image_ids=["d", "a"], title="town")
    pixels = _pixels(sheet)
    assert _colours_across(pixels, 26 + TILE_PX // 2) == ["d", "b", "a"]
    assert _colours_across(pixels, 26 + TILE_PX // 2 + TILE_PX + 42) == ["a", "c", "b"]
    assert "synthetic" in written[-1]
    captions = written[1:-1]
    assert captions[6:] == [
        *["this image", "E0100000a"],
        *["0.999 · 12 m", "near-duplicate"],
        *["0.710 · 12.3 km", "E0100000b"],
    ]
    assert captions[2:6] == ["0.500", "E0100000b", "0.400 · 0 m", "E0100000a"]


def test_a_deleted_image_leaves_its_place_grey_and_is_counted(facts, tmp_path, written) -> None:
    (tmp_path / "b.png").unlink()
    table = rows_of([("a", "b", 0.5, 1.0, False), ("a", "c", 0.4, 2.0, False)])
    pixels = _pixels(neighbours_sheet(table, facts, tmp_path, image_ids=["a"], title="town"))
    assert _colours_across(pixels, 26 + TILE_PX // 2) == ["a", "c"]
    assert written[0].endswith(", 1 deleted")


def test_far_look_alikes_are_the_most_alike_furthest_first_each_place_once(
    facts, tmp_path, written
) -> None:
    common = [("a", "b", 0.3, 90_000.0, False)] * 80
    alike = [
        *[("a", "b", 0.92, 700.0, False), ("b", "a", 0.92, 700.0, False)],
        *[("a", "c", 0.91, 500.0, False), ("c", "d", 0.90, 400.0, False)],
        *[("c", "b", 0.99, 9_000.0, True), ("d", "b", 0.99, None, False)],
        *[("d", "a", 0.99, 0.0, False)] * 4,
    ]
    pairs = far_look_alikes(rows_of(common + alike), facts)
    assert pairs.select("image_id", "neighbour_id").rows() == [("a", "b"), ("c", "d")]
    assert far_look_alikes(rows_of(common + alike), facts, count=1).height == 1
    pixels = _pixels(far_apart_sheet(pairs, facts, tmp_path, title="town"))
    assert _colours_across(pixels, 26 + TILE_PX // 2) == ["a", "b", "c", "d"]
    assert "0.920 · 700 m" in written


def test_a_sheet_without_pairs_or_images_can_be_drawn(facts, tmp_path) -> None:
    nothing = far_look_alikes(rows_of([("a", "b", 0.9, None, False)]), facts)
    assert nothing.is_empty()
    assert _pixels(far_apart_sheet(nothing, facts, tmp_path, title="town")).size


def test_the_images_of_a_sheet_are_the_seeds(facts) -> None:
    more = pl.DataFrame({"image_id": [f"i{number:02}" for number in range(40)]})
    drawn = draw_images(more, seed=1)
    assert drawn == draw_images(more.reverse(), seed=1) == sorted(set(drawn))
    assert drawn != draw_images(more, seed=2)
    assert draw_images(facts, seed=1) == list("abcd")
