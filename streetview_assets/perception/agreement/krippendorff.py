"""Krippendorff's alpha: agreement beyond chance (Krippendorff 2004, Content Analysis, chapter 11).

Both metrics come from sums of squares: the ordinal one is the interval one of mid-ranks.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata


@dataclass(frozen=True)
class UnitSums:
    """Ratings of each image, summed.

    Attributes
    ----------
    count, total, squares
        How many ratings, their sum and the sum of their squares; shape (images,).
    """

    count: np.ndarray
    total: np.ndarray
    squares: np.ndarray


def sums_of_ratings(value: np.ndarray, unit: np.ndarray) -> UnitSums:
    """Sum single ratings by image; of images with one rating nothing is told, and none is kept.

    Parameters
    ----------
    value
        The ratings, shape (n,).
    unit
        Number of the image of each, from 0, shape (n,).
    """
    count, total, squares = (np.bincount(unit, weights=one) for one in (value**0, value, value**2))
    kept = count > 1
    return UnitSums(count[kept], total[kept], squares[kept])


def sums_of_averages(mean: np.ndarray, spread: np.ndarray, count: np.ndarray) -> UnitSums:
    """Sum the ratings behind averages, of which mean, standard deviation and count are told.

    Parameters
    ----------
    mean, spread, count
        Shape (images,); the standard deviation is that of a sample, by count − 1.
    """
    kept = count > 1
    mean, spread, count = mean[kept], spread[kept], count[kept].astype(float)
    return UnitSums(count, count * mean, (count - 1) * spread**2 + count * mean**2)


def midranks(value: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Put ranks in the place of ratings, shape (n,), among those of images rated twice or more.

    Parameters
    ----------
    value, unit
        As `sums_of_ratings`.
    """
    pairable = np.bincount(unit)[unit] > 1
    ranks = np.zeros(len(value))
    ranks[pairable] = rankdata(value[pairable])
    return ranks


def alpha(sums: UnitSums, weights: np.ndarray | None = None) -> np.ndarray:
    """Give Krippendorff's alpha, interval metric.

    Parameters
    ----------
    sums
        Of the ratings of each image.
    weights
        How often each image counts, shape (resamples, images). Default: once.

    Returns
    -------
    numpy.ndarray
        Shape (resamples,): 1 where all agree, 0 where they do so by chance, NaN where nothing
        varies or no image has two ratings.
    """
    counted = np.ones((1, len(sums.count))) if weights is None else weights
    observed = (sums.count * sums.squares - sums.total**2) / np.maximum(sums.count - 1, 1)
    number, total, squares, apart = (
        counted @ one for one in (sums.count, sums.total, sums.squares, observed)
    )
    expected = (number * squares - total**2) / np.maximum(number - 1, 1)
    floor = 1e-12 * number * squares
    return np.asarray(1 - apart / np.where(expected > floor, expected, np.nan))
