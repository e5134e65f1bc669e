"""Intervals of many statistics that hold all at once: by the largest of their deviations.

Of thirty intervals of 90 % three miss by chance, and look like groups that are served worse. The
largest standardised deviation of resampled statistics says how far any of them reaches by chance
(max-t: Westfall and Young 1993, Resampling-based Multiple Testing; Montiel Olea and
Plagborg-Møller 2019, Journal of Applied Econometrics 34: 1-17).
"""

import numpy as np
from scipy.stats import norm, t


def simultaneous_intervals(
    values: np.ndarray,
    draws: np.ndarray,
    level: float,
    *,
    freedom: np.ndarray | float = np.inf,
    least_sd: np.ndarray | float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Give intervals that hold all statistics together with the level's chance.

    Parameters
    ----------
    values
        The statistics, (k,), NaN where one is not defined.
    draws
        The same of each resample, (resamples, k).
    level
        The chance, 0 to 1.
    freedom
        Degrees of freedom that the spread of each statistic is known by, (k,) or the same of all:
        what few areas tell of their own spread may be too little (Student's t).
    least_sd
        The least standard deviation that a statistic is taken to have, (k,) or the same of all:
        one that comes out alike in all resamples is not known without error.

    Returns
    -------
    tuple
        Lower and upper ends, (k,), NaN where a statistic or half of its draws are not defined.
    """
    defined = np.isfinite(draws)
    known = np.isfinite(values) & (2 * defined.sum(axis=0) > len(draws))
    lower, upper = np.full((2, len(values)), np.nan)
    if not known.any():
        return lower, upper
    least = np.broadcast_to(least_sd, values.shape)[known]
    mine = np.where(defined, draws, np.nan)[:, known]
    spread = np.maximum(np.nanstd(mine, axis=0), np.maximum(least, 1e-300))
    off = np.abs(mine - np.nanmean(mine, axis=0)) / spread
    most = float(np.quantile(np.nan_to_num(off).max(axis=1), level))
    reach = t.isf(norm.sf(most), np.broadcast_to(freedom, values.shape)[known]) * spread
    lower[known], upper[known] = values[known] - reach, values[known] + reach
    return lower, upper
