"""The noise ceiling: how well the best model could do against ratings that are themselves noisy.

The reliability of the mean ratings of images is the R² that a model would reach against them if it
knew what people see in an image on average. It is told by how alike the means of two halves of the
people are (Spearman 1910 and Brown 1910, British Journal of Psychology 3; Lage-Castellanos,
Valente, Formisano and De Martino 2019, PLoS Computational Biology 15: e1006397), or by standard
errors.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

SPLITS = 50
_LEAST_IMAGES = 3


@dataclass(frozen=True)
class Halves:
    """Means of both halves of the ratings, over many ways to halve them.

    Attributes
    ----------
    first, second
        Mean of each half, shape (images, splits); NaN where a half has no rating of the image.
    lengthened
        By how much longer the whole is than a half, shape (splits,): 2 where halves are equal.
    """

    first: np.ndarray
    second: np.ndarray
    lengthened: np.ndarray


def halved(value: np.ndarray, unit: np.ndarray, rater: np.ndarray | None, seed: int) -> Halves:
    """Halve the raters at random, or the ratings of each image where raters are not named.

    Parameters
    ----------
    value
        The ratings, shape (n,).
    unit
        Number of the image of each, from 0, shape (n,).
    rater
        Number of who gave each, from 0, shape (n,); a rater's ratings stay together. None: not
        known.
    seed
        Of the halves.
    """
    rng = np.random.default_rng(seed)
    images = int(unit.max()) + 1
    means, inverse = [], []
    for _ in range(SPLITS):
        half = _half_of(unit, rater, rng)
        at = unit * 2 + half
        count = np.bincount(at, minlength=2 * images).reshape(-1, 2).astype(float)
        total = np.bincount(at, weights=value, minlength=2 * images).reshape(-1, 2)
        mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        both = count.min(axis=1) > 0
        mean[~both] = np.nan
        means.append(mean)
        inverse.append(np.mean(1 / count[both]) if both.any() else np.nan)
    whole = np.mean(1 / np.bincount(unit)[np.unique(unit)])
    first, second = np.stack(means, axis=2).transpose(1, 0, 2)
    return Halves(first, second, np.array(inverse) / whole)


def split_half(halves: Halves, weights: np.ndarray, *, by_rank: bool) -> np.ndarray:
    """Correlate the two halves, on average over the splits.

    Parameters
    ----------
    halves
        Of the ratings.
    weights
        How often each image counts, shape (resamples, images).
    by_rank
        Spearman's correlation instead of Pearson's.

    Returns
    -------
    numpy.ndarray
        Shape (resamples, splits); NaN where a split leaves fewer than three images.
    """
    found = np.full((len(weights), halves.first.shape[1]), np.nan)
    for split in range(found.shape[1]):
        both = np.isfinite(halves.first[:, split])
        if both.sum() >= _LEAST_IMAGES:
            first, second = halves.first[both, split], halves.second[both, split]
            if by_rank:
                first, second = rankdata(first), rankdata(second)
            found[:, split] = _correlation(first, second, weights[:, both])
    return found


def lengthened(correlation: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Say how reliable the whole is by how alike its halves are: Spearman and Brown's formula.

    Parameters
    ----------
    correlation
        Of the halves, shape (resamples, splits).
    factor
        By how much the whole is longer, shape (splits,).

    Returns
    -------
    numpy.ndarray
        Mean over the splits, shape (resamples,), 0 to 1.
    """
    alike = np.clip(mean_defined(correlation), 0, 1)
    longer = float(mean_defined(factor[None])[0])
    return np.asarray(longer * alike / (1 + (longer - 1) * alike))


def reliability(
    score: np.ndarray, error: np.ndarray, weights: np.ndarray, *, shrunken: bool
) -> np.ndarray:
    """Say how reliable scores are by their own standard errors.

    Parameters
    ----------
    score, error
        Score and standard error of each image, shape (images,).
    weights
        How often each image counts, shape (resamples, images).
    shrunken
        Whether scores are drawn to their mean by what is uncertain of them, as strengths from
        pairs are: their truths then vary more than they do, and not less.

    Returns
    -------
    numpy.ndarray
        Shape (resamples,), 0 to 1; NaN where scores do not vary.
    """
    share = weights / weights.sum(axis=1, keepdims=True)
    spread, noise = share @ score**2 - (share @ score) ** 2, share @ error**2
    varies = spread > 1e-12
    told, whole = (spread, spread + noise) if shrunken else (spread - noise, spread)
    found = np.divide(told, whole, out=np.full(len(share), np.nan), where=varies)
    return np.asarray(np.clip(found, 0, 1))


def _half_of(unit: np.ndarray, rater: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    if rater is not None:
        people = int(rater.max()) + 1
        return np.asarray((rng.permutation(people) % 2)[rater])
    order = np.lexsort((rng.random(len(unit)), unit))
    started = np.cumsum(np.bincount(unit)) - np.bincount(unit)
    place = (
        np.arange(len(unit))
        - started[unit[order]]
        + rng.integers(2, size=len(started))[unit[order]]
    )
    half = np.empty(len(unit), dtype=np.int64)
    half[order] = place % 2
    return half


def _correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    first, second = first - first.mean(), second - second.mean()
    means = share @ first, share @ second
    together = share @ (first * second) - means[0] * means[1]
    spreads = (share @ first**2 - means[0] ** 2) * (share @ second**2 - means[1] ** 2)
    defined = spreads > 1e-24
    spread = np.sqrt(np.where(defined, spreads, np.nan))
    return np.asarray(together / spread)


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Average over what is defined, along the last axis; NaN where nothing is.

    Parameters
    ----------
    values
        Of any shape.
    """
    defined = np.isfinite(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0).sum(axis=-1)
    return np.asarray(total / np.where(count > 0, count, np.nan))
