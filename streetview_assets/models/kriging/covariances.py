"""How alike two areas are: by how near they lie, and by how alike their features are.

Each part is computed when it is asked for, since most have a variance of nought.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise

import numpy as np
from scipy.spatial.distance import cdist

Parts = list[Callable[[], np.ndarray]]
"""Each makes what one part of the covariance is of areas and others, (n, m), of variance 1."""
NEGLIGIBLE = 1e-4
"""Variance of a part that is left out."""


def feature_sets(width: int, widths: Sequence[int]) -> list[slice]:
    """Give the columns of each set of features, which follow those of place.

    Parameters
    ----------
    width
        Columns in all.
    widths
        Of the first sets; what is left is one more.
    """
    ends = np.cumsum([2, *widths]).tolist()
    sets = [slice(start, end) for start, end in pairwise([*ends, width])]
    return [mine for mine in sets if mine.stop > mine.start]


def near(one: np.ndarray, other: np.ndarray, ranges_m: Sequence[float]) -> Parts:
    """Say how near areas lie: exponential at each range, Matérn 3/2 at each but the shortest.

    Parameters
    ----------
    one, other
        Easting and northing, metres, in the first two columns; (n, w) and (m, w).
    ranges_m
        Where the correlation has fallen to 0.05.
    """
    lag_m = cdist(one[:, :2], other[:, :2])
    parts: Parts = [partial(_exponential, lag_m, range_m) for range_m in ranges_m]
    return [*parts, *(partial(_matern, lag_m, range_m) for range_m in ranges_m[1:])]


def alike(
    one: np.ndarray, other: np.ndarray, reach: Sequence[float], widths: Sequence[int]
) -> Parts:
    """Say how alike features are, of each set: linear, then two Gaussian kernels.

    Parameters
    ----------
    one, other
        Place, then standardised features; (n, w) and (m, w).
    reach
        Of each set, the distance of two areas that is usual.
    widths
        As of `feature_sets`.
    """
    parts: Parts = []
    for mine, own_reach in zip(feature_sets(one.shape[1], widths), reach, strict=True):
        products = one[:, mine] @ other[:, mine].T
        # Gaussian kernels often have no part: then what they are made of is not computed.
        unlike = cache(partial(_unlike, one[:, mine], other[:, mine], products, own_reach))
        parts.append(partial(np.divide, products, mine.stop - mine.start))
        parts += [partial(_gaussian, unlike, weight) for weight in (0.5, 2.0)]
    return parts


def added(
    variances: Sequence[float] | np.ndarray, parts: Parts, shape: tuple[int, int]
) -> np.ndarray:
    """Add up parts by their variances, those that count.

    Parameters
    ----------
    variances
        Of the parts, in their order.
    parts
        What they make, each of the shape.
    shape
        (n, m).
    """
    whole = np.zeros(shape)
    for variance, part in zip(variances, parts, strict=False):
        if variance > NEGLIGIBLE:
            made = part()
            made *= variance
            whole += made
    return whole


def _exponential(lag_m: np.ndarray, range_m: float) -> np.ndarray:
    lag = lag_m * (-3 / range_m)
    return np.exp(lag, out=lag)


def _matern(lag_m: np.ndarray, range_m: float) -> np.ndarray:
    """Compute the Matérn correlation of smoothness 3/2."""
    lag = lag_m * (4.744 / range_m)
    decay = np.exp(-lag)
    lag += 1
    lag *= decay
    return lag


def _unlike(one: np.ndarray, other: np.ndarray, products: np.ndarray, reach: float) -> np.ndarray:
    """Compute squared distances in units of the reach, of products that are there already."""
    squared = products * -2
    squared += np.sum(one**2, axis=1)[:, None]
    squared += np.sum(other**2, axis=1)
    squared /= reach**2
    return np.asarray(np.maximum(squared, 0, out=squared))


def _gaussian(unlike: Callable[[], np.ndarray], weight: float) -> np.ndarray:
    made = unlike() * -weight
    return np.exp(made, out=made)
