"""Where an area stands among the areas of the study: its rank and its decile.

Both count from the lowest value, whatever it means: 1 is the lowest. An index in which rank 1 is
the most deprived area keeps that end; a share of the unemployed has the least of them in decile 1.
"""

import numpy as np
import polars as pl

DECILES = 10


def ranks(values: pl.Series) -> pl.Series:
    """Rank the values from 1, the lowest; equal ones share the mean of their ranks.

    Parameters
    ----------
    values
        Finite numbers, null where there is none; such a place has no rank and shifts no other.
    """
    return values.rank("average")


def deciles(values: pl.Series) -> pl.Series:
    """Cut the values into tenths: 1 holds the lowest, 10 the highest.

    Equal values never part: they share one decile, so that deciles differ in size, and some are
    empty, where many areas have the same value; none is numbered anew for that. Of one value
    alone all are in decile 1.

    Parameters
    ----------
    values
        Finite numbers, null where there is none; such a place has no decile.

    Returns
    -------
    polars.Series
        As `deciles_among` the values themselves, as float.
    """
    known = values.drop_nulls().to_numpy()
    placed = np.full(len(values), np.nan)
    if len(known):
        placed[values.is_not_null().to_numpy()] = deciles_among(known, known)
    return pl.Series(values.name, placed).fill_nan(None)


def as_deciles(values: pl.Series) -> pl.Series:
    """Give deciles of values: the values themselves where all are whole numbers from 1 to 10."""
    whole = (values == values.round()) & values.is_between(1, DECILES)
    return values.cast(pl.Float64) if whole.drop_nulls().all() else deciles(values)


def deciles_among(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Give the tenth of some values that each value lies in, 1 to 10.

    Parameters
    ----------
    values
        Finite numbers, shape (n,).
    among
        The values whose nine inner decile points are the limits, shape (m,), m at least 1.

    Returns
    -------
    numpy.ndarray
        1 plus the number of decile points that a value exceeds. With the usual (linear, Hyndman
        and Fan's type 7) quantiles, a value of `among` exceeds the point of q tenths just where
        it exceeds the value at place floor((m - 1) q / 10), counted from 0; the places are
        reckoned in whole numbers, so that no rounding moves an area.
    """
    ordered = np.sort(np.asarray(among, dtype=np.float64))
    place, tenths = np.divmod((len(ordered) - 1) * np.arange(1, DECILES), DECILES)
    below, above = ordered[place], ordered[np.minimum(place + 1, len(ordered) - 1)]
    points = below + tenths / DECILES * (above - below)
    limits = np.where(points < above, points, below)
    return np.searchsorted(limits, np.asarray(values), side="left") + 1
