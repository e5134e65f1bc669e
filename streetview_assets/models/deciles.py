"""How good predictions are where only the tenth of the study counts that an area lies in."""

import numpy as np

DECILE_METRICS = ("decile_accuracy", "decile_within_1", "decile_kappa")
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


def decile_scores(observed: np.ndarray, predicted: np.ndarray) -> dict[str, float | None]:
    """Compare deciles: the share that is right, that is at most one off, and weighted kappa.

    Parameters
    ----------
    observed, predicted
        Deciles, shape (n,).

    Returns
    -------
    dict
        Metric to value. Kappa has quadratic weights (Cohen 1968, Psychological Bulletin 70:
        213-220); it is None where all deciles are one.
    """
    if not observed.size:
        return dict.fromkeys(DECILE_METRICS)
    scores = resampled_decile_scores(observed, predicted, np.ones((1, len(observed))))
    return {
        metric: float(values[0]) if np.isfinite(values[0]) else None
        for metric, values in scores.items()
    }


def resampled_decile_scores(
    observed: np.ndarray, predicted: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute every metric of every resample; NaN where one is not defined.

    Parameters
    ----------
    observed, predicted
        Deciles, shape (n,).
    counts
        How often each area is in each resample, shape (resamples, n).

    Returns
    -------
    dict
        Metric to values, shape (resamples,).
    """
    off = np.abs(observed - predicted).astype(np.float64)
    columns = np.column_stack(
        [off == 0, off <= 1, off**2, observed, predicted, observed**2 + predicted**2]
    ).astype(np.float64)
    size = counts.sum(axis=1).astype(np.float64)
    sums = counts @ columns
    apart = sums[:, 5] - 2 * sums[:, 3] * sums[:, 4] / size
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = np.where(apart > 1e-9, 1 - sums[:, 2] / apart, np.nan)
    return {
        "decile_accuracy": sums[:, 0] / size,
        "decile_within_1": sums[:, 1] / size,
        "decile_kappa": kappa,
    }
