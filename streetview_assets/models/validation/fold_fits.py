"""The fits to inner folds, of which what all parameters share is computed once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from streetview_assets.models.candidates.base import Candidate, Params, Predict, fits_of
from streetview_assets.models.candidates.baselines import Baseline
from streetview_assets.models.data.splits import Split

SMALL_AREA_COUNT = 3_000
"""Up to so many areas one thread is faster than many that wait for each other, and what the fits of
a fold share is kept: of twice as many, the distances would take a gigabyte."""


@dataclass(frozen=True)
class FoldFits:
    """Fits to what one inner fold learns from.

    Attributes
    ----------
    held_out
        Mask of the areas held out, (n,).
    predict
        Predicts them by parameters.
    """

    held_out: np.ndarray
    predict: Predict


def fold_fits(
    model: Candidate | Baseline,
    inputs: np.ndarray,
    observed: np.ndarray,
    splits: Sequence[Split],
    seed: int,
    tested: np.ndarray | None = None,
) -> list[FoldFits]:
    """Prepare the fits to all inner folds; what fits share is kept where there are few areas.

    Parameters
    ----------
    model
        What is fitted.
    inputs, observed
        Of the training part: (n, d) and (n,).
    splits
        The inner folds; each area is in one.
    seed
        Of the fit, where the model draws anything.
    tested
        What is seen of areas that are held out, (n, d); default: their own inputs.
    """
    seen = inputs if tested is None else tested

    def prepared(split: Split) -> Predict:
        learned, test = split.learning, split.held_out
        return fits_of(model, inputs[learned], observed[learned], seen[test], seed)

    if len(observed) > SMALL_AREA_COUNT:
        return [FoldFits(one.held_out, partial(_anew, prepared, one)) for one in splits]
    return [FoldFits(one.held_out, prepared(one)) for one in splits]


def _anew(prepared: Callable[[Split], Predict], split: Split, params: Params) -> np.ndarray:
    return prepared(split)(params)


def inner_predictions(
    folds: Sequence[FoldFits],
    params: Params,
    lost: Callable[[np.ndarray, Sequence[np.ndarray]], bool] | None = None,
) -> np.ndarray | None:
    """Predict each inner fold by a fit to what it learns from; shape (n,).

    Parameters
    ----------
    folds
        What `fold_fits` gives, in the order in which they are held out.
    params
        Of the model.
    lost
        Asked between folds, of the predictions and the folds that are done: whether to stop.

    Returns
    -------
    numpy.ndarray or None
        None where it was stopped.
    """
    guess = np.empty(len(folds[0].held_out))
    done: list[np.ndarray] = []
    for fold in folds:
        if lost and done and lost(guess, done):
            return None
        guess[fold.held_out] = fold.predict(params)
        done.append(fold.held_out)
    return guess
