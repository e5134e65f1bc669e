"""Folds of points: an area, or a block, stays whole, and deciles spread evenly."""

import numpy as np
from scipy.stats.contingency import crosstab

from streetview_assets.models.data.splits import TooFewGroupsError


def even_folds(groups: np.ndarray, deciles: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Deal whole groups out to folds that resemble each other in size and in their deciles.

    The largest group goes first, each to the fold that has least of what the group consists of;
    the seed decides between groups of one size. Points of an area share its value: split over
    folds, they would tell it.

    Parameters
    ----------
    groups
        Group of each point, such as its area; shape (n,).
    deciles
        Its decile; shape (n,).
    folds
        The most folds.
    seed
        Of the order of groups of one size.

    Returns
    -------
    numpy.ndarray
        The fold of each point, from 1, shape (n,); independent of the order of the points.

    Raises
    ------
    TooFewGroupsError
        With fewer than two groups.
    """
    # The points of each group by decile, and the group that each point is of.
    counts = crosstab(groups, deciles).count.astype(np.float64)
    _, member = np.unique(groups, return_inverse=True)
    if len(counts) < 2:
        raise TooFewGroupsError(f"{len(counts)} group, at least 2 needed")
    sizes, folds = counts.sum(axis=1), min(folds, len(counts))
    drawn = np.random.default_rng(seed).permutation(len(counts))
    filled = np.zeros((folds, counts.shape[1]))
    fold_of_group = np.empty(len(counts), dtype=np.int64)
    for group in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        alike = (filled / counts.sum(axis=0)) @ counts[group] / sizes[group]
        full = filled.sum(axis=1) / sizes.sum()
        chosen = int(np.argmin(np.round(alike + full, 12)))
        fold_of_group[group] = chosen + 1
        filled[chosen] += counts[group]
    dealt: np.ndarray = fold_of_group[member]
    return dealt


def validation_part(groups: np.ndarray, deciles: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Set whole groups aside, about `share` of the points, on which training is stopped early.

    Parameters
    ----------
    groups
        Group of each point, such as its area; shape (n,).
    deciles
        Its decile, 1 to 10; shape (n,).
    share
        Of the points, above 0 and at most a half.
    seed
        Of the order of groups of one size.

    Returns
    -------
    numpy.ndarray
        Whether a point is set aside, shape (n,); none with fewer than two groups.
    """
    folds = max(2, round(1 / share))
    try:
        aside: np.ndarray = even_folds(groups, deciles, folds, seed) == 1
    except TooFewGroupsError:
        return np.zeros(len(groups), dtype=bool)
    return aside
