"""The tenth of the study that a value lies in."""

import numpy as np

DECILES = 10


def deciles_of(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Give the tenth of the observed values that each value lies in, 1 to 10.

    Parameters
    ----------
    values
        Observed or predicted, shape (n,).
    observed
        The values of the study's areas, whose nine deciles are the limits; a value on a limit
        belongs to the lower tenth.
    """
    limits = np.quantile(observed, np.arange(1, DECILES) / DECILES)
    return np.searchsorted(limits, values, side="left") + 1
