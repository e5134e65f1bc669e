"""The pooled vector of a group less what each of its vectors adds to it, in closed form.

A mean of n without one is (n · mean - vector) / (n - 1). A median, a least or a greatest value
hardly moves when one of many goes, and by how much says little of the one: of a median only on
which side it lay, however far. What a vector adds is then its mean contribution to groups of the
others, of each size from none to all (the value of Shapley 1953, Contributions to the Theory of
Games 2: 307-317). Per dimension that is linear in the sorted values, by weights that hang on the
number of values alone: so many values of a group of some size lie below one of a certain rank by
the hypergeometric distribution.
"""

from functools import cache

import numpy as np
from scipy.special import gammaln

from streetview_assets.tables.contract import STATISTICS
from streetview_assets.text.counted import counted

MOST_SIZES = 64
"""Of groups: what a vector adds to larger ones is next to nothing."""


def pooled(vectors: np.ndarray, statistic: str) -> np.ndarray:
    """Pool vectors (n, d) per dimension into one, (d,), float64.

    Parameters
    ----------
    vectors
        (n, d), n at least 1.
    statistic
        One of `STATISTICS`.

    Raises
    ------
    ValueError
        Where there is no such statistic.
    """
    return np.asarray(getattr(np, _known(statistic))(vectors.astype(np.float64), axis=0))


def pooled_groups(vectors: np.ndarray, groups: np.ndarray, statistic: str) -> np.ndarray:
    """Pool many groups of vectors at once, (m, d), float64.

    Parameters
    ----------
    vectors
        (n, d).
    groups
        Which are in each group, mask (m, n), each row true at least once.
    statistic
        One of `STATISTICS`.

    Raises
    ------
    ValueError
        Where there is no such statistic.
    """
    name, exact, sizes = _known(statistic), vectors.astype(np.float64), groups.sum(axis=1)
    if name == "mean":
        return np.asarray((groups / sizes[:, None]) @ exact)
    made = np.empty((len(groups), vectors.shape[1]))
    for size in np.unique(sizes):
        mine = sizes == size
        members = np.nonzero(groups[mine])[1].reshape(-1, size)
        made[mine] = getattr(np, name)(exact[members], axis=1)
    return made


def pooled_less_each(vectors: np.ndarray, statistic: str) -> np.ndarray:
    """Pool vectors less what each of them adds, (n, d), float64: of a mean, that of the others.

    Parameters
    ----------
    vectors
        (n, d), n at least 2.
    statistic
        One of `STATISTICS`.

    Raises
    ------
    ValueError
        Where there is no such statistic, or a vector has no others.
    """
    count = len(vectors)
    if count < 2:
        raise ValueError(f"{counted(count, 'vector')}: without one of them nothing is left to pool")
    exact = vectors.astype(np.float64)
    if _known(statistic) == "mean":
        return np.asarray((count * exact.mean(axis=0) - exact) / (count - 1))
    order = np.argsort(exact, axis=0, kind="stable")
    added = np.empty_like(exact)
    weighed = _weights_of_ranks(count, statistic) @ np.take_along_axis(exact, order, axis=0)
    np.put_along_axis(added, order, weighed, axis=0)
    return np.asarray(pooled(vectors, statistic) - added)


@cache
def _weights_of_ranks(count: int, statistic: str) -> np.ndarray:
    """Give the weight of the value of each rank (columns) in what that of a rank adds (rows)."""
    ranks, sizes = np.arange(count), min(count, MOST_SIZES)
    # To none it adds itself less what any one would.
    weights = np.eye(count) - 1 / count
    lower = ranks[None, :] < ranks[:, None]
    for size in range(1, sizes):
        before = _chances(count - 1, size, _places(size, statistic))
        places = _places(size + 1, statistic)
        below = _chances(count - 1, size, places) - before
        above = _chances(count - 1, size, places - 1) - before
        weights += np.where(lower, np.append(below, 0), np.where(lower.T, np.append(0, above), 0))
        weights[ranks, ranks] += _many_below(count - 1, size, places)
    return np.asarray(weights / sizes)


def _places(size: int, statistic: str) -> np.ndarray:
    """Say at which places of so many sorted values a statistic is read, from 0."""
    found = {"median": ((size - 1) // 2, size // 2), "max": (size - 1,), "min": (0,)}
    return np.array(found[statistic])


def _chances(count: int, size: int, places: np.ndarray) -> np.ndarray:
    """Give the chance of each rank (count,) to be at a place of a group by lot; mean of places."""
    rank = np.arange(count)[:, None]
    logs = _log_choose(rank, places) + _log_choose(count - 1 - rank, size - 1 - places)
    return np.asarray(np.exp(logs - _log_choose(count, size)).mean(axis=1))


def _many_below(count: int, size: int, places: np.ndarray) -> np.ndarray:
    """Give the chance that as many of a group by lot lie below a rank, (count + 1,); see above."""
    rank = np.arange(count + 1)[:, None]
    logs = _log_choose(rank, places) + _log_choose(count - rank, size - places)
    return np.asarray(np.exp(logs - _log_choose(count, size)).mean(axis=1))


def _log_choose(of: np.ndarray | int, taken: np.ndarray | int) -> np.ndarray:
    """Give the logarithm of the ways to take some of some; minus infinity where there is none."""
    of, taken = np.broadcast_arrays(of, taken)
    possible = (taken >= 0) & (taken <= of)
    n, k = np.where(possible, of, 0), np.where(possible, taken, 0)
    logs = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.where(possible, logs, -np.inf)


def dispersion_without_each(vectors: np.ndarray) -> np.ndarray:
    """Say how unlike the others of each vector are, (n,); see `pool.dispersion`.

    Parameters
    ----------
    vectors
        (n, d), n at least 2, none of length 0.
    """
    exact = vectors.astype(np.float64)
    units = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(1 - np.linalg.norm(pooled_less_each(units, "mean"), axis=1))


def _known(statistic: str) -> str:
    if statistic not in STATISTICS:
        raise ValueError(f"no such statistic: {statistic}; there are {', '.join(STATISTICS)}")
    return statistic
