"""Predictions of rated images, each by models that learned from others alone."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from streetview_assets.perception.prediction.neighbours import neighbours_of
from streetview_assets.perception.prediction.predictors import (
    RIDGE,
    Predictions,
    find_near,
    predict,
)
from streetview_assets.perception.prediction.rated import RatedImages
from streetview_assets.perception.prediction.ridge import RidgeFit, decompose, fit_ridges
from streetview_assets.processes.threads import side_by_side
from streetview_assets.study.perception import Perception


def out_of_fold(
    alike: Sequence[RatedImages],
    fold: np.ndarray,
    settings: Perception,
    everything: Sequence[bool],
) -> list[Predictions]:
    """Predict each image by models of those in other folds.

    Parameters
    ----------
    alike
        The same images with scores of one quality or several, of one group of people or several.
    fold
        Of each image, (n,); images in fold 0 are neither learned from nor predicted.
    settings
        The part `perception` of the study.
    everything
        For each of `alike` whether by every model; else by the one chosen and the mean alone.

    Returns
    -------
    list of dict
        For each of `alike` the predictions of every model that could learn in every fold; NaN of
        images that have nothing it looks at, and in fold 0.
    """
    parts = [fold == number for number in np.unique(fold[fold > 0])]

    def predicted(held_out: np.ndarray) -> list[Predictions]:
        learning = (fold > 0) & ~held_out
        train, test = ([rated.take(part) for rated in alike] for part in (learning, held_out))
        return _predicted(train, test, settings, everything)

    made: list[Predictions] = [{} for _ in alike]
    times: Counter[tuple[int, str, int]] = Counter()
    for held_out, of_fold in zip(parts, side_by_side(predicted, parts), strict=True):
        for at, told in enumerate(of_fold):
            for model, values in told.items():
                made[at].setdefault(model, np.full(len(fold), np.nan))[held_out] = values
                times[at, *model] += 1
    return [
        {model: values for model, values in one.items() if times[at, *model] == len(parts)}
        for at, one in enumerate(made)
    ]


def _predicted(
    train: Sequence[RatedImages],
    test: Sequence[RatedImages],
    settings: Perception,
    everything: Sequence[bool],
) -> list[Predictions]:
    """Predict one fold; what no score takes part in is found once for all that was rated."""
    near = find_near(train[0], test[0], settings)
    by_ridge = settings.method == RIDGE or any(everything)
    ridges = _ridges(train) if by_ridge else [None] * len(train)
    return [
        predict(train[at], test[at], settings, everything=every, near=near, ridge=ridges[at])
        for at, every in enumerate(everything)
    ]


def _ridges(train: Sequence[RatedImages]) -> Sequence[RidgeFit]:
    scores = np.stack([rated.scores for rated in train], axis=1)
    return fit_ridges(decompose(train[0].vectors), scores, train[0].units)


def nearest_of_other_folds(rated: RatedImages, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the most alike image of other folds, and the cosine with it.

    Parameters
    ----------
    rated
        The images.
    fold
        Of each, (n,).

    Returns
    -------
    tuple of numpy.ndarray
        Its row, (n,), -1 in fold 0; and the cosine, NaN there.
    """
    nearest, cosine = np.full(len(rated), -1), np.full(len(rated), np.nan)
    for number in np.unique(fold[fold > 0]):
        held_out, learning = fold == number, np.flatnonzero((fold > 0) & (fold != number))
        places, cosines = neighbours_of(rated.vectors[held_out], rated.vectors[learning], 1)
        nearest[held_out], cosine[held_out] = learning[places[:, 0]], cosines[:, 0]
    return nearest, cosine
