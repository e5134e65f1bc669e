"""Nested validation: predict each held-out part by models tuned and fitted on the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from streetview_assets.models.candidates.composite import (
    COMPOSITE,
    IMAGES_AROUND,
    IMAGES_CALIBRATED,
    IMAGES_KRIGED,
    Shrinkage,
    fit_shrinkage,
    short_of,
    shrunk_of,
    with_calibrated_vectors,
)
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import blocks_of, seed_of
from streetview_assets.models.kriging.kriged_errors import KrigedErrors
from streetview_assets.models.metrics.conformal import inside
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.inner_folds import inner_splits
from streetview_assets.models.validation.out_of_fold import (
    Fold,
    distances_m,
    each_fold,
    errors_that_move,
    folds_of,
    learned_shares,
    out_of_fold,
)
from streetview_assets.models.validation.plan import with_blocks
from streetview_assets.models.validation.prediction_intervals import prediction_intervals
from streetview_assets.models.validation.task import distances_to_predict, for_places
from streetview_assets.models.validation.tuning import (
    Tuned,
    best_of,
    calibrated_predictions,
    fitting_context,
    tune_baseline,
    tune_candidates,
)
from streetview_assets.study.models import Models
from streetview_assets.validations import Validation

TUNED = "tuned"
"""The model that counts: every candidate tuned, and the best of them taken, inside the fold."""
LEAST_AREAS = 10


@dataclass(frozen=True)
class TunedModels:
    """All models tuned on one training part.

    Attributes
    ----------
    candidates, baselines
        Each with its parameters; among the baselines, the best candidate on other features.
    observed, image_counts
        Of the training part, (n,).
    calibrated
        What the best candidate, learned from calibrated vectors, says by those around each area
        and by its own, and this with what it was short of around, out of the inner folds, each
        (n,); None where that is not asked for.
    errors
        What it was short of, as it is predicted of other areas.
    """

    candidates: list[Tuned]
    baselines: list[Tuned]
    observed: np.ndarray
    image_counts: np.ndarray
    calibrated: tuple[np.ndarray, ...] | None = None
    errors: KrigedErrors | None = None

    @property
    def best(self) -> Tuned:
        """The candidate that did best on the inner folds."""
        return best_of(self.candidates)

    @property
    def truncated(self) -> bool:
        """Whether a budget in seconds cut one of the tunings short."""
        return any(one.truncated for one in (*self.candidates, *self.baselines))

    @property
    def inner_predicted(self) -> dict[str, np.ndarray]:
        """Every model's predictions out of the inner folds, by its name in results; (n,)."""
        every = {one.model.name: one.inner_predicted for one in (*self.candidates, *self.baselines)}
        made = {TUNED: self.best.inner_predicted, **every}
        if self.calibrated is None:
            return made
        names = IMAGES_AROUND, IMAGES_CALIBRATED, IMAGES_KRIGED
        return made | dict(zip(names, self.calibrated, strict=True))

    @property
    def inner_composed(self) -> dict[str, np.ndarray]:
        """The same with the prediction by shrunk images, where the inner folds tell how; (n,)."""
        return self.with_composite(self.inner_predicted, self.image_counts)

    @cached_property
    def shrinkage(self) -> Shrinkage | None:
        """How images are shrunk towards place and the areas around, by the inner folds."""
        inner = self.inner_predicted
        if IMAGES_KRIGED not in inner:
            return None
        direct = inner[TUNED] + short_of(inner)
        return fit_shrinkage(self.observed, direct, shrunk_of(inner), self.image_counts)

    def with_composite(
        self, predicted: dict[str, np.ndarray], image_counts: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Add the prediction by shrunk images, where the inner folds tell how.

        Parameters
        ----------
        predicted
            Model to predictions, (n,), `tuned` among them.
        image_counts
            Of the areas predicted, (n,).
        """
        if self.shrinkage is None:
            return predicted
        direct = predicted[TUNED] + short_of(predicted)
        made = self.shrinkage.composite(direct, shrunk_of(predicted), image_counts)
        return predicted | {COMPOSITE: made}

    def trials(self, validation: Validation, fold: int, repeat: int = 1) -> list[dict[str, Any]]:
        """List the trials of all tunings, with the split that they were made for.

        Parameters
        ----------
        validation, fold, repeat
            The split; fold 0: all areas.
        """
        made_for = {"validation": validation, "repeat": repeat, "fold": fold}
        return [made_for | trial for tuned in self.candidates for trial in tuned.trials]


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
        For this tuning, the candidates on other features among it.
    """
    splits = inner_splits(train, validation, settings, seed_of(seed, "inner folds"))
    budget_s = None if timeout_s is None else timeout_s / (1 + len(competing.others))
    limits: dict[str, Any] = {"trials": settings.trials, "seed": seed, "timeout_s": budget_s}
    candidates = tune_candidates(competing.candidates, train, splits, **limits)
    baselines = [tune_baseline(baseline, train, splits, seed) for baseline in competing.baselines]
    for name, others in competing.others.items():
        best = best_of(tune_candidates(others, train, splits, **limits))
        baselines.append(replace(best, model=replace(best.model, name=name)))
    calibrated = calibrated_predictions(best_of(candidates), train, splits, seed)
    models = TunedModels(candidates, baselines, train.observed, train.image_counts)
    if calibrated is None:
        return models
    seen = train.observed - calibrated[1], train.place_m, train.authority_codes
    errors = KrigedErrors.of(*seen, seed=seed)
    kriged = calibrated[1] + errors.out_of_fold(*seen, splits)
    return replace(models, calibrated=(*calibrated, kriged), errors=errors)


def predict_all(
    models: TunedModels, train: AreaDataset, test: AreaDataset, seed: int
) -> dict[str, np.ndarray]:
    """Fit every tuned model to the training part and predict the test part; as `with_influence`."""
    return with_influence(models, train, test, seed)[0]


def with_influence(
    models: TunedModels, train: AreaDataset, test: AreaDataset, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Fit every tuned model to the training part, predict the test part, say what tells of errors.

    No prediction leaves the values learned from.

    Parameters
    ----------
    models
        What `tune_all` gives for this training part.
    train, test
        Areas to learn from, and to predict.
    seed
        Of the fit, where the model draws anything.

    Returns
    -------
    tuple
        Model to predictions; and to how much each area learned from had to do with their errors
        (`OutOfFold.influence`), of those that can tell.
    """
    seen, best = (train.observed.min(), train.observed.max()), models.best
    every = [*models.candidates, *models.baselines]
    fitted = {tuned.model.name: tuned.fit(train, seed) for tuned in every}
    predicted = {one.model.name: one.predict(fitted[one.model.name], test) for one in every}
    predicted = {TUNED: predicted[best.model.name], **predicted}
    predicted |= _of_calibrated(models, train, test, seed)
    predicted = {name: np.clip(values, *seen) for name, values in predicted.items()}
    influence = {}
    for one in models.baselines:
        name = one.model.name
        errors = errors_that_move(test.observed, predicted[name], seen)
        if (found := one.influence(fitted[name], test, errors)) is not None:
            influence[name] = found
    made = models.with_composite(predicted, test.image_counts)
    return {name: np.clip(values, *seen) for name, values in made.items()}, influence


def _of_calibrated(
    models: TunedModels, train: AreaDataset, test: AreaDataset, seed: int
) -> dict[str, np.ndarray]:
    """Predict by the best candidate on calibrated vectors, where there are such."""
    if models.errors is None or train.calibrated is None:
        return {}
    best = models.best
    fitted = best.fit(replace(train, vectors=train.calibrated), seed)
    around, own = (
        best.predict(fitted, replace(test, vectors=vectors))
        for vectors in (test.around, test.calibrated)
        if vectors is not None
    )
    kriged = own + models.errors.predict(test.place_m, test.authority_codes)
    return {IMAGES_AROUND: around, IMAGES_CALIBRATED: own, IMAGES_KRIGED: kriged}


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
            predicted, influences[fold.number] = with_influence(models, train, test, fold.seed)
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
