"""Prediction intervals of held-out areas, each from errors made elsewhere.

An authority that sets the width of its own intervals can never be seen to miss them: so what an
area's interval is made of does not lie in its authority (in a study of one authority: in its part
of the blocks, or in its fold). In a new area of the authority they hold all the better. Areas that
were held out with it elsewhere are among it: their errors are of the very model that predicts it,
and of the fewer errors intervals are made, the wider they have to be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from streetview_assets.models.candidates.composite import COMPOSITE
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import MANY_AREAS, MOST_AUTHORITY_FOLDS, group_folds
from streetview_assets.models.metrics.conformal import (
    LEAST_TO_ADAPT,
    Calibration,
    HeldOut,
    calibrate,
    for_unseen,
)
from streetview_assets.models.validation.out_of_fold import Fold, distances_m
from streetview_assets.validations import Validation

Ends = dict[str, np.ndarray]
"""Model to one end of its intervals, shape (n,), NaN where there is none."""
PARTS = 5
SHORT_OF_OTHERS = 0.1
"""Errors of K other places fall short of those of one more, as they do not differ from themselves:
so large a part of what may be missed, divided by K, is aimed at less."""


@dataclass(frozen=True)
class _Part:
    """Areas that were held out; `apart` names the place whose errors are not looked at.

    `distance_m` to the nearest area learned from is NaN on inner folds: of them it is not known.
    """

    areas: AreaDataset
    fold: np.ndarray
    apart: np.ndarray
    distance_m: np.ndarray


def prediction_intervals(
    data: AreaDataset,
    folds: Sequence[Fold],
    predicted: Mapping[str, np.ndarray],
    inner_predicted: Mapping[str, np.ndarray],
    block: np.ndarray,
    validation: Validation,
    level: float,
) -> tuple[Ends, Ends]:
    """Give every model's intervals: from its errors elsewhere, or, of one fold, from inner ones.

    Parameters
    ----------
    data
        All areas, those learned from among them.
    folds
        How they were held out.
    predicted
        Model to predictions of the areas held out, in the order of `data`; (held out,).
    inner_predicted
        Where there is one fold: model to predictions of the areas it learned from, each by what
        did not learn from it; (learned from,).
    block
        The spatial block of each area, shape (n,).
    validation
        How they were held out; under `authorities`, intervals are as wide as for an authority
        never seen, whichever it is: but those of the model `composite`, whose errors were made in
        such authorities already, and which are to hold the level in each class of image count.
    level
        Share of areas that intervals are to hold, 0 to 1.

    Returns
    -------
    tuple
        Lower and upper ends, by model; shape (held out,).
    """
    number = np.zeros(len(data), dtype=np.int64)
    for one in folds:
        number[one.held_out] = one.number
    apart = places_apart(data.authority_codes, block, number, validation)
    held_out, learning = number > 0, folds[0].learning
    distance_m = distances_m(data, folds)[held_out]
    tested = _Part(data.take(held_out), number[held_out], apart[held_out], distance_m)
    made_by, made = tested, predicted
    if len(folds) == 1:
        far_m = np.full(len(data), np.nan)[learning]
        made_by = _Part(data.take(learning), number[learning], apart[learning], far_m)
        made = inner_predicted
    unseen = validation == "authorities"
    ends = {
        model: _intervals(
            tested, values, made_by, made[model], level, unseen and model != COMPOSITE
        )
        for model, values in predicted.items()
    }
    return ({m: low for m, (low, _) in ends.items()}, {m: high for m, (_, high) in ends.items()})


def places_apart(
    authority_codes: Sequence[str], block: np.ndarray, fold: np.ndarray, validation: Validation
) -> np.ndarray:
    """Name for each area the place whose errors do not set its intervals.

    Parameters
    ----------
    authority_codes, block, fold
        Of each area, shape (n,).
    validation
        How areas are held out.

    Returns
    -------
    numpy.ndarray
        The authority, where the others have `LEAST_TO_ADAPT` areas whichever it is, and always
        where authorities are held out; of many areas in many authorities, one of twenty groups of
        these, since each place asks for intervals of its own, made of all areas; else a fifth of
        the blocks; where folds are made of blocks, or there is one block, the fold. Shape (n,),
        strings.
    """
    codes = np.array(authority_codes, dtype=str)
    _, sizes = np.unique(codes, return_counts=True)
    if validation == "authorities":
        return codes
    if len(codes) - sizes.max(initial=0) >= LEAST_TO_ADAPT:
        many = len(codes) > MANY_AREAS and len(sizes) > MOST_AUTHORITY_FOLDS
        return group_folds(codes, MOST_AUTHORITY_FOLDS, seed=0).astype(str) if many else codes
    if validation == "blocks" or len(np.unique(block)) < 2:
        return fold.astype(str)
    return group_folds(block, PARTS, seed=0).astype(str)


def _intervals(
    tested: _Part,
    predicted: np.ndarray,
    made_by: _Part,
    made: np.ndarray,
    level: float,
    unseen: bool,
) -> tuple[np.ndarray, np.ndarray]:
    lower, upper = np.full((2, len(predicted)), np.nan)
    # Authorities that are held out together have the same errors to look at.
    calibrated = cache(
        partial(_calibrated, made_by, made, tested.areas.target_limits, level, unseen)
    )
    for fold, apart in sorted(set(zip(tested.fold.tolist(), tested.apart.tolist(), strict=True))):
        mine = (tested.fold == fold) & (tested.apart == apart)
        used = made_by.apart != apart
        if unseen:
            used &= made_by.fold != fold
        calibration = calibrated(used.tobytes())
        if calibration is None:
            continue
        given = predicted[mine], tested.areas.image_counts[mine], tested.distance_m[mine]
        lower[mine], upper[mine] = calibration.interval(*given, unseen=unseen)
    return lower, upper


def _calibrated(
    made_by: _Part,
    made: np.ndarray,
    limits: tuple[float, float],
    level: float,
    unseen: bool,
    used: bytes,
) -> Calibration | None:
    """Calibrate intervals by the errors of some areas, a mask of booleans as bytes."""
    some = np.frombuffer(used, dtype=bool)
    away_m, apart = made_by.distance_m[some], made_by.apart[some]
    known = HeldOut(
        made_by.areas.observed[some],
        made[some],
        made_by.areas.image_counts[some],
        None if np.isnan(away_m).any() else away_m,
    )
    aim = level + SHORT_OF_OTHERS * (1 - level) / max(len(np.unique(apart)), 1)
    calibration = calibrate(known, limits, aim)
    return for_unseen(calibration, known, apart) if calibration and unseen else calibration
