"""How far the farthest value lies from the others, in robust standard deviations."""

import numpy as np

HEAVY = 8.0
"""A target whose farthest area lies beyond so many has heavy tails, or one area that is wrong: of
ten million normal values none does."""
MAD_OF_NORMAL = 0.6745
MEAN_DEVIATION_OF_NORMAL = 0.7979
"""Median and mean of the absolute deviations of a standard normal variable."""


def largest_robust_z(values: np.ndarray) -> float | None:
    """Give the largest distance from the median, over the median of those distances, rescaled.

    The modified z-score of Iglewicz and Hoaglin (1993, How to Detect and Handle Outliers); where
    more than half of the values are the same, over the mean of the distances.

    Parameters
    ----------
    values
        Finite numbers, shape (n,).

    Returns
    -------
    float or None
        In standard deviations of a normal distribution that is as wide; None where all values
        are the same, or there are none.
    """
    if not len(values) or np.ptp(values) == 0:
        return None
    distances = np.abs(values - np.median(values))
    spread = float(np.median(distances)) / MAD_OF_NORMAL
    if spread == 0:
        spread = float(distances.mean()) / MEAN_DEVIATION_OF_NORMAL
    return float(distances.max()) / spread
