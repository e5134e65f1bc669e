"""Whether a group of people sees images otherwise than the rest: raters are what is sampled.

Images are compared with themselves, as seen by the group and by the rest; an image that only one
side rated counts for nothing. The test deals out the labels of raters anew (Fisher's permutation
test), so that it is exact however few they are and however many images each rated.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import rankdata, t

DEALS = 1_999
_MOST_CELLS = 5_000_000


@dataclass(frozen=True)
class Difference:
    """How a group differs from the rest.

    Attributes
    ----------
    value, lower, upper
        Mean of the group less that of the rest on the same images, with its interval.
    p_value
        That the two sides differ neither in level nor in which images they rate higher.
    in_order
        Whether they differ more clearly in which images they rate higher than in level.
    image_count
        Images that both rated.
    """

    value: float
    lower: float
    upper: float
    p_value: float
    in_order: bool
    image_count: int


def difference(
    value: np.ndarray, unit: np.ndarray, rater: np.ndarray, member: np.ndarray, *, level: float,
    seed: int,
) -> Difference | None:  # fmt: skip
    """Compare a group with the rest, raters as the clusters.

    Parameters
    ----------
    value
        The ratings, shape (n,).
    unit, rater
        Number of the image and of the person of each, from 0, shape (n,).
    member
        Whether each person is of the group, shape (people,).
    level
        Of the interval.
    seed
        Of the deals.

    Returns
    -------
    Difference or None
        None where no image was rated by both sides.
    """
    shape = (len(member), int(unit.max()) + 1)
    counts = csr_matrix((np.ones(len(value)), (rater, unit)), shape=shape)
    totals = csr_matrix((value, (rater, unit)), shape=shape)
    weight, apart = _apart(counts, totals, member[None].astype(float))
    if not weight.any():
        return None
    found = float((weight @ apart.T)[0, 0] / weight.sum())
    error, freedom = _clustered_error(value, unit, rater, member, weight[0], found)
    reach = float(t.ppf((1 + level) / 2, freedom)) * error
    p_value, in_order = _dealt(counts, totals, member, seed)
    both = int(np.count_nonzero(weight))
    return Difference(found, found - reach, found + reach, p_value, in_order, both)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for their number (Holm 1979, Scandinavian Journal of Statistics 6: 65-70).

    Parameters
    ----------
    p_values
        Shape (n,).
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return adjusted


def _apart(
    counts: csr_matrix, totals: csr_matrix, members: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give weight and difference of the sides by deal and image, both of shape (deals, images)."""
    inside, summed = members @ counts, members @ totals
    outside = np.asarray(counts.sum(axis=0)).reshape(-1) - inside
    rest = np.asarray(totals.sum(axis=0)).reshape(-1) - summed
    weight = inside * outside / np.maximum(inside + outside, 1)
    return weight, summed / np.maximum(inside, 1) - rest / np.maximum(outside, 1)


def _statistics(weight: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Give what a difference in level, and one in order, would make large: (2, deals)."""
    whole = np.maximum(weight.sum(axis=1), 1e-12)
    along = np.sum(weight * apart, axis=1)
    left = np.sum(weight * apart**2, axis=1) - along**2 / whole
    return np.stack(
        [np.abs(along) / np.sqrt(whole), left / np.maximum((weight > 0).sum(axis=1), 1)]
    )


def _dealt(
    counts: csr_matrix, totals: csr_matrix, member: np.ndarray, seed: int
) -> tuple[float, bool]:
    """Give the p-value of the clearer of both statistics, among deals treated alike (min p)."""
    rng = np.random.default_rng(seed)
    deals = np.array([member, *(rng.permutation(member) for _ in range(DEALS))], dtype=float)
    at_once = max(_MOST_CELLS // counts.shape[1], 1)
    parts = [
        _statistics(*_apart(counts, totals, deals[start : start + at_once]))
        for start in range(0, len(deals), at_once)
    ]
    # A deal's p-value among all deals, itself among them: ties count against it.
    statistics = np.round(np.concatenate(parts, axis=1), 10)
    by_each = rankdata(-statistics, method="max", axis=1) / len(deals)
    clearest = by_each.min(axis=0)
    p_value = float(np.mean(clearest <= clearest[0] + 1e-12))
    return p_value, bool(by_each[1, 0] < by_each[0, 0])


def _clustered_error(
    value: np.ndarray,
    unit: np.ndarray,
    rater: np.ndarray,
    member: np.ndarray,
    weight: np.ndarray,
    found: float,
) -> tuple[float, float]:
    """Give the standard error with raters as clusters, and Welch's degrees of freedom.

    What an image's mean takes of its own ratings is given back: n / (n − images).
    """
    seen = np.maximum(np.bincount(unit), 1)
    inside = member[rater].astype(float)
    own = inside - (np.bincount(unit, weights=inside) / seen)[unit]
    left = value - found * inside
    left = left - (np.bincount(unit, weights=left) / seen)[unit]
    score = np.bincount(rater, weights=own * left, minlength=len(member))
    own_means = len(value) / max(len(value) - int(np.count_nonzero(np.bincount(unit))), 1)
    sides = [score[member], score[~member]]
    beyond_one = np.array([max(len(side) - 1, 1) for side in sides])
    spread = np.array([own_means * len(side) * float(side @ side) for side in sides]) / beyond_one
    whole = max(float(spread.sum()), 1e-300)
    freedom = whole**2 / max(float(np.sum(spread**2 / beyond_one)), 1e-300)
    return float(np.sqrt(whole) / weight.sum()), max(freedom, 1.0)
