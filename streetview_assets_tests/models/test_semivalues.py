"""What images add to predictions that answer in steps: known answers, and a planted sign."""

from dataclasses import replace

import numpy as np
import pytest

from streetview_assets.models.explanations.explained_models import (
    ExplainedModel,
    final_model,
    model_of_all,
)
from streetview_assets.models.explanations.features_left import FeatureMaker, ImagesOfArea
from streetview_assets.models.explanations.influence import influences
from streetview_assets.models.explanations.influence_rows import InfluenceRows, add_influences
from streetview_assets.models.explanations.semivalues import groups_of, semivalues
from streetview_assets_tests.simulations import planted_images

MEAN = FeatureMaker(("pooled",), "mean")


def area_of(vectors, same_as=None):
    ids = tuple(f"image-{number:03}" for number in range(len(vectors)))
    return ImagesOfArea(ids, np.array(vectors, dtype=np.float32), same_as or ids)


def step_at(limit):
    return lambda rows: np.where(rows[:, 0] > limit, 10.0, 0.0)


@pytest.mark.parametrize("count", [2, 3, 40, 401, 950])
def test_every_image_is_in_about_as_many_groups_of_every_size(count):
    groups = groups_of(count, 400, np.random.default_rng(0))
    sizes = groups.sum(axis=1)
    assert 1 <= sizes.min() <= sizes.max() < count
    for size in np.unique(sizes):
        times = groups[sizes == size].sum(axis=0)
        assert times.min() > 0
        assert times.max() - times.min() <= (0 if count <= 400 else times.max() / 2)


def test_no_group_of_one_image_and_none_of_all_but_one_is_drawn_again():
    groups = groups_of(40, 1_600, np.random.default_rng(0))
    sizes = groups.sum(axis=1)
    assert (sizes == 1).sum() == (sizes == 39).sum() == 40
    assert (sizes == 3).sum() == 200
    assert len(groups) <= 1_600


def test_of_a_mean_an_image_adds_what_it_lies_off_the_others_by_the_size_of_groups():
    """With image i a mean of s is off by (a_i - mean of the others) / s: the mean over sizes."""
    value = np.random.default_rng(1).normal(size=12)
    groups = groups_of(12, 60_000, np.random.default_rng(2))
    sizes = groups.sum(axis=1)
    found = semivalues(groups, groups @ value / sizes)
    known = (value - (value.sum() - value) / 11) * np.mean(1 / np.unique(sizes))
    assert found == pytest.approx(known, abs=0.02)
    assert found.sum() == pytest.approx(0, abs=1e-9)


def test_a_sign_that_no_step_is_crossed_by_is_found_all_the_same():
    vectors = np.zeros((30, 2))
    vectors[7, 0] = 1
    area, predict = area_of(vectors), step_at(0.2)
    (left_out,) = influences([area], MEAN, predict, seed=1)
    assert set(left_out.of_images.values()) == {0.0}
    (drawn,) = influences([area], MEAN, predict, seed=1, in_steps=True)
    assert max(drawn.of_images, key=drawn.of_images.__getitem__) == "image-007"
    assert drawn.predicted == left_out.predicted == 0
    again = influences([area], MEAN, predict, seed=1, in_steps=True)[0]
    assert again == drawn


def test_what_images_that_are_the_same_add_is_summed():
    vectors = np.random.default_rng(3).normal(size=(9, 2))
    alone = influences([area_of(vectors)], MEAN, step_at(0), seed=1, in_steps=True)[0]
    ids = list(alone.of_images)
    same = influences(
        [area_of(vectors, (ids[0], ids[0], *ids[2:]))], MEAN, step_at(0), seed=1, in_steps=True
    )[0]
    both = alone.of_images[ids[0]] + alone.of_images[ids[1]]
    assert same.of_images[ids[0]] == pytest.approx(both)
    assert same.copies[ids[0]] == 2
    single = influences([area_of(vectors[:1])], MEAN, step_at(0), seed=1, in_steps=True)[0]
    assert np.isnan(single.of_images[ids[0]])


@pytest.mark.parametrize(
    ("statistic", "in_steps", "method"),
    [
        ("mean", False, "left out"),
        ("median", False, "shapley value of the vector"),
        ("median", True, "semivalue of the prediction, sampled"),
    ],
)
def test_the_table_says_how_influences_were_found(scored, quick, statistic, in_steps, method):
    class Steps:
        def predict(self, rows):
            return step_at(0)(rows) + rows[:, 1]

    made, vectors = InfluenceRows(), np.random.default_rng(4).normal(size=(8, 2))
    model = ExplainedModel("made-up", "knndm", 1, Steps(), in_steps=in_steps)
    maker = FeatureMaker(("pooled",), statistic)
    add_influences(made, {"A": area_of(vectors)}, model, maker, scored(quick()), most=3)
    assert set(made.frames()["image_influences"]["method"]) == {method}


@pytest.mark.parametrize(
    ("name", "params", "in_steps"),
    [
        ("ridge", {"alpha": 1.0}, False),
        ("random_forest", {"max_features": 0.2, "min_samples_leaf": 3}, True),
        (
            "stack",
            {
                "members": {
                    "ridge": {"alpha": 1.0},
                    "random_forest": {"max_features": 0.2, "min_samples_leaf": 3},
                },
                "weights": {"ridge": 0.5, "random_forest": 0.5},
            },
            True,
        ),
    ],
)
def test_a_model_that_is_made_of_trees_answers_in_steps(
    areas_of, scored, quick, name, params, in_steps
):
    data, scoring = areas_of(columns=4, rows=4), scored(quick())
    assert model_of_all(data, scoring, final_model(name, params, scoring)).in_steps is in_steps


def test_of_trees_a_planted_sign_is_found_and_the_largest_tenth_moves_three_times_as_much():
    """Whole: `python -m streetview_assets_tests.simulations.planted_images`."""
    town = planted_images.town(100, 40, 0.2, "mean", 1)
    one = planted_images.measured(town, ("gradient_boosting",), 0.2, 6, 1, trials=1)
    assert one.found.mean() > 0.9
    assert one.ratio > 3


def test_groups_of_every_feature_are_what_each_group_makes():
    vectors = np.random.default_rng(5).normal(size=(6, 3))
    area = replace(area_of(vectors), labels=("a", "b", "a", "b", "b", "a"))
    groups = groups_of(6, 20, np.random.default_rng(1))
    makers = (FeatureMaker((name, "pooled"), "median") for name in ("mean", "pooled_unit", "max"))
    for maker in (*makers, FeatureMaker(("pooled", "label_shares"), "min", ("a", "b"))):
        known = np.stack([maker.of(area, one) for one in groups])
        assert maker.of_groups(area, groups) == pytest.approx(known)
