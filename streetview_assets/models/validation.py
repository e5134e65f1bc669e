"""Nested cross-validation: predict each held-out part by models tuned and fitted on the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streetview_assets.models.baselines import Baseline, baselines_for
from streetview_assets.models.candidates import Candidate, candidates_for
from streetview_assets.models.dataset import AreaDataset
from streetview_assets.models.folds import (
    Validation,
    blocks_of,
    inner_folds,
    outer_folds,
    seed_of,
)
from streetview_assets.models.tuning import (
    Tuned,
    best_of,
    calm_computing,
    tune_baseline,
    tune_candidates,
)
from streetview_assets.study import Models

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
    """

    validation: Validation
    fold: np.ndarray
    group: np.ndarray
    predicted: dict[str, np.ndarray]
    competing: Competitors
    trials: list[dict[str, Any]] = field(default_factory=list)
    truncated: bool = False


def competitors_for(data: AreaDataset, settings: Models) -> Competitors:
    """Decide who competes, on all areas: no fold may let in whom another leaves out."""
    candidates, too_large = candidates_for(settings.candidates, len(data))
    baselines, without_input = baselines_for(data)
    return Competitors(candidates, baselines, too_large | without_input)


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
    """Fit every tuned model to the training part and predict the test part."""
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
) -> OutOfFold:
    """Predict every area by models that never saw its fold, tuning included.

    Parameters
    ----------
    competing
        Who competes on these areas, at least one candidate among them.
    data
        Rows sorted by area.
    timeout_s
        For all folds together.

    Raises
    ------
    TooFewGroupsError
        Where the areas cannot be split that way.
    """
    fold = outer_folds(
        data, validation, settings.folds, settings.block_km, seed_of(seed, validation)
    )
    predicted: dict[str, np.ndarray] = {}
    trials: list[dict[str, Any]] = []
    truncated = False
    numbers = np.unique(fold)
    with calm_computing(len(data)):
        for number in numbers:
            train, test = data.take(fold != number), data.take(fold == number)
            fold_seed = seed_of(seed, validation, number)
            budget_s = None if timeout_s is None else timeout_s / len(numbers)
            models = tune_all(competing, train, settings, validation, fold_seed, timeout_s=budget_s)
            for name, values in predict_all(models, train, test, fold_seed).items():
                predicted.setdefault(name, np.empty(len(data)))[fold == number] = values
            trials += trials_of(models, validation, int(number))
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
    )


def bootstrap_groups(data: AreaDataset, validation: Validation, block_km: float) -> np.ndarray:
    """Say which areas the bootstrap draws together: single areas at random, else blocks."""
    if validation == "random":
        return np.arange(len(data))
    return blocks_of(data.place_m, block_km)


def trials_of(models: TunedModels, validation: Validation, fold: int) -> list[dict[str, Any]]:
    """List the trials of a tuning, with the fold they were made for."""
    return [
        {"validation": validation, "fold": fold, **trial}
        for tuned in models.candidates
        for trial in tuned.trials
    ]
