"""A group that sees one quality otherwise is found, and no other."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from streetview_assets.perception.agreement import group_differences
from streetview_assets.perception.agreement.group_differences import difference, holm
from streetview_assets.perception.agreement.group_rows import group_ratings
from streetview_assets.perception.ratings.groups import RaterGroup, is_among

GROUPS = [
    RaterGroup("all", "all", pl.lit(True)),
    RaterGroup("gender", "gender man", is_among("gender", ["man"])),
    RaterGroup("gender", "gender woman", is_among("gender", ["woman"])),
]
QUALITIES = ("green", "lively", "safety", "walkable")


def ratings(*, shift: float = 0.0, turned: bool = False, people: int = 60) -> pl.DataFrame:
    rng, frames = np.random.default_rng(5), []
    for quality in QUALITIES:
        image, other = rng.normal(size=(2, 120))
        for person in range(people):
            seen = rng.choice(120, 20, replace=False)
            woman = person % 2 == 0
            value = image[seen] + rng.normal(size=20) + 0.4 * rng.normal()
            if woman and quality == "safety":
                value = value + shift + turned * (other[seen] - image[seen])
            frames.append(
                pl.DataFrame(
                    {
                        "quality": quality,
                        "unit": [f"u{place:03d}" for place in seen],
                        "value": value,
                        "rater_id": f"p{person:02d}",
                        "gender": "Woman" if woman else "man",
                    }
                )
            )
    rated = pl.concat(frames).with_columns(
        rating_count=pl.lit(1, pl.Int64), group_name=pl.lit(None, pl.String)
    )
    return rated.with_row_index("rating_id").with_columns(pl.col("rating_id").cast(pl.String))


def scores(rated: pl.DataFrame) -> pl.DataFrame:
    means = [
        rated.filter(group.members).group_by("quality", "unit").agg(
            group_name=pl.lit(group.name), score=pl.col("value").mean(),
            rating_count=pl.len().cast(pl.Int64), method=pl.lit("mean"),
        )
        for group in GROUPS
    ]  # fmt: skip
    return pl.concat(means)


def told(rated: pl.DataFrame, **asked: object) -> pl.DataFrame:
    wishes = {"least_raters": 5, "level": 0.9, "seed": 3} | asked
    return group_ratings(rated, scores(rated), GROUPS, **wishes)


@pytest.mark.parametrize(
    ("planted", "note"),
    [({"shift": 0.8}, "the level of ratings"), ({"turned": True}, "which images")],
)
def test_the_planted_quality_is_found_and_no_other(planted, note):
    found = told(ratings(**planted))
    assert found.height == len(QUALITIES) * 2
    differing = found.filter(pl.col("differs"))
    assert differing["quality"].to_list() == ["safety"] * 2
    assert all(note in text for text in differing["note"])
    if "shift" in planted:
        woman = differing.filter(group_name="gender woman").row(0, named=True)
        assert woman["difference_lower"] < 0.8 < woman["difference_upper"]


def test_where_groups_do_not_differ_none_is_found():
    assert told(ratings())["differs"].to_list() == [False] * len(QUALITIES) * 2


def test_the_order_of_rows_changes_nothing():
    rated = ratings(shift=0.5, people=16)
    shuffled = rated.sample(fraction=1, shuffle=True, seed=1)
    assert_frame_equal(told(rated), told(shuffled))


def test_the_last_digit_is_the_same_each_time():
    rated = ratings(shift=0.37, people=400)
    first = told(rated)
    assert all(told(rated).equals(first) for _ in range(4))


def test_too_few_others_are_not_compared_with():
    found = told(ratings(people=8), least_raters=5)
    assert found["p_value"].null_count() == found.height
    assert set(found["note"]) == {"not tested: 4 other raters, fewer than 5"}


def test_without_names_of_people_nothing_is_tested_and_the_note_says_why():
    nameless = ratings(people=16).with_columns(rater_id=pl.lit(None, pl.String))
    found = told(nameless)
    assert found["mean"].null_count() == 0
    assert all("does not name the people" in note for note in found["note"])


def test_the_p_value_is_that_of_all_deals_when_few_people_rate(monkeypatch):
    """Of three against three, 20 deals: the extreme one and its mirror are 2 of 20."""
    monkeypatch.setattr(group_differences, "DEALS", 4_000)
    unit, rater = np.tile(np.arange(12), 6), np.repeat(np.arange(6), 12)
    member = np.array([True] * 3 + [False] * 3)
    value = np.random.default_rng(0).normal(size=72) * 0.01 + member[rater]
    found = difference(value, unit, rater, member, level=0.9, seed=1)
    assert found.p_value == pytest.approx(0.1, abs=0.06)
    assert found.value == pytest.approx(1, abs=0.01)


def test_holm_is_that_of_its_paper():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
