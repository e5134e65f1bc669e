"""Nothing of a held-out area may reach the models that predict it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score

from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.validation.competitors import Competitors, competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.out_of_fold import Fold, out_of_fold
from streetview_assets.models.validation.tuned_models import TUNED

VALIDATIONS = ("random", "blocks", "authorities")


@pytest.mark.parametrize("validation", VALIDATIONS)
def test_targets_of_a_fold_do_not_change_its_predictions(areas_of, quick, validation):
    data = areas_of()
    settings = quick(trials=5, candidates=("ridge", "kernel_ridge", "pls", "gradient_boosting"))
    honest = cross_validate(competitors_for(data, settings), data, settings, validation, 1)
    hidden = honest.fold == 2
    garbage = np.where(hidden, -1e6 * data.observed, data.observed)
    spoiled = replace(data, observed=garbage)
    after = cross_validate(competitors_for(spoiled, settings), spoiled, settings, validation, 1)
    for model, predicted in honest.predicted.items():
        assert np.array_equal(predicted[hidden], after.predicted[model][hidden]), model
        if model != "gradient_boosting":
            assert not np.allclose(predicted[~hidden], after.predicted[model][~hidden]), model


def test_vectors_of_other_held_out_areas_change_no_prediction_by_an_areas_own(areas_of, quick):
    """The composite looks at the images of the areas around, which show no value of the target."""
    data = areas_of()
    settings = quick(candidates=("ridge", "kernel_ridge", "pls", "gradient_boosting"))
    honest = cross_validate(competitors_for(data, settings), data, settings, "blocks", 1)
    hidden = np.flatnonzero(honest.fold == 1)
    vectors, colours = data.vectors.copy(), data.mean_colour.copy()
    vectors[hidden[1:]] *= 1_000
    colours[hidden[1:]] *= 1_000
    spoiled = replace(data, vectors=vectors, mean_colour=colours)
    after = cross_validate(competitors_for(spoiled, settings), spoiled, settings, "blocks", 1)
    around = {"images_around", "images_calibrated", "images_kriged", "composite"}
    assert around < set(honest.predicted)
    for model in set(honest.predicted) - around:
        predicted = honest.predicted[model]
        assert predicted[hidden[0]] == pytest.approx(after.predicted[model][hidden[0]], rel=1e-12)


def test_the_tuned_model_is_in_each_fold_one_of_the_candidates(areas_of, quick):
    data = areas_of()
    settings = quick()
    split = cross_validate(competitors_for(data, settings), data, settings, "random", 1)
    for fold in set(split.fold):
        inside = split.fold == fold
        best = min(
            (trial for trial in split.trials if trial["fold"] == fold),
            key=lambda trial: trial["rmse"],
        )
        assert np.array_equal(
            split.predicted[TUNED][inside], split.predicted[best["model"]][inside]
        )


def test_trials_are_dealt_out_over_the_candidates_in_each_fold(areas_of, quick):
    data = areas_of()
    settings = quick(trials=5)
    split = cross_validate(competitors_for(data, settings), data, settings, "random", 1)
    for fold in set(split.fold):
        models = [trial["model"] for trial in split.trials if trial["fold"] == fold]
        assert (models.count("ridge"), models.count("pls")) == (3, 2)
    assert not split.truncated


def test_a_budget_in_seconds_cuts_the_tuning_short_and_says_so(areas_of, quick):
    data = areas_of()
    settings = quick(trials=400)
    competing = Competitors(competitors_for(data, settings).candidates, [], {})
    split = cross_validate(competing, data, settings, "random", 1, timeout_s=0.01)
    assert split.truncated
    assert np.isfinite(split.predicted[TUNED]).all()


@pytest.mark.parametrize("validation", ["random", "blocks", "holdout", "authorities"])
def test_shuffled_targets_score_nothing_and_the_true_ones_score_more(areas_of, quick, validation):
    data = areas_of(columns=20, rows=20, width=60, noise=0.3)
    settings = quick(candidates=("ridge",), trials=2, folds=3)
    competing = Competitors(competitors_for(data, settings).candidates, [], {})

    def r2(observed, seed):
        shuffled = replace(data, observed=observed)
        split = cross_validate(competing, shuffled, settings, validation, seed)
        return r2_score(split.areas.observed, split.predicted[TUNED])

    shuffles = []
    for number in range(10):
        seed = seed_of(number, "shuffle")
        shuffles.append(r2(np.random.default_rng(seed).permutation(data.observed), seed))
    assert -0.2 <= np.median(shuffles) <= 0.05
    assert max(shuffles) <= 0.15
    assert r2(data.observed, 42) > max(max(shuffles), 0.3)


def test_each_fold_is_predicted_by_what_it_learns_from_alone(areas_of):
    data = areas_of().take(np.arange(6))
    masks = np.eye(6, dtype=bool)
    near = masks[0] | masks[1]
    folds = [Fold(1, masks[0], ~near, 7), Fold(2, masks[2] | masks[4], masks[3], 8)]
    seen = []

    def predict(train, test, fold):
        seen.append((train.area_codes, test.area_codes, fold.seed))
        return {"model": test.observed + fold.number}

    number, predicted = out_of_fold(data, folds, predict)
    assert seen == [
        (["A0002", "A0003", "A0004", "A0005"], ["A0000"], 7),
        (["A0003"], ["A0002", "A0004"], 8),
    ]
    assert number.tolist() == [1, 0, 2, 0, 2, 0]
    expected = np.where(number > 0, data.observed + number, np.nan)
    assert np.array_equal(predicted["model"], expected, equal_nan=True)
