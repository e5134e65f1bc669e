"""Where an area stands among the areas of the study: its rank and its decile.

Both count from the lowest value, whatever it means: 1 is the lowest. An index in which rank 1 is
the most deprived area keeps that end; a share of the unemployed has the least of them in decile 1.
"""

import numpy as np
import polars as pl


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
        1 plus the number of the nine inner decile points that a value exceeds, as float. With
        the usual (linear, Hyndman and Fan's type 7) quantiles, a value of the sample exceeds the
        point of q tenths just where it exceeds the value at place floor((n - 1) q / 10), counted
        from 0; by whole numbers, no rounding moves an area.
    """
    known = values.drop_nulls().sort().to_numpy()
    if not len(known):
        return values.cast(pl.Float64)
    edges = known[[(len(known) - 1) * tenth // 10 for tenth in range(1, 10)]]
    there = values.is_not_null().to_numpy()
    placed = np.full(len(values), np.nan)
    placed[there] = np.searchsorted(edges, values.drop_nulls().to_numpy(), side="left") + 1
    return pl.Series(values.name, placed).fill_nan(None)
