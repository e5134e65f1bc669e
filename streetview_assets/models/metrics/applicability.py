"""Where a model applies: how unlike an area is to all that was learned from.

The dissimilarity index and the area of applicability of Meyer and Pebesma (2021, Methods in
Ecology and Evolution 12: 1620-1633): the distance of an area to the nearest learned from, among
the numbers that the model sees, each standardised and weighted by its importance to the model, in
units of the mean distance of two areas learned from. A model applies as far as areas were unlike
those of the other folds when its scores were made, outliers aside: what those scores say holds of
no area beyond.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import pairwise_distances_argmin_min, pairwise_distances_chunked
from sklearn.pipeline import Pipeline

WHISKER = 1.5
"""Beyond the upper quartile by so many times the range between quartiles lie outliers."""
MOST_FOR_THE_MEAN = 3_000
"""Of more areas, every second, third and so on tells how far two of them are apart."""


@dataclass(frozen=True)
class Applicability:
    """What says of an area whether a model applies there.

    Attributes
    ----------
    seen
        What comes before the model in its pipeline: makes the numbers that it sees, (n, d), of
        the features of areas.
    centre, weight
        Of each of these numbers, shape (d,): the mean of the areas learned from, and the factor
        that makes it count by its importance.
    known
        The areas learned from, (n, d), centred and weighted.
    usual_distance
        The mean distance of two of them.
    held_out
        How unlike each of them is to those of the other folds, (n,).
    threshold
        The most of these that is no outlier.
    """

    seen: Callable[[np.ndarray], np.ndarray]
    centre: np.ndarray
    weight: np.ndarray
    known: np.ndarray
    usual_distance: float
    held_out: np.ndarray
    threshold: float

    def dissimilarity(self, features: np.ndarray) -> np.ndarray:
        """Give the dissimilarity index of areas, shape (m,): 0 where one like it was learned from.

        Parameters
        ----------
        features
            As the model's pipeline takes them, (m, width).
        """
        placed = ((self.seen(features) - self.centre) * self.weight).astype(np.float32)
        return np.asarray(_nearest(placed, self.known) / self.usual_distance)

    def applies(self, dissimilarity: np.ndarray) -> np.ndarray:
        """Say of which areas what the model's scores say holds; shape (m,)."""
        return np.asarray(dissimilarity <= self.threshold)


def area_of_applicability(
    fitted: Pipeline, features: np.ndarray, fold: np.ndarray
) -> Applicability | None:
    """Find how far a model applies, by the folds that its scores come from.

    Parameters
    ----------
    fitted
        The model, fitted to these areas; what stands last in it may tell how much each number
        counts (`coef_`, `feature_importances_`), else all count alike.
    features
        Of the areas that it was fitted to, (n, width).
    fold
        The fold in which each was held out, (n,).

    Returns
    -------
    Applicability or None
        None where there are no two folds, or all areas look the same.
    """
    if len(np.unique(fold)) < 2:
        return None
    before = fitted[:-1] if len(fitted) > 1 else None
    seen = _as_given if before is None else before.transform
    numbers = np.asarray(seen(features), dtype=np.float64)
    centre, spread = numbers.mean(axis=0), numbers.std(axis=0)
    varies = spread > 1e-9 * spread.max(initial=0)
    importance = _importance(fitted[-1], spread)
    weight = np.where(varies, importance / np.where(varies, spread, 1), 0)
    known = ((numbers - centre) * weight).astype(np.float32)
    usual = _mean_distance(known)
    if not usual > 0:
        return None
    held_out = np.empty(len(known))
    for one in np.unique(fold):
        mine = fold == one
        held_out[mine] = _nearest(known[mine], known[~mine]) / usual
    return Applicability(seen, centre, weight, known, usual, held_out, _upper_whisker(held_out))


def _as_given(features: np.ndarray) -> np.ndarray:
    return features


def _importance(model: object, spread: np.ndarray) -> np.ndarray:
    """Say how much each number counts, (d,): by its effect of a standard deviation, or its use."""
    model = getattr(model, "regressor_", model)
    found = getattr(model, "feature_importances_", None)
    if found is None and (slopes := getattr(model, "coef_", None)) is not None:
        found = np.abs(slopes) * spread
    weights = np.ones(len(spread)) if found is None else np.asarray(found, float).reshape(-1)
    usable = len(weights) == len(spread) and np.isfinite(weights).all() and weights.max() > 0
    return weights / weights.mean() if usable else np.ones(len(spread))


def _nearest(wanted: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.asarray(pairwise_distances_argmin_min(wanted, known)[1])


def _mean_distance(known: np.ndarray) -> float:
    """Give the mean distance of two different areas."""
    some = known[:: -(-len(known) // MOST_FOR_THE_MEAN)]
    sums = pairwise_distances_chunked(some, reduce_func=lambda part, start: part.sum(axis=1))
    whole = float(np.concatenate(list(sums)).sum(dtype=np.float64))
    return whole / max(len(some) * (len(some) - 1), 1)


def _upper_whisker(values: np.ndarray) -> float:
    lower, upper = np.quantile(values, [0.25, 0.75])
    return float(values[values <= upper + WHISKER * (upper - lower)].max())
