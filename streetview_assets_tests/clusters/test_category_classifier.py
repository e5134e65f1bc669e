"""Categories told from vectors, from other areas alone; by the names that the study gives them."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
)
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from streetview_assets.clusters.categories.classifier import (
    FOLDS,
    STRENGTH,
    images_to_classify,
    named_categories,
    out_of_fold,
    score_categories,
    unknown_categories,
    why_not_classified,
)
from streetview_assets.clusters.categories.confusion import draw_confusion
from streetview_assets.embeddings.vectors import matrix, unit, vector_series
from streetview_assets.figures import to_png
from streetview_assets.tables.registry import TABLES, check_contract

NAMES = np.array(["house", "flat", "shop"])


def images(signal: float, count: int = 240, groups: int = 30, seed: int = 1) -> pl.DataFrame:
    """Make images of three categories, more or less told by their vectors."""
    rng = np.random.default_rng(seed)
    category = rng.choice(3, count, p=[0.5, 0.3, 0.2])
    vectors = unit(signal * np.eye(3, 12)[category] + rng.normal(size=(count, 12)))
    return pl.DataFrame(
        {
            "image_id": [f"i{number:04}" for number in range(count)],
            "category": NAMES[category],
            "group": [f"area {number}" for number in rng.integers(0, groups, count)],
        }
    ).with_columns(vector_series("embedding", vectors))


def whole(scores: pl.DataFrame) -> dict[str, float]:
    return dict(scores.filter(category="").select("measure", "value").iter_rows())


@pytest.fixture(scope="module")
def told() -> tuple[pl.DataFrame, pl.DataFrame]:
    some = images(signal=2.5)
    return some, score_categories(some, encoder="made-up", seed=3)


def test_scores_are_those_of_scikit_learn(told):
    some, scores = told
    check_contract(TABLES["category_scores"], scores)
    vectors, category, group = matrix(some["embedding"]), some["category"], some["group"]
    expected = np.empty(some.height, dtype=object)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=3)
    for train, test in folds.split(vectors, category, group):
        scale = StandardScaler().fit(vectors[train])
        model = LogisticRegression(C=STRENGTH, max_iter=1000)
        model.fit(scale.transform(vectors[train]), category[train])
        expected[test] = model.predict(scale.transform(vectors[test]))
        assert not set(group[train]) & set(group[test])
    found = whole(scores)
    assert found["accuracy"] == pytest.approx(accuracy_score(category, expected))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(category, expected))
    assert found["largest_share"] == pytest.approx((category == "house").mean())
    names = sorted(NAMES)
    table = confusion_matrix(category, expected, labels=names)
    precision, recall, f1, _ = precision_recall_fscore_support(category, expected, labels=names)
    for row, name in enumerate(names):
        mine = dict(
            scores.filter(category=name, predicted_category="").select("measure", "value").rows()
        )
        assert mine["precision"] == pytest.approx(precision[row])
        assert mine["recall"] == pytest.approx(recall[row])
        assert mine["f1"] == pytest.approx(f1[row])
        counts = scores.filter(measure="confusion", category=name).sort("predicted_category")
        assert counts["value"].to_list() == table[row].tolist()
        assert counts["image_count"].sum() == (category == name).sum()
    assert found["accuracy"] > 0.75, "the vectors do tell"


def test_rows_in_another_order_give_the_same_scores(told):
    some, scores = told
    shuffled = some.sample(fraction=1, shuffle=True, seed=5)
    assert score_categories(shuffled, encoder="made-up", seed=3).equals(scores)


def test_what_vectors_do_not_tell_is_not_told():
    found = whole(score_categories(images(signal=0, count=600), encoder="made-up", seed=1))
    assert found["accuracy"] < found["largest_share"] + 0.03
    assert found["balanced_accuracy"] == pytest.approx(1 / 3, abs=0.06)


def test_two_near_equal_images_of_one_point_bring_nothing():
    rng = np.random.default_rng(1)
    count, dimension = 150, 120
    category = NAMES[np.repeat(rng.integers(0, 2, count), 2)]
    once = rng.normal(size=(count, dimension))
    vectors = np.repeat(once, 2, axis=0) + rng.normal(scale=0.01, size=(2 * count, dimension))
    point = np.repeat([f"point {number}" for number in range(count)], 2)
    leaked = np.array([f"image {number}" for number in range(2 * count)])
    kept, alone = (
        (out_of_fold(unit(vectors), category, groups, seed=1) == category).mean()
        for groups in (point, leaked)
    )
    assert kept < 0.6
    assert alone > 0.75, "it would have, had images of a point been in two folds"


def rows_of(some: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    return some.select("image_id", "category").with_columns(
        point_id=pl.col("image_id").str.slice(0, 4),
        area_code=pl.lit(None, dtype=pl.String),
        sha256=pl.col("image_id"),
        is_current=pl.lit(True),
        **columns,
    )


def test_images_of_an_area_or_else_of_a_point_are_a_group():
    some = images(signal=1, count=40)
    by_point = images_to_classify(some, rows_of(some))
    assert by_point["group"].to_list() == [f"point {one[:4]}" for one in some["image_id"]]
    in_areas = rows_of(some).with_columns(area_code=pl.lit("A"))
    assert set(images_to_classify(some, in_areas)["group"]) == {"area A"}
    same = rows_of(some).with_columns(sha256=pl.lit("one file"))
    assert images_to_classify(some, same)["image_id"].to_list() == ["i0000"]


def test_a_category_in_too_few_areas_is_left_out_and_said():
    some = images(signal=2)
    rare = some["image_id"].is_in(["i0000", "i0001", "i0002"])
    with_rare = some.with_columns(
        category=pl.when(rare).then(pl.lit("palace")).otherwise("category")
    )
    scores = score_categories(with_rare, encoder="made-up", seed=1)
    left_out = scores.filter(category="palace")
    assert set(left_out["measure"]) == {"precision", "recall", "f1"}
    assert left_out["value"].null_count() == 3
    assert ", at least 5 needed" in left_out["note"][0]
    assert scores.filter(measure="accuracy")["image_count"].item() == some.height - 3


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (pl.DataFrame.clear, "no image has a category"),
        (lambda some: some.filter(category="flat"), "all images are of one category, flat"),
        (lambda some: some.head(1), "all images are of one category"),
        (
            lambda some: some.with_columns(group=pl.lit("area 1")),
            "0 of the categories are in 5 areas, or points without one, or more; two are needed",
        ),
        (lambda some: some, ""),
    ],
)
def test_where_nothing_can_be_learned_the_reason_is_said(change, why):
    found = why_not_classified(change(images(signal=1)))
    assert (why in found) if why else not found


def test_a_category_that_is_never_named_has_no_precision():
    some = images(signal=0, count=200)
    few = some.with_columns(
        category=pl.when(pl.int_range(pl.len()) % 25 == 0)
        .then(pl.lit("shop"))
        .otherwise(pl.lit("house"))
    )
    scores = score_categories(few, encoder="made-up", seed=1)
    check_contract(TABLES["category_scores"], scores)
    named = scores.filter(measure="precision", category="shop").row(0, named=True)
    assert (named["value"], named["image_count"]) == (None, 0)
    assert named["note"]
    assert scores.filter(measure="f1", category="shop")["value"].item() == 0


def test_the_chart_has_the_largest_category_first(told):
    figure = draw_confusion(told[1], title="made up", credit="me")
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [row.split()[0] for row in rows] == ["house", "flat", "shop"]
    assert to_png(figure)


def test_categories_are_renamed_put_together_and_left_out():
    given = pl.DataFrame({"image_id": list("abcde"), "category": ["a", "b", "c", "d", None]})
    named = named_categories(given, {"a": "home", "b": "home", "c": None, "x": "y"})
    assert named["category"].to_list() == ["home", "home", None, "d", None]
    assert named_categories(given, {}).equals(given)
    assert unknown_categories(given, {"a": "home", "x": "y"}) == ["x"]
    swapped = named_categories(given, {"a": "b", "b": "a"})
    assert swapped["category"].to_list()[:2] == ["b", "a"], "names are looked up once"
    nothing = named_categories(given.with_columns(category=pl.lit(None, pl.String)), {"a": None})
    assert nothing["category"].null_count() == 5
