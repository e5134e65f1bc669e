"""How areas are held out from models of groups: alike for every group, target and set of areas."""

from collections.abc import Callable, Mapping
from contextlib import suppress

import numpy as np

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import (
    TooFewGroupsError,
    block_folds,
    check_rest,
    random_folds,
    seed_of,
)
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.out_of_fold import (
    Fold,
    buffer_m,
    folds_of,
    numbered_folds,
    out_of_fold,
)
from streetview_assets.models.validation.tuned_models import LEAST_AREAS
from streetview_assets.study.models import GroupModel, Models
from streetview_assets.validations import Validation

GroupPredictor = Callable[[AreaDataset, AreaDataset, Fold], dict[str, np.ndarray]]
"""Areas to learn from, areas to predict and the fold, to the predictions of the model and the mean.
"""


def validations_of(
    model: GroupModel, chosen: str, targets: list[str], settings: Models
) -> list[tuple[str, Validation]]:
    """List what is validated: every target by blocks, the chosen one by random folds too.

    The published recipe is also held against one hold-out, as the publication is.

    Parameters
    ----------
    model
        What is fitted.
    chosen, targets
        The target that the study predicts, and all of them.
    settings
        The part `models` of the study file.
    """
    plan: list[tuple[str, Validation]] = [(chosen, "random")]
    plan += [(name, "blocks") for name in targets]
    if model == "published" and settings.holdout is not None:
        plan += [(name, "holdout") for name in targets]
    return plan


def deal_areas(
    datasets: Mapping[str, AreaDataset], validation: Validation, settings: Models, seed: int
) -> dict[str, int]:
    """Deal all areas out, whatever their targets: area to fold.

    All are in one where they lie in one block, and for a hold-out, which each set of areas has of
    its own.

    Parameters
    ----------
    datasets
        Target to its areas.
    validation
        How they are held out.
    settings
        The part `models` of the study file.
    seed
        Of the deal.
    """
    places = {
        code: place
        for data in datasets.values()
        for code, place in zip(data.area_codes, data.place_m, strict=True)
    }
    codes = sorted(places)
    drawn_by = seed_of(seed, validation)
    fold = np.ones(len(codes), dtype=np.int64)
    if validation == "random":
        fold = random_folds(codes, min(settings.folds, len(codes)), drawn_by)
    elif validation == "blocks":
        place_m = np.array([places[code] for code in codes])
        with suppress(TooFewGroupsError):
            fold = block_folds(place_m, settings.folds, settings.block_side_km, drawn_by)
    return dict(zip(codes, fold.tolist(), strict=True))


def predict_held_out(
    data: AreaDataset,
    validation: Validation,
    fold_of: Mapping[str, int],
    scoring: Scoring,
    predict: GroupPredictor,
) -> tuple[AreaDataset, dict[str, np.ndarray]]:
    """Predict areas by models of others.

    Parameters
    ----------
    data
        The areas, as they are seen through some images, sorted by code.
    validation
        How they are held out.
    fold_of
        What `deal_areas` gives.
    scoring
        Settings, with blocks and buffer as numbers, and the seed, which of a hold-out is that of
        the split itself.
    predict
        What fits one fold.

    Returns
    -------
    tuple
        The areas that were held out, and model to predictions for them.

    Raises
    ------
    TooFewGroupsError
        Where the areas are too few, or cannot be split.
    """
    if len(data) < LEAST_AREAS:
        raise TooFewGroupsError(f"too few areas: {len(data)}, at least {LEAST_AREAS} needed")
    settings, seed = scoring.settings, scoring.seed
    if validation == "holdout":
        (fold,) = folds_of(data, validation, settings, seed)
        predicted = out_of_fold(data, [fold], predict)[1]
        tested = data.take(fold.held_out)
        return tested, {name: values[fold.held_out] for name, values in predicted.items()}
    number = np.array([fold_of[code] for code in data.area_codes])
    check_rest(number, f"no score: one fold of {validation}")
    folds = numbered_folds(data, number, validation, seed, buffer_m(validation, settings))
    return data, out_of_fold(data, folds, predict)[1]
