"""Nested validation: predict each held-out part by models tuned and fitted on the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from streetview_assets.models.candidates.composite import with_calibrated_vectors
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import blocks_of
from streetview_assets.models.metrics.conformal import inside
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.out_of_fold import (
    Fold,
    distances_m,
    each_fold,
    folds_of,
    learned_shares,
    out_of_fold,
)
from streetview_assets.models.validation.plan import with_blocks
from streetview_assets.models.validation.prediction_intervals import prediction_intervals
from streetview_assets.models.validation.task import distances_to_predict, for_places
from streetview_assets.models.validation.tuned_models import TunedModels, predict_all, tune_all
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models
from streetview_assets.validations import Validation


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for held-out areas, of every model, on one split.

    Attributes
    ----------
    areas
        Those that were held out.
    validation, repeat
        How they were held out; which repeat of the split this is, from 1.
    fold
        The fold in which each area was held out, from 1.
    predicted
        Model to predictions, shape (n,).
    lower, upper
        Model to the ends of the prediction intervals, shape (n,), NaN where there is none.
    competing
        Which of the models are candidates and which baselines; `tuned` is neither.
    block
        The spatial block of each area, whichever way areas were held out.
    distance_m
        From each area to the nearest that was learned from when it was held out, metres; (n,).
    learned_share
        Of all areas, those learned from when this one was held out; (n,).
    influence
        Model to how much each area had to do, being learned from, with the errors in other folds:
        half of how fast their sum of squares falls as its value rises, (n,), units of the target.
        Of processes of place alone, where every area is held out.
    trials
        Every trial of every tuning, with its parameters and its error on the inner folds.
    truncated
        Whether a budget in seconds cut a tuning short.
    """

    areas: AreaDataset
    validation: Validation
    repeat: int
    fold: np.ndarray
    predicted: dict[str, np.ndarray]
    lower: dict[str, np.ndarray]
    upper: dict[str, np.ndarray]
    competing: Competitors
    block: np.ndarray
    distance_m: np.ndarray
    learned_share: np.ndarray
    influence: dict[str, np.ndarray] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)
    truncated: bool = False

    def inside(self, model: str) -> np.ndarray:
        """Say of which areas a model's interval holds the value: 1, 0, NaN without; (n,)."""
        return inside(self.areas.observed, self.lower[model], self.upper[model])


def cross_validate(
    competing: Competitors,
    data: AreaDataset,
    settings: Models,
    validation: Validation,
    seed: int,
    *,
    folds: Sequence[Fold] | None = None,
    timeout_s: float | None = None,
    on_fold: Callable[[], None] | None = None,
    repeat: int = 1,
) -> OutOfFold:
    """Predict areas by models that never saw their fold, tuning included.

    Under blocks, areas within `buffer_km` of one held out are not learned from either.
    Prediction intervals are made of the errors in other places; of a single fold, of those on the
    inner folds of the areas learned from.

    Parameters
    ----------
    competing
        Who competes on these areas, at least one candidate among them.
    data
        Rows sorted by area.
    settings
        The chapter `models` of the study file.
    validation
        How areas are held out: the inner folds are made in the same way.
    seed
        Of the folds and, beside validation and fold, of each tuning.
    folds
        Those of a split that is made elsewhere; default: those of the validation.
    timeout_s
        For all folds together.
    on_fold
        Called after each fold.
    repeat
        Each repeat has splits of its own.

    Raises
    ------
    TooFewGroupsError
        Where the areas cannot be split that way, or too few are left to learn from.
    """
    settings = with_blocks(data, settings, seed)
    data, folds = _dealt(data, folds, settings, validation, seed, repeat)
    number, predicted, influence, tuned = _predicted_by_fold(
        competing, data, folds, settings, validation, timeout_s, on_fold
    )
    block = blocks_of(data.place_m, settings.block_side_km)
    inner, level = tuned[0].inner_composed, settings.interval_level
    lower, upper = prediction_intervals(data, folds, predicted, inner, block, validation, level)
    held_out, trials = number > 0, zip(folds, tuned, strict=True)
    return OutOfFold(
        areas=data if held_out.all() else data.take(held_out),
        validation=validation,
        repeat=repeat,
        fold=number[held_out],
        predicted=predicted,
        lower=lower,
        upper=upper,
        competing=competing,
        block=block[held_out],
        distance_m=distances_m(data, folds)[held_out],
        learned_share=learned_shares(data, folds)[held_out],
        influence=influence if held_out.all() else {},
        trials=[row for one, made in trials for row in made.trials(validation, one.number, repeat)],
        truncated=any(models.truncated for models in tuned),
    )


def _dealt(
    data: AreaDataset,
    folds: Sequence[Fold] | None,
    settings: Models,
    validation: Validation,
    seed: int,
    repeat: int,
) -> tuple[AreaDataset, Sequence[Fold]]:
    """Deal areas out, unless that was done, and tell them how far and what around them matters."""
    if validation == "knndm":
        data = replace(data, to_predict=distances_to_predict(data, settings.task))
    if folds is None:
        folds = folds_of(data, validation, settings, seed, repeat)
    return with_calibrated_vectors(data, min(len(data.take(one.learning)) for one in folds)), folds


def _predicted_by_fold(
    competing: Competitors,
    data: AreaDataset,
    folds: Sequence[Fold],
    settings: Models,
    validation: Validation,
    timeout_s: float | None,
    on_fold: Callable[[], None] | None,
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray], list[TunedModels]]:
    """Give each area's fold, 0 for none; of those held out predictions; influence; the models."""
    tuned: dict[int, TunedModels] = {}
    influences: dict[int, dict[str, np.ndarray]] = {}
    budget_s = None if timeout_s is None else timeout_s / len(folds)

    def predict(train: AreaDataset, test: AreaDataset, fold: Fold) -> dict[str, np.ndarray]:
        train = for_places(train, test.place_m)
        with fitting_context(len(data)):
            models = tune_all(competing, train, settings, validation, fold.seed, timeout_s=budget_s)
            tuned[fold.number] = models
            predicted, influences[fold.number] = predict_all(models, train, test, fold.seed)
            return predicted

    each = each_fold(data, on_fold, is_timed=timeout_s is not None)
    with fitting_context(len(data)):  # and in every thread: warnings are set for all of them
        number, predicted = out_of_fold(data, folds, predict, each)
    predicted = {name: made[number > 0] for name, made in predicted.items()}
    influence: dict[str, np.ndarray] = {}
    for fold in folds:
        for name, found in influences[fold.number].items():
            influence.setdefault(name, np.zeros(len(data)))[fold.learning] += found
    return number, predicted, influence, [tuned[fold.number] for fold in folds]
