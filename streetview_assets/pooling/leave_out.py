"""The pooled vector of a group without one of its vectors, for each of them, in closed form.

A mean of n without one is (n · mean - vector) / (n - 1). Median, max and min are read off the
sorted values: without one of them, the value at a place is that at the next, where what is gone
stood at or before it.
"""

import numpy as np

from streetview_assets.tables.contract import STATISTICS
from streetview_assets.text.counted import counted


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


def pooled_without_each(vectors: np.ndarray, statistic: str) -> np.ndarray:
    """Pool the others of each vector, (n, d), float64.

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
    ordered = np.take_along_axis(exact, order, axis=0)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(count)[:, None], axis=0)
    of_others = {
        "median": ((count - 2) // 2, (count - 1) // 2),
        "max": (count - 2,),
        "min": (0,),
    }[statistic]
    found = [np.where(rank <= at, ordered[at + 1], ordered[at]) for at in of_others]
    return np.asarray(np.mean(found, axis=0))


def dispersion_without_each(vectors: np.ndarray) -> np.ndarray:
    """Say how unlike the others of each vector are, (n,); see `pool.dispersion`.

    Parameters
    ----------
    vectors
        (n, d), n at least 2, none of length 0.
    """
    exact = vectors.astype(np.float64)
    units = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(1 - np.linalg.norm(pooled_without_each(units, "mean"), axis=1))


def _known(statistic: str) -> str:
    if statistic not in STATISTICS:
        raise ValueError(f"no such statistic: {statistic}; there are {', '.join(STATISTICS)}")
    return statistic
