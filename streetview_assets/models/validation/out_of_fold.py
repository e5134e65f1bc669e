"""Predictions for what was held out, by what was fitted to the rest: the one loop over folds."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.distance_matching import nearest_m
from streetview_assets.models.data.splits import (
    LEAST_TO_LEARN_FROM,
    TooFewGroupsError,
    beyond_buffer,
    grid_shift_m,
    holdout_split,
    outer_folds,
    seed_of,
)
from streetview_assets.models.validation.fold_fits import SMALL_AREA_COUNT
from streetview_assets.models.validation.task import matched_folds
from streetview_assets.processes.on_progress import Each, telling
from streetview_assets.processes.threads import side_by_side
from streetview_assets.study.models import Models
from streetview_assets.text.counted import counted
from streetview_assets.validations import Validation


class Rows(Protocol):
    """What is learned from, row by row: areas, or points."""

    def __len__(self) -> int:
        """Give the number of rows."""
        ...

    def take(self, selection: np.ndarray, /) -> Self:
        """Keep the rows of a mask, in their order."""
        ...


Data = TypeVar("Data", bound=Rows)
Model = TypeVar("Model", bound=Hashable)


@dataclass(frozen=True)
class Fold:
    """One part that is held out.

    Attributes
    ----------
    number
        From 1.
    held_out, learning
        Which rows are predicted, and which are learned from; masks of shape (n,), of a hold-out
        `learning` has positions, in the order in which they are learned from. A row near to those
        held out may be neither.
    seed
        Of all that is drawn for this fold.
    """

    number: int
    held_out: np.ndarray
    learning: np.ndarray
    seed: int


def out_of_fold(
    data: Data,
    folds: Sequence[Fold],
    predict: Callable[[Data, Data, Fold], dict[Model, np.ndarray]],
    each: Each = map,
) -> tuple[np.ndarray, dict[Model, np.ndarray]]:
    """Predict what each fold holds out by what it learns from, and nothing else.

    Parameters
    ----------
    data
        All rows.
    folds
        No row is held out by two of them.
    predict
        Given the rows to learn from, the rows to predict and the fold: the predictions of each
        model, shape (rows held out,).
    each
        Calls with each fold, in turn or several at once.

    Returns
    -------
    tuple
        The fold in which each row was held out, 0 where in none, shape (n,); and model to
        predictions, shape (n,), NaN where there is none.
    """
    number = np.zeros(len(data), dtype=np.int64)
    predicted: dict[Model, np.ndarray] = {}

    def of_fold(fold: Fold) -> dict[Model, np.ndarray]:
        return predict(data.take(fold.learning), data.take(fold.held_out), fold)

    for fold, found in zip(folds, each(of_fold, folds), strict=True):
        number[fold.held_out] = fold.number
        for model, values in found.items():
            predicted.setdefault(model, np.full(len(data), np.nan))[fold.held_out] = values
    return number, predicted


def errors_that_move(
    observed: np.ndarray, predicted: np.ndarray, seen: tuple[float, float]
) -> np.ndarray:
    """Give observed minus predicted; 0 where a prediction is cut off, which stays as it is.

    Parameters
    ----------
    observed, predicted
        Of the areas held out, (n,).
    seen
        The lowest and the highest value learned from, which no prediction leaves.
    """
    is_cut = (predicted <= seen[0]) | (predicted >= seen[1])
    return np.where(is_cut, 0.0, observed - predicted)


def each_fold(data: AreaDataset, on_fold: Callable[[], None] | None, *, is_timed: bool) -> Each:
    """Choose how folds of areas are gone through: several at once, where results are the same.

    A fit to many areas has all cores as it is, and takes much memory; a few clusters of images are
    kept for all folds; and a budget in seconds is for one after the other.

    Parameters
    ----------
    data
        All areas.
    on_fold
        Called after each.
    is_timed
        Whether there is such a budget.
    """
    is_alone = is_timed or len(data) > SMALL_AREA_COUNT or data.images is not None
    return telling(on_fold, map if is_alone else side_by_side)


def learned_shares(data: AreaDataset, folds: Sequence[Fold]) -> np.ndarray:
    """Give the share of all areas that was learned from when each was held out; shape (n,).

    Parameters
    ----------
    data
        All areas.
    folds
        How they were held out; NaN where an area was not.
    """
    share = np.full(len(data), np.nan)
    for fold in folds:
        share[fold.held_out] = len(data.take(fold.learning)) / len(data)
    return share


def distances_m(data: AreaDataset, folds: Sequence[Fold]) -> np.ndarray:
    """Give the distance from each area to the nearest that was learned from when it was held out.

    Parameters
    ----------
    data
        All areas.
    folds
        How they were held out.

    Returns
    -------
    numpy.ndarray
        Metres, shape (n,); NaN where an area was not held out.
    """
    distance_m = np.full(len(data), np.nan)
    for fold in folds:
        learned_m = data.place_m[fold.learning]
        distance_m[fold.held_out] = nearest_m(data.place_m[fold.held_out], learned_m)
    return distance_m


def folds_of(
    data: AreaDataset, validation: Validation, settings: Models, seed: int, repeat: int = 1
) -> list[Fold]:
    """Give the folds of a validation; a hold-out is one.

    Parameters
    ----------
    data
        Rows sorted by area.
    validation
        How areas are held out.
    settings
        The chapter `models` of the study file.
    seed
        Of the folds, and of what is drawn in each; a hold-out takes it as it is.
    repeat
        Each has folds of its own; those of blocks from the second on are of a shifted grid.

    Raises
    ------
    TooFewGroupsError
        Where the areas cannot be split that way, or too few are left to learn from.
    """
    if repeat > 1:
        seed = seed_of(seed, "repeat", repeat)
    if validation == "knndm":
        matched = matched_folds(data, settings, seed_of(seed, validation))
        return numbered_folds(data, matched.fold, validation, seed, matched.buffer_m)
    if validation == "holdout":
        assert settings.holdout is not None
        learning, test = holdout_split(data.area_codes, settings.holdout, seed)
        held_out = np.isin(np.arange(len(data)), test)
        return [Fold(1, held_out, learning, seed_of(seed, validation, 1))]
    side_km, drawn_by = settings.block_side_km, seed_of(seed, validation)
    shift_m = grid_shift_m(side_km, drawn_by) if repeat > 1 else None
    number = outer_folds(data, validation, settings.folds, side_km, drawn_by, shift_m)
    return numbered_folds(data, number, validation, seed, buffer_m(validation, settings))


def buffer_m(validation: Validation, settings: Models) -> float:
    """Give the width of the buffer around areas held out, metres: blocks alone have the study's.

    Parameters
    ----------
    validation
        How areas are held out.
    settings
        The part `models` of the study file.
    """
    return 1000 * settings.buffer_width_km if validation == "blocks" else 0.0


def numbered_folds(
    data: AreaDataset,
    number: np.ndarray,
    validation: Validation,
    seed: int,
    width_m: float | np.ndarray,
) -> list[Fold]:
    """Make folds of the number of each area's, with a buffer around those held out.

    Parameters
    ----------
    data
        All areas.
    number
        The fold in which each is held out, from 1, 0 where in none; shape (n,).
    validation
        How they are held out.
    seed
        What each fold's is derived from.
    width_m
        Areas so near to one held out are not learned from; see `splits.beyond_buffer`.

    Raises
    ------
    TooFewGroupsError
        Where the buffer leaves too few to learn from.
    """
    return [
        Fold(
            number=int(one),
            held_out=number == one,
            learning=_beyond_buffer(data, number == one, width_m),
            seed=seed_of(seed, validation, one),
        )
        for one in np.unique(number[number > 0])
    ]


def _beyond_buffer(
    data: AreaDataset, held_out: np.ndarray, width_m: float | np.ndarray
) -> np.ndarray:
    learning = beyond_buffer(data.place_m, held_out, width_m)
    if np.any(width_m) and learning.sum() < LEAST_TO_LEARN_FROM:
        raise TooFewGroupsError(
            f"a buffer of {np.max(width_m) / 1000:g} km leaves {learning.sum()} of "
            f"{counted(len(data), 'area')} to learn from, at least {LEAST_TO_LEARN_FROM} needed"
        )
    return learning
