"""Nested validation: predict each held-out part by models tuned and fitted on the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streetview_assets.models.candidates.baselines import Baseline, baselines_for
from streetview_assets.models.candidates.preprocessing import prepared
from streetview_assets.models.candidates.registry import Candidate, candidates_for
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import (
    LEAST_TO_LEARN_FROM,
    TooFewGroupsError,
    Validation,
    blocks_of,
    holdout_rows,
    inner_folds,
    near_blocks,
    outer_folds,
    seed_of,
)
from streetview_assets.models.metrics.conformal import half_width
from streetview_assets.models.validation.tuning import (
    Tuned,
    best_of,
    fitting_context,
    tune_baseline,
    tune_candidates,
)
from streetview_assets.study.models import Models

TUNED = "tuned"
"""The model that counts: every candidate tuned, and the best of them taken, inside the fold."""
REPEAT = 1
LEAST_AREAS = 10


@dataclass(frozen=True)
class Competitors:
    """Who competes on some areas, and for each who cannot the reason."""

    candidates: list[Candidate]
    baselines: list[Baseline]
    left_out: dict[str, str]


@dataclass(frozen=True)
class TunedModels:
    """All models tuned on one training part."""

    candidates: list[Tuned]
    baselines: list[Tuned]
    fold: np.ndarray

    @property
    def best(self) -> Tuned:
        """The candidate that did best on the inner folds."""
        return best_of(self.candidates)

    @property
    def truncated(self) -> bool:
        """Whether a budget in seconds cut the tuning short."""
        return any(tuned.truncated for tuned in self.candidates)


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for held-out areas, of every model, on one split.

    Attributes
    ----------
    fold
        The fold in which each area was held out, from 1.
    group
        Areas that are resampled together by the bootstrap.
    predicted
        Model to predictions, shape (n,).
    competing
        Which of the models are candidates and which baselines; `tuned` is neither.
    trials
        Every trial of every tuning, with its parameters and its error on the inner folds.
    truncated
        Whether a budget in seconds cut a tuning short.
    repeat
        Which repeat of the split this is, from 1.
    block
        The spatial block of each area, whichever way areas were held out; None where it plays
        no part.
    """

    validation: Validation
    fold: np.ndarray
    group: np.ndarray
    predicted: dict[str, np.ndarray]
    competing: Competitors
    trials: list[dict[str, Any]] = field(default_factory=list)
    truncated: bool = False
    repeat: int = REPEAT
    block: np.ndarray | None = None


def competitors_for(data: AreaDataset, settings: Models) -> Competitors:
    """Decide who competes, on all areas: no fold may let in whom another leaves out.

    Parameters
    ----------
    data
        All areas.
    settings
        The chapter `models` of the study file.
    """
    candidates, too_large = candidates_for(settings.candidates, len(data))
    baselines, without_input = baselines_for(data)
    ready, unprepared = prepared(candidates, data, settings)
    return Competitors(ready, baselines, too_large | unprepared | without_input)


def tune_all(
    competing: Competitors,
    train: AreaDataset,
    settings: Models,
    validation: Validation,
    seed: int,
    *,
    timeout_s: float | None = None,
) -> TunedModels:
    """Tune every candidate and baseline on a training part, held out inside as outside.

    Parameters
    ----------
    competing
        At least one candidate among them.
    train
        Rows sorted by area.
    settings
        The chapter `models` of the study file.
    validation
        How the test part is held out: the inner folds are made in the same way.
    seed
        Of the inner folds and of the search.
    timeout_s
        For this tuning.
    """
    fold = inner_folds(
        train, validation, settings.folds, settings.block_km, seed_of(seed, "inner folds")
    )
    return TunedModels(
        candidates=tune_candidates(
            competing.candidates,
            train,
            fold,
            trials=settings.trials,
            seed=seed,
            timeout_s=timeout_s,
        ),
        baselines=[tune_baseline(baseline, train, fold, seed) for baseline in competing.baselines],
        fold=fold,
    )


def predict_all(
    models: TunedModels, train: AreaDataset, test: AreaDataset, seed: int
) -> dict[str, np.ndarray]:
    """Fit every tuned model to the training part and predict the test part.

    Parameters
    ----------
    models
        What `tune_all` gives for this training part.
    train, test
        Areas to learn from, and to predict.
    seed
        Of the fit, where the model draws anything.
    """
    predicted = {}
    for tuned in [*models.candidates, *models.baselines]:
        predicted[tuned.model.name] = tuned.predict(tuned.fit(train, seed), test)
    return {TUNED: predicted[models.best.model.name], **predicted}


def cross_validate(
    competing: Competitors,
    data: AreaDataset,
    settings: Models,
    validation: Validation,
    seed: int,
    *,
    timeout_s: float | None = None,
    on_fold: Callable[[], None] | None = None,
    repeat: int = REPEAT,
) -> OutOfFold:
    """Predict every area by models that never saw its fold, tuning included.

    Under blocks, areas within `buffer_km` of a held-out block are not learned from either.

    Parameters
    ----------
    competing
        Who competes on these areas, at least one candidate among them.
    data
        Rows sorted by area.
    settings
        The chapter `models` of the study file.
    validation
        How areas are held out: `random`, `blocks` or `authorities`.
    seed
        Of the folds and, beside validation and fold, of each tuning.
    timeout_s
        For all folds together.
    on_fold
        Called after each fold.
    repeat
        Each repeat has splits of its own.

    Raises
    ------
    TooFewGroupsError
        Where the areas cannot be split that way, or a buffer leaves too few to learn from.
    """
    if repeat > 1:
        seed = seed_of(seed, "repeat", repeat)
    fold = outer_folds(
        data, validation, settings.folds, settings.block_km, seed_of(seed, validation)
    )
    predicted: dict[str, np.ndarray] = {}
    trials: list[dict[str, Any]] = []
    truncated = False
    numbers = np.unique(fold)
    learning = {
        number: learned_from(data, fold == number, validation, settings) for number in numbers
    }
    with fitting_context(len(data)):
        for number in numbers:
            train, test = data.take(learning[number]), data.take(fold == number)
            fold_seed = seed_of(seed, validation, number)
            budget_s = None if timeout_s is None else timeout_s / len(numbers)
            models = tune_all(competing, train, settings, validation, fold_seed, timeout_s=budget_s)
            for name, values in predict_all(models, train, test, fold_seed).items():
                predicted.setdefault(name, np.empty(len(data)))[fold == number] = values
            trials += trials_of(models, validation, int(number), repeat)
            truncated |= models.truncated
            if on_fold:
                on_fold()
    return OutOfFold(
        validation=validation,
        fold=fold,
        group=bootstrap_groups(data, validation, settings.block_km),
        predicted=predicted,
        competing=competing,
        trials=trials,
        truncated=truncated,
        repeat=repeat,
        block=blocks_of(data.place_m, settings.block_km),
    )


def hold_out(
    competing: Competitors,
    data: AreaDataset,
    settings: Models,
    seed: int,
    *,
    timeout_s: float | None = None,
) -> tuple[np.ndarray, OutOfFold, dict[str, np.ndarray]]:
    """Predict a share of the areas, drawn once, by models tuned and fitted on the others.

    Parameters
    ----------
    competing
        Who competes on these areas, at least one candidate among them.
    data
        Rows sorted by area.
    settings
        The chapter `models` of the study file; its `holdout` is the share held out.
    seed
        Of the split, as it is; scikit-learn's `train_test_split` with it draws the same areas.
    timeout_s
        For the one tuning; None: as long as the trials take.

    Returns
    -------
    tuple
        Positions of the areas held out; their predictions; model to half widths of the
        prediction intervals, from the errors on inner folds of the areas learned from.

    Raises
    ------
    TooFewGroupsError
        Where hardly any area would be left to learn from.
    """
    assert settings.holdout is not None
    rows = holdout_rows(data.area_codes, settings.holdout, seed)
    train, test = data.take(np.setdiff1d(np.arange(len(data)), rows)), data.take(rows)
    fold_seed = seed_of(seed, "holdout", 1)
    with fitting_context(len(data)):
        models = tune_all(competing, train, settings, "holdout", fold_seed, timeout_s=timeout_s)
        predicted = predict_all(models, train, test, fold_seed)
    split = OutOfFold(
        validation="holdout",
        fold=np.ones(len(test), dtype=np.int64),
        group=bootstrap_groups(test, "holdout", settings.block_km),
        predicted=predicted,
        competing=competing,
        trials=trials_of(models, "holdout", 1),
        truncated=models.truncated,
        block=blocks_of(test.place_m, settings.block_km),
    )
    return rows, split, inner_half_widths(models, train, len(test), settings.interval_level)


def inner_half_widths(
    models: TunedModels, train: AreaDataset, test_count: int, level: float
) -> dict[str, np.ndarray]:
    """Give every model's half widths of prediction intervals, from its errors on inner folds.

    Parameters
    ----------
    models
        What `tune_all` gives for this training part.
    train
        The areas that they were tuned on.
    test_count
        Areas that get the width, one and the same.
    level
        Share of areas that intervals are to hold, 0 to 1.
    """
    widths = {}
    for tuned in [*models.candidates, *models.baselines]:
        width = half_width(train.observed - tuned.inner_predicted, level)
        widths[tuned.model.name] = np.full(test_count, np.nan if width is None else width)
    return {TUNED: widths[models.best.model.name], **widths}


def learned_from(
    data: AreaDataset, held_out: np.ndarray, validation: Validation, settings: Models
) -> np.ndarray:
    """Say which areas a fold's models learn from: those not held out, beyond the buffer.

    Parameters
    ----------
    data
        All areas.
    held_out
        Which of them are held out, shape (n,), boolean.
    validation
        How they are; only `blocks` has a buffer.
    settings
        The chapter `models` of the study file: `block_km`, `buffer_km`.

    Raises
    ------
    TooFewGroupsError
        Where the buffer leaves too few.
    """
    if validation != "blocks" or not settings.buffer_km:
        return ~held_out
    learning = ~near_blocks(data.place_m, held_out, settings.block_km, settings.buffer_km)
    if learning.sum() < LEAST_TO_LEARN_FROM:
        raise TooFewGroupsError(
            f"a buffer of {settings.buffer_km:g} km leaves {learning.sum()} of {len(data)} areas "
            f"to learn from, at least {LEAST_TO_LEARN_FROM} needed"
        )
    return learning


def bootstrap_groups(data: AreaDataset, validation: Validation, block_km: float) -> np.ndarray:
    """Say which areas the bootstrap draws together: single areas at random, else blocks.

    Parameters
    ----------
    data
        The areas of a split.
    validation
        How they were held out.
    block_km
        Side of a square of the grid.
    """
    if validation in ("random", "holdout"):
        return np.arange(len(data))
    return blocks_of(data.place_m, block_km)


def trials_of(
    models: TunedModels, validation: Validation, fold: int, repeat: int = REPEAT
) -> list[dict[str, Any]]:
    """List the trials of `tune_all`, with the split that they were made for.

    Parameters
    ----------
    models, validation, fold, repeat
        What was tuned, and for which split.
    """
    return [
        {"validation": validation, "repeat": repeat, "fold": fold, **trial}
        for tuned in models.candidates
        for trial in tuned.trials
    ]
