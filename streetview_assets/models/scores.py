"""How good predictions are: metrics, and their bootstrap intervals."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

METRICS = ("r2", "rmse", "nrmse", "mae", "spearman")
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A bootstrap interval; None where too few resamples define the score."""

    lower: float | None
    upper: float | None


NO_INTERVAL = Interval(None, None)


def measure(observed: np.ndarray, predicted: np.ndarray) -> dict[str, float | None]:
    """Compute every metric of predictions; None where one is not defined.

    R² is 1 - SS_residual / SS_total and needs two areas that differ; NRMSE = RMSE / sd(observed)
    = sqrt(1 - R²) says the same in another way; Spearman's rank correlation needs predictions
    that differ, too. Errors are in the units of the target.
    """
    residual = observed - predicted
    total = float(np.sum((observed - observed.mean()) ** 2)) if observed.size else 0.0
    scores: dict[str, float | None] = dict.fromkeys(METRICS)
    if not observed.size:
        return scores
    scores["rmse"] = float(np.sqrt(np.mean(residual**2)))
    scores["mae"] = float(np.mean(np.abs(residual)))
    if not _is_constant(observed):
        unexplained = float(np.sum(residual**2)) / total
        scores["r2"] = 1 - unexplained
        scores["nrmse"] = float(np.sqrt(unexplained))
        if not _is_constant(predicted):
            ranks = np.corrcoef(rankdata(observed), rankdata(predicted))
            scores["spearman"] = float(ranks[0, 1])
    return scores


def why_undefined(observed: np.ndarray, predicted: np.ndarray) -> str:
    """Say why a metric of these predictions is None."""
    if observed.size < 2:
        return f"not defined: {observed.size} area(s)"
    if _is_constant(observed):
        return "not defined: the observed values are all the same"
    return "not defined: the predictions are all the same"


def resample(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Draw bootstrap resamples of whole groups.

    Areas of a block are drawn together: they resemble each other, and drawn one by one they
    would make intervals too short.

    Parameters
    ----------
    groups
        Group of each area, shape (n,).

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


def resampled_scores(
    observed: np.ndarray, predicted: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute every metric of every resample; NaN where one is not defined.

    Returns
    -------
    dict
        Metric to values, shape (resamples,).
    """
    if not len(counts):
        return {metric: np.empty(0) for metric in METRICS}
    at_once = max(1, _CELLS_AT_ONCE // len(observed))
    parts = [
        _scores_of(observed, predicted, counts[start : start + at_once].astype(np.float64))
        for start in range(0, len(counts), at_once)
    ]
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in METRICS}


def interval_of(values: np.ndarray, level: float) -> Interval:
    """Take the percentile interval of resampled scores; none where half are not defined."""
    defined = values[np.isfinite(values)]
    if len(defined) * 2 <= len(values):
        return NO_INTERVAL
    tail = (1 - level) / 2
    lower, upper = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(lower), float(upper))


def _is_constant(values: np.ndarray) -> bool:
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def _scores_of(
    observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray
) -> dict[str, np.ndarray]:
    size = weight.sum(axis=1)
    residual = observed - predicted
    # Centred first: sums of squares of large values cancel.
    centred = observed - observed.mean()
    squared = weight @ residual**2
    total = weight @ centred**2 - (weight @ centred) ** 2 / size
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = total <= 1e-12 * max(float(np.sum(centred**2)), 1e-300)
        unexplained = np.where(flat, np.nan, squared / total)
        spearman = _correlations(
            _resampled_ranks(observed, weight), _resampled_ranks(predicted, weight), weight
        )
    return {
        "r2": 1 - unexplained,
        "rmse": np.sqrt(squared / size),
        "nrmse": np.sqrt(unexplained),
        "mae": (weight @ np.abs(residual)) / size,
        "spearman": np.where(flat, np.nan, spearman),
    }


def _resampled_ranks(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rank the values within each resample; repeated and equal ones share their mean rank."""
    _, level = np.unique(values, return_inverse=True)
    order = np.argsort(level, kind="stable")
    starts = np.searchsorted(level[order], np.arange(level.max() + 1))
    weight_of_level = np.add.reduceat(weight[:, order], starts, axis=1)
    up_to = np.cumsum(weight_of_level, axis=1)
    rank_of_level = up_to - (weight_of_level - 1) / 2
    return rank_of_level[:, level]


def _correlations(left: np.ndarray, right: np.ndarray, weight: np.ndarray) -> np.ndarray:
    size = weight.sum(axis=1, keepdims=True)
    left = left - (weight * left).sum(axis=1, keepdims=True) / size
    right = right - (weight * right).sum(axis=1, keepdims=True) / size
    spread = (weight * left**2).sum(axis=1) * (weight * right**2).sum(axis=1)
    products = (weight * left * right).sum(axis=1)
    return np.where(spread > 1e-9, products / np.sqrt(spread), np.nan)
