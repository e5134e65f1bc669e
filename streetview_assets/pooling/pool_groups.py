"""One statistic of very many small groups of vectors."""

import numpy as np

from streetview_assets.study.fields import Statistic
from streetview_assets.tables.contract import STATISTICS

_MOST_BY_NETWORK = 48
"""Groups larger than that are sorted by numpy: a network's steps grow faster than its groups."""


def pool_groups(
    vectors: np.ndarray, groups: np.ndarray, statistic: Statistic
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pool vectors by group, groups of one size at once.

    Parameters
    ----------
    vectors
        (n, d), float32.
    groups
        (n,), the group of each vector, text or integers, in any order.
    statistic
        Taken per dimension; the median of an even number is the mean of the middle two.

    Returns
    -------
    tuple
        The groups, sorted (g,); how many vectors each has (g,); the pooled vectors (g, d), float32.

    Raises
    ------
    ValueError
        Where there is no such statistic.
    """
    if statistic not in STATISTICS:
        raise ValueError(f"no such statistic: {statistic}; there are {', '.join(STATISTICS)}")
    order = np.argsort(groups, kind="stable")
    keys, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    pooled = np.empty((len(keys), vectors.shape[1]), dtype=np.float32)
    for count in np.unique(counts):
        alike = np.flatnonzero(counts == count)
        rows = order[starts[alike][None, :] + np.arange(count)[:, None]]
        pooled[alike] = _across(vectors[rows], statistic)
    return keys, counts, pooled


def _across(block: np.ndarray, statistic: Statistic) -> np.ndarray:
    """Take the statistic over the first axis of a block (count, g, d), which may be reordered."""
    match statistic:
        case "mean":
            return np.asarray(block.mean(axis=0, dtype=np.float64))
        case "max":
            return np.asarray(block.max(axis=0))
        case "min":
            return np.asarray(block.min(axis=0))
    if len(block) > 2:
        _sort(block)
    below, above = block[(len(block) - 1) // 2], block[len(block) // 2]
    return np.asarray((below.astype(np.float64) + above) / 2)


def _sort(block: np.ndarray) -> None:
    """Sort along the first axis in place, by Batcher's odd-even merge (1968, AFIPS 32: 307-314).

    Its steps do not depend on the values, so that each is done for all groups and dimensions.
    """
    count = len(block)
    if count > _MOST_BY_NETWORK:
        block.sort(axis=0)
        return
    lower = np.empty_like(block[0])
    merged = 1
    while merged < count:
        apart = merged
        while apart:
            for first in range(apart % merged, count - apart, 2 * apart):
                for low in range(first, first + min(apart, count - first - apart)):
                    if low // (2 * merged) == (low + apart) // (2 * merged):
                        np.minimum(block[low], block[low + apart], out=lower)
                        np.maximum(block[low], block[low + apart], out=block[low + apart])
                        block[low] = lower
            apart //= 2
        merged *= 2
