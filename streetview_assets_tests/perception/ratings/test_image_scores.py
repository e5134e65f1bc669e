"""Scores of images: means by group of people, with standard errors that hold what they promise."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.perception.ratings.image_scores import image_scores
from streetview_assets.perception.ratings.rated_places import NEAR, images_of_places
from streetview_assets.study.perception import RaterGroups
from streetview_assets.tables.registry import TABLES, check_contract

NOWHERE = pl.DataFrame(schema=NEAR)
NO_PAIRS = TABLES["comparisons"].frame()


def ratings(rows):
    """Make the table `ratings` of what is said, one rating each unless told otherwise."""
    plain = {"quality": "safe", "source": "ratings", "rating_count": 1, "status": "ok"}
    return TABLES["ratings"].frame(
        [plain | {"rating_id": str(number)} | row for number, row in enumerate(rows)]
    )


def scored(table, near=NOWHERE, least_raters=2, **groups):
    return image_scores(
        table, NO_PAIRS, near, groups=RaterGroups(**groups), least_raters=least_raters
    )


def test_a_mean_of_averages_weighs_their_counts_and_spreads():
    whole = np.array([1.0, 2, 2, 5, 3, 3, 4])
    parts = [whole[:4], whole[4:]]
    table = ratings(
        {
            "image_id": "i",
            "value": part.mean(),
            "spread": part.std(ddof=1),
            "rating_count": len(part),
        }
        for part in parts
    )
    scores, _ = scored(table)
    check_contract(TABLES["image_ratings"], scores)
    row = scores.row(0, named=True)
    assert row["score"] == pytest.approx(whole.mean())
    assert row["spread"] == pytest.approx(whole.std(ddof=1))
    assert row["standard_error"] == pytest.approx(whole.std(ddof=1) / np.sqrt(7))
    assert (row["rating_count"], row["rater_count"], row["unit"]) == (7, None, "i")


def test_an_average_without_a_count_has_no_standard_error():
    table = ratings([{"image_id": "i", "value": 3.0, "spread": 1.0, "rating_count": None}])
    row = scored(table)[0].row(0, named=True)
    assert (row["standard_error"], row["spread"], row["rating_count"]) == (None, 1.0, None)


def test_two_standard_errors_hold_the_truth_of_images_with_two_ratings_each():
    """By each image's own spread, two of three ratings alike would leave none: 70 % are held."""
    random = np.random.default_rng(3)
    truth = random.normal(3, 1, 2000)
    said = truth[:, None] + random.normal(0, 0.8, (2000, 2))
    table = ratings(
        {"image_id": f"{image:04}", "value": value, "rater_id": f"r{rater}"}
        for image, values in enumerate(said)
        for rater, value in enumerate(values)
    )
    scores = scored(table)[0].sort("image_id")
    within = np.abs(scores["score"] - truth) <= 1.645 * scores["standard_error"]
    assert 0.88 <= within.mean() <= 0.92


def test_groups_have_their_own_means_and_none_of_too_few():
    people = [("a", 20, "woman", 1.0), ("b", 29, "Woman", 2.0), ("c", 30, "man", 5.0)]
    table = ratings(
        {"image_id": "i", "rater_id": rater, "age": age, "gender": gender, "value": value}
        for rater, age, gender, value in people
    )
    scores, left_out = scored(table, age=("18-29", "30+"), gender=True)
    assert dict(scores.select("group_name", "score").rows()) == {
        **{"all": pytest.approx(8 / 3), "age 18-29": 1.5, "gender woman": 1.5}
    }
    assert left_out == {
        f"{group}, safe": "1 rater, fewer than perception.least_raters 2"
        for group in ("age 30+", "gender man")
    }


def test_a_group_that_came_as_averages_counts_its_most_ratings_as_raters():
    table = ratings(
        {"image_id": "i", "value": value, "rating_count": count, "group_name": group}
        for value, count, group in [(3.0, 9, None), (2.0, 6, "gender female"), (4.0, 3, "age 60+")]
    )
    scores, left_out = scored(table, least_raters=5, gender=True, age=("60+",))
    assert dict(scores.select("group_name", "score").rows()) == {"all": 3.0, "gender female": 2.0}
    assert list(left_out) == ["age 60+, safe"]
    assert set(scored(table)[0]["group_name"]) == {"all"}, "none that the study does not ask for"


def test_an_image_stands_for_the_nearest_place_within_reach():
    degree_m = 111_195
    places = pl.DataFrame(
        {"place_id": ["b", "a"], "longitude": [0.0, 100 / degree_m], "latitude": [0.0, 0.0]}
    )
    metres = {"at b": 1, "of a": 60, "of b": 40, "far": 200, "nowhere": None}
    images = pl.DataFrame(
        {
            "image_id": list(metres),
            "longitude": [None if x is None else x / degree_m for x in metres.values()],
            "latitude": [None if x is None else 0.0 for x in metres.values()],
        }
    )
    near = images_of_places(places, images, within_m=45, crs="EPSG:32631")
    assert dict(near.select("image_id", "place_id").rows()) == {
        "at b": "b",
        "of a": "a",
        "of b": "b",
    }
    assert near.filter(image_id="of a")["distance_m"][0] == pytest.approx(40, rel=0.02)
    turned = images_of_places(places[::-1], images[::-1], within_m=45, crs="EPSG:32631")
    assert turned.equals(near)

    table = ratings([{"place_id": "b", "value": 4.0}, {"place_id": "b", "value": 2.0}])
    scores, _ = scored(table, near)
    assert scores.select("image_id", "unit", "score", "rating_count").rows() == [
        ("at b", "b", 3.0, 2),
        ("of b", "b", 3.0, 2),
    ]


def pairs(rows):
    """Make the table `comparisons` of left, right, choice and who chose."""
    names = ("left_name", "right_name", "choice", "rater_id", "gender")
    plain = {"quality": "safe", "status": "ok"}
    table = TABLES["comparisons"].frame(
        [
            plain | {"comparison_id": f"{number:05}"} | dict(zip(names, row, strict=True))
            for number, row in enumerate(rows)
        ]
    )
    of_study = pl.col("left_name", "right_name").replace("elsewhere", None)
    return table.with_columns(of_study.name.replace("_name", "_id"))


def test_pairs_are_scored_by_group_and_by_what_ties_them_together():
    random = np.random.default_rng(0)
    better = {"a": 3, "b": 2, "elsewhere": 1, "c": 0}
    rows = []
    for number in range(400):
        left, right = random.choice(["a", "b"] if number % 2 else ["elsewhere", "b", "c"], 2, False)
        is_woman = number % 4 < 2
        up = (better[left] > better[right]) == is_woman
        choice = "left" if (random.random() < 0.8) == up else "right"
        rows.append((left, right, choice, f"r{number % 40}", "woman" if is_woman else "man"))
    rows.append(("x", "y", "left", "r2", "man"))
    table = pairs(rows)
    scores, _ = image_scores(
        *(ratings([]), table, NOWHERE), groups=RaterGroups(gender=True), least_raters=20
    )
    check_contract(TABLES["image_ratings"], scores)
    order = {
        group: rows.sort("score")["image_id"].to_list()
        for (group,), rows in scores.filter(component=1).group_by("group_name")
    }
    assert order["gender woman"] == ["c", "b", "a"]
    assert order["gender man"] == ["a", "b", "c"]
    assert set(scores["method"]) == {"bradley_terry"}
    assert set(scores.filter(component=2)["image_id"]) == {"x", "y"}
    few, turned = (
        image_scores(
            *(ratings([]), rows, NOWHERE), groups=RaterGroups(gender=True), least_raters=21
        )
        for rows in (table, table[::-1])
    )
    assert turned[0].equals(few[0])
    assert set(few[1]) == {"gender woman, safe", "gender man, safe"}
    assert set(few[0]["group_name"]) == {"all"}
