"""Prediction intervals of images, each from errors made on images of other folds.

An interval is of the score that so many people would give as usually rated an image: it counts
how their mean scatters.
"""

import numpy as np

from streetview_assets.models.metrics.conformal import Calibration, HeldOut, calibrate

UNLIKE_SHARE = 0.01
"""So many of the images that were rated are themselves unlike all others."""


def limits_of(scores: np.ndarray, method: str) -> tuple[float, float]:
    """Give the lowest and the highest score that there can be, as far as scores tell.

    Parameters
    ----------
    scores
        Of images, (n,).
    method
        How they were made: means of ratings lie on a scale of whole numbers, from the lowest to the
        highest that are there; strengths of pairs go as far beyond as a quarter of their range.
    """
    low, high = float(scores.min()), float(scores.max())
    if method == "mean":
        return float(np.floor(low)), float(np.ceil(high))
    beyond = (high - low) / 4
    return low - beyond, high + beyond


def calibration_of(
    scores: np.ndarray,
    predicted: np.ndarray,
    rating_counts: np.ndarray,
    limits: tuple[float, float],
    level: float,
) -> Calibration | None:
    """Learn how wide intervals must be from images predicted out of fold.

    Parameters
    ----------
    scores, predicted, rating_counts
        Of images, (n,); those without a prediction are left out.
    limits
        See `limits_of`.
    level
        Share of images that intervals are to hold, 0 to 1.

    Returns
    -------
    Calibration or None
        None where there are too few images for an interval of this level.
    """
    known = np.isfinite(predicted)
    if not known.any():
        return None
    held_out = HeldOut(scores[known], predicted[known], rating_counts[known])
    return calibrate(held_out, limits, level)


def intervals_out_of_fold(
    scores: np.ndarray,
    predicted: np.ndarray,
    rating_counts: np.ndarray,
    fold: np.ndarray,
    limits: tuple[float, float],
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Give each rated image an interval that its own fold's errors did not set.

    Parameters
    ----------
    scores, predicted, rating_counts, fold
        Of images, (n,).
    limits, level
        As `calibration_of` takes them.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper ends, (n,); NaN where there is none.
    """
    lower, upper = np.full((2, len(scores)), np.nan)
    for number in np.unique(fold[fold > 0]):
        mine, others = fold == number, (fold > 0) & (fold != number)
        calibration = calibration_of(
            scores[others], predicted[others], rating_counts[others], limits, level
        )
        if calibration:
            ends = calibration.interval(predicted[mine], rating_counts[mine])
            lower[mine], upper[mine] = ends
    return lower, upper


def least_alike(nearest_cosines: np.ndarray) -> float:
    """Give the cosine with the most alike below which an image is unlike all that were rated.

    Parameters
    ----------
    nearest_cosines
        Of rated images with the most alike of other folds, (n,); NaN of those in none.
    """
    return float(np.nanquantile(nearest_cosines, UNLIKE_SHARE))
