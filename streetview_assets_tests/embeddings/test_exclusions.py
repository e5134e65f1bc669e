"""Which images are excluded, and that what is dropped has no part in what is pooled."""

import io
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pydantic import ValidationError
from scipy.special import softmax

from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.embeddings.zero_shot.exclusions import (
    exclusions_by_category,
    exclusions_by_rectangle,
    exclusions_by_words,
    image_exclusions,
    street_scenes,
    without_excluded,
)
from streetview_assets.embeddings.zero_shot.exclusions_sheet import exclusions_sheet, said_of
from streetview_assets.embeddings.zero_shot.prompt_bank import exclusion_reasons
from streetview_assets.study.embeddings import Exclusions, Rectangle
from streetview_assets.tables.registry import TABLES, check_contract

AXES = np.eye(6)
TEXTS = {"indoor": AXES[0], "in a car": AXES[1]}
KINDS = {"road": AXES[2], "house": AXES[3]}


def make_images(count: int = 5, **columns: object) -> pl.DataFrame:
    rows = [
        {
            "authority_code": "E1",
            "image_id": f"i{number:02}",
            "panorama_id": f"p{number // 2}",
            "captured_on": date(2024, 1, 1),
            "status": "ok",
            "is_current": True,
            "provider": "folder",
            "path": f"{number}.png",
        }
        for number in range(count)
    ]
    given = [pl.Series(name, values) for name, values in columns.items()]
    frame = pl.DataFrame(rows).with_columns(given)
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in TABLES["images"].schema.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(TABLES["images"].schema.names())


def vectors_of(images: pl.DataFrame, vectors: np.ndarray) -> pl.DataFrame:
    return images.select(
        "authority_code",
        "image_id",
        pl.lit("clip").alias("encoder"),
        pl.lit("ok").alias("status"),
        vector_series("embedding", unit(vectors)),
        pl.lit(None, dtype=pl.String).alias("error"),
    )


def by_words(embeddings: pl.DataFrame, above: float, temperature: float = 20.0) -> pl.DataFrame:
    return exclusions_by_words(embeddings, TEXTS, KINDS, temperature=temperature, above=above)


def table_of(images: pl.DataFrame, by_category, of_words, is_dropped: bool = True) -> pl.DataFrame:
    none = of_words.clear()
    made = image_exclusions(
        images, by_category, none, of_words, encoder="clip", is_dropped=is_dropped
    )
    check_contract(TABLES["image_exclusions"], made)
    return made


def test_images_in_rectangles_drawn_on_a_plane_count_their_borders_too() -> None:
    images = make_images(6)
    # The two islands of images indoors and in cars that INTEGRATE takes out.
    rectangles = (Rectangle(x=(5.7, 6.3), y=(9.5, 10)), Rectangle(x=(2.3, 3.2), y=(8.5, 9)))
    plane = pl.DataFrame(
        {
            "image_id": images["image_id"][:5],
            "x": [6.0, 2.3, 6.0, 3.3, 9.0],
            "y": [9.7, 9.0, 8.7, 8.7, 9.0],
        }
    )
    found = exclusions_by_rectangle(images, plane, rectangles)
    assert found.select("image_id", "reason").rows() == [
        (images["image_id"][0], "rectangle 1"),
        (images["image_id"][1], "rectangle 2"),
    ]
    with pytest.raises(ValidationError, match="the smaller end comes first"):
        Rectangle(x=(6.3, 5.7), y=(9.5, 10))
    with pytest.raises(ValidationError, match="name of the plane"):
        Exclusions(words={}, rectangles=rectangles)


def test_an_image_counts_by_all_reasons_together_over_reasons_and_streets() -> None:
    rng = np.random.default_rng(1)
    images = make_images(40)
    vectors = unit(rng.normal(size=(40, 6)))
    found = by_words(vectors_of(images, vectors), above=0.7)
    likeness = softmax(20 * vectors @ np.array([*TEXTS.values(), *KINDS.values()]).T, axis=1)
    together = likeness[:, :2].sum(axis=1)
    expected = [name for name, one in zip(images["image_id"], together, strict=True) if one >= 0.7]
    assert 3 < len(expected) < 35
    assert found["image_id"].to_list() == expected
    assert found["probability"].to_list() == pytest.approx(together[together >= 0.7], abs=1e-6)
    likeliest = np.array(["indoor", "in a car"])[likeness[together >= 0.7, :2].argmax(axis=1)]
    assert found["reason"].to_list() == likeliest.tolist()


def test_an_image_between_two_reasons_is_no_street_either() -> None:
    images = make_images(1)
    between = by_words(vectors_of(images, AXES[:1] + AXES[1:2]), above=0.9)
    assert between["probability"].item() > 0.99


def test_an_image_is_listed_once_and_its_own_category_goes_first() -> None:
    images = make_images(
        4, category=["indoor", None, "garden", "indoor"], is_current=[True] * 3 + [False]
    )
    embeddings = vectors_of(images, AXES[[0, 0, 2, 0]])
    made = table_of(
        images, exclusions_by_category(images, ("indoor", "shop")), by_words(embeddings, 0.9)
    )
    assert made.select("image_id", "reason").rows() == [
        ("i00", "category: indoor"),
        ("i01", "indoor"),
    ]
    assert made["probability"].is_null().to_list() == [True, False]


def test_without_an_image_or_a_vector_nothing_is_excluded() -> None:
    images = make_images(3)
    failed = vectors_of(images, AXES[:3]).with_columns(
        status=pl.lit("failed"), embedding=pl.lit(None, pl.List(pl.Float32))
    )
    for embeddings in (failed, failed.clear()):
        made = table_of(images, exclusions_by_category(images, ()), by_words(embeddings, 0.5))
        assert made.is_empty()
    assert without_excluded(images, made).equals(images)


def test_only_what_is_dropped_is_no_longer_current() -> None:
    images = make_images(4)
    embeddings = vectors_of(images, AXES[[0, 2, 1, 3]])
    none = exclusions_by_category(images, ())
    listed = table_of(images, none, by_words(embeddings, 0.9), is_dropped=False)
    assert listed.height == 2
    assert without_excluded(images, listed).equals(images)
    dropped = table_of(images, none, by_words(embeddings, 0.9))
    left = without_excluded(images, dropped)
    assert left["is_current"].to_list() == [False, True, False, True]
    assert left.drop("is_current").equals(images.drop("is_current"))
    elsewhere = images.with_columns(authority_code=pl.lit("E2"))
    assert without_excluded(elsewhere, dropped).equals(elsewhere)


def test_of_a_panorama_that_is_dropped_all_views_are_out() -> None:
    images = make_images(4)
    dropped = table_of(
        images,
        exclusions_by_category(images, ()),
        by_words(vectors_of(images, AXES[[0, 2, 2, 3]]), 0.9),
    )
    assert dropped["image_id"].to_list() == ["i00"]
    for views, expected in (("separate", [False, True]), ("mean", [False, False])):
        left = without_excluded(images, dropped, views=views)
        assert left["is_current"].to_list() == [*expected, True, True]


def test_ready_made_words_leave_the_street_outside() -> None:
    assert set(exclusion_reasons()) == {"indoor", "in a car"}
    assert "indoor" not in street_scenes()
    assert len(street_scenes()) == 9
    assert all(len(prompts) == 10 for prompts in (exclusion_reasons() | street_scenes()).values())


@pytest.mark.parametrize(
    ("count", "probability", "shown"),
    [
        (1, 1.0, {0}),
        (9, 1.0, set(range(9))),
        (50, 1.0, {*range(24), *range(34, 50)}),
        (50, None, set(range(40))),
    ],
)
def test_a_sheet_shows_the_surest_first_and_the_least_sure(
    tmp_path: Path, count, probability, shown
) -> None:
    images = make_images(count, copyright=["© Ann"] * count)
    for number in range(count):
        colour = (5 * number, 0, 255 - 5 * number)
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{number}.png")
    found = images.select(
        "authority_code",
        "image_id",
        encoder=pl.lit("clip"),
        reason=pl.lit("indoor"),
        probability=pl.lit(probability, pl.Float64) - pl.int_range(pl.len()) / 100,
        is_dropped=pl.lit(True),
    )
    png = exclusions_sheet(found.reverse(), images, tmp_path, title="town")
    sheet = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    codes, sizes = np.unique(sheet @ (65536, 256, 1), return_counts=True)
    large = set(codes[sizes > 10_000])
    found = {number for number in range(count) if 65536 * 5 * number + 255 - 5 * number in large}
    assert found == shown
    first = sheet[22 + 64 + (22 if count > 40 else 0), 6 + 64]
    assert tuple(first) == (0, 0, 255)


def test_it_says_how_many_are_or_would_be_dropped() -> None:
    rows = pl.DataFrame({"is_dropped": [True]})
    assert said_of(rows) == "1 image is dropped"
    assert said_of(pl.concat([rows, rows])) == "2 images are dropped"
    assert said_of(rows.with_columns(is_dropped=False)) == "1 image would be dropped"
    assert said_of(rows.clear()) == "0 images would be dropped"
