"""Bootstrap intervals of scores: resamples of whole groups, percentiles of what they score."""

import numpy as np


def resample(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Draw bootstrap resamples of whole groups.

    Areas of a block are drawn together: they resemble each other, and drawn one by one they
    would make intervals too short.

    Parameters
    ----------
    groups
        Group of each area, shape (n,).
    resamples
        How many to draw.
    seed
        Of the draws.

    Returns
    -------
    numpy.ndarray
        How often each area is in each resample, shape (resamples, n), int32; of fewer than two
        groups no resample, since each would be the same.
    """
    names, member = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return np.empty((0, len(groups)), dtype=np.int32)
    chances = np.full(len(names), 1 / len(names))
    counts = np.random.default_rng(seed).multinomial(len(names), chances, size=resamples)
    return counts.astype(np.int32)[:, member.reshape(-1)]


def interval_of(values: np.ndarray, level: float) -> tuple[float, float] | tuple[None, None]:
    """Take the percentile interval of resampled scores; none where half are not defined.

    Parameters
    ----------
    values
        A score of each resample, shape (resamples,), NaN where it is not defined.
    level
        Of the interval, 0 to 1.
    """
    defined = values[np.isfinite(values)]
    if len(defined) * 2 <= len(values):
        return None, None
    tail = (1 - level) / 2
    lower, upper = np.quantile(defined, [tail, 1 - tail])
    return float(lower), float(upper)
