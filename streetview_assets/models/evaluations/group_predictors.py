"""What is fitted to images of a group: ridge, the study's own choice, or the published recipe."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from streetview_assets.models.candidates.model_spec import PUBLISHED_SPEC, ModelSpec
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError
from streetview_assets.models.evaluations.selection import no_candidate, share_of_budget
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.group_folds import GroupPredictor
from streetview_assets.models.validation.out_of_fold import Fold, buffer_m, numbered_folds
from streetview_assets.models.validation.ridge_cv import MEAN, RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuned_models import TUNED, tune_all
from streetview_assets.study.models import GroupModel
from streetview_assets.validations import Validation

MODEL_NAMES: Mapping[GroupModel, str] = {
    "ridge": RIDGE,
    "chosen": TUNED,
    "published": PUBLISHED_SPEC.candidate,
}
"""What is asked for, to the column `model`."""


def group_predictor(
    model: GroupModel,
    data: AreaDataset,
    validation: Validation,
    fold_of: Mapping[str, int],
    scoring: Scoring,
) -> GroupPredictor:
    """Give what fits one fold of one group.

    `chosen` tunes the study's candidates once a fold, on all images of all areas that may be
    learned from, and fits the best of them, with its parameters, afresh to every group: none of
    it has seen the held-out areas, and the choice costs a tuning a fold whatever the number of
    groups. The published recipe has its parameters from the publication.

    Parameters
    ----------
    model
        `group_models.model` of the study file.
    data
        All areas with a value, as all their images show them.
    validation
        How areas are held out.
    fold_of
        Area to the number of the fold in which it is held out.
    scoring
        How they are scored; its settings have blocks and buffer as numbers.

    Returns
    -------
    GroupPredictor
        It raises TooFewGroupsError where a fold leaves too few areas to tune on, or no candidate
        can take so many.
    """
    if model == "ridge":
        ridge = ridge_path(data, scoring.settings)
        return lambda train, test, fold: predict_by(ridge, train, test, fold.seed)
    if model == "published":
        spec = replace(PUBLISHED_SPEC, components=scoring.settings.components)
        return lambda train, test, fold: _predicted(spec.candidate, spec, train, test, fold)
    chosen: dict[int, ModelSpec] = {}

    def predict(train: AreaDataset, test: AreaDataset, fold: Fold) -> dict[str, np.ndarray]:
        if fold.number not in chosen:
            chosen[fold.number] = _chosen(data, validation, fold_of, scoring, fold.number)
        predicted = _predicted(TUNED, chosen[fold.number], train, test, fold)
        # As of every selection, no prediction leaves the values learned from.
        inside = np.clip(predicted[TUNED], train.observed.min(), train.observed.max())
        return predicted | {TUNED: inside}

    return predict


def _chosen(
    data: AreaDataset,
    validation: Validation,
    fold_of: Mapping[str, int],
    scoring: Scoring,
    number: int,
) -> ModelSpec:
    """Tune on all areas that are neither held out in a fold nor in the buffer around it."""
    settings = scoring.settings
    competing = replace(competitors_for(data, settings), baselines=[], others={})
    if why := no_candidate(competing):
        raise TooFewGroupsError(why)
    of_area = np.array([fold_of[code] for code in data.area_codes])
    width_m = buffer_m(validation, settings)
    folds = numbered_folds(data, of_area, validation, scoring.seed, width_m)
    fold = next(one for one in folds if one.number == number)
    best = tune_all(
        competing, data.take(fold.learning), settings, validation, fold.seed,
        timeout_s=share_of_budget(settings, 1),
    ).best  # fmt: skip
    return ModelSpec(best.model.name, best.params, settings.components)


def _predicted(
    name: str, spec: ModelSpec, train: AreaDataset, test: AreaDataset, fold: Fold
) -> dict[str, np.ndarray]:
    return {
        name: spec.predict(train.vectors, train.observed, test.vectors, fold.seed),
        MEAN: np.full(len(test), train.observed.mean()),
    }
