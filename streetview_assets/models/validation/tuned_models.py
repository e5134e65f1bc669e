"""All models tuned on one training part, inside its folds, and what they predict elsewhere."""

from dataclasses import dataclass, replace
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
)
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.kriging.kriged_errors import KrigedErrors
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.inner_folds import inner_splits
from streetview_assets.models.validation.out_of_fold import errors_that_move
from streetview_assets.models.validation.tuning import (
    Tuned,
    best_of,
    calibrated_predictions,
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
