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


def deprivation(targets: pl.DataFrame, target: str) -> dict[str, float]:
    """Rank areas by how deprived they are, as a share from 0 (best off) to 1 (worst off).

    Parameters
    ----------
    targets
        Table ``targets``; its column ``more_is`` says which end is the worse.
    target
        Name of the target.

    Returns
    -------
    dict
        The share by area code. Ties share the mean of their ranks, a single area gets 0.5, and
        areas without a value are absent; empty where the table has nothing of the target.
    """
    rows = targets.filter(target=target).drop_nulls("value")
    worse = pl.when(pl.col("more_is") == "worse").then(pl.col("value")).otherwise(-pl.col("value"))
    rank = ranks(rows.select(worse).to_series())
    share = (rank - 1) / (rows.height - 1) if rows.height > 1 else rank * 0.5
    return dict(zip(rows["area_code"], share, strict=True))


def deciles(values: pl.Series, *, are_deciles: bool = False) -> pl.Series:
    """Cut the values into tenths: 1 holds the lowest, 10 the highest.

    Equal values never part: they share one decile, so that deciles differ in size, and some are
    empty, where many areas have the same value; none is numbered anew for that. Of one value
    alone all are in decile 1.

    Parameters
    ----------
    values
        Finite numbers, null where there is none; such a place has no decile.
    are_deciles
        Whether they are deciles already (the column `is_decile` of `targets`), and stay.

    Returns
    -------
    polars.Series
        As `deciles_among` the values themselves, as float.
    """
    known = values.drop_nulls().to_numpy()
    placed = np.full(len(values), np.nan)
    if len(known):
        told = deciles_among(known, known, are_deciles=are_deciles)
        placed[values.is_not_null().to_numpy()] = told
    return pl.Series(values.name, placed).fill_nan(None)


def could_be_deciles(values: pl.Series) -> bool:
    """Say whether there are values and all of them are whole numbers from 1 to 10.

    Deciles are such numbers, and so are counts of bedrooms: no data tell one from the other.
    """
    known = values.drop_nulls()
    return len(known) > 0 and bool(known.is_in([float(one) for one in range(1, DECILES + 1)]).all())


def deciles_among(
    values: np.ndarray, among: np.ndarray, *, are_deciles: bool = False
) -> np.ndarray:
    """Give the tenth of some values that each value lies in, 1 to 10.

    Parameters
    ----------
    values
        Finite numbers, shape (n,).
    among
        The values whose nine inner decile points are the limits, shape (m,), m at least 1.
    are_deciles
        Whether `among` are deciles themselves, which are not cut again: a value is the nearest.

    Returns
    -------
    numpy.ndarray
        1 plus the number of decile points that a value exceeds, int64. With the usual (linear,
        Hyndman and Fan's type 7) quantiles, a value of `among` exceeds the point of q tenths just
        where it exceeds the value at place floor((m - 1) q / 10), counted from 0; the places are
        reckoned in whole numbers, so that no rounding moves an area.
    """
    if are_deciles:
        return np.clip(np.floor(np.asarray(values) + 0.5), 1, DECILES).astype(np.int64)
    ordered = np.sort(np.asarray(among, dtype=np.float64))
    place, tenths = np.divmod((len(ordered) - 1) * np.arange(1, DECILES), DECILES)
    below, above = ordered[place], ordered[np.minimum(place + 1, len(ordered) - 1)]
    points = below + tenths / DECILES * (above - below)
    limits = np.where(points < above, points, below)
    return np.searchsorted(limits, np.asarray(values), side="left") + 1
