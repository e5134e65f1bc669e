"""The scores of predictions: one row each, with its name, how it is told and how it is computed.

A metric is computed of many resamples at once; of the areas as they are, it is computed of one
resample that holds each once. Tables, charts, the report and the study file take names, labels,
axes and directions from here.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from streetview_assets.text.counted import counted

_CELLS_AT_ONCE = 4_000_000
_CELLS_OF_RANKS = 250_000


@dataclass(frozen=True)
class Metric:
    """One score.

    Attributes
    ----------
    name
        As the column `metric` has it.
    symbol
        Short, for axes and narrow columns.
    label
        In words, for a reader of the report.
    compute
        Observed and predicted values, shape (n,), and how much each counts in each resample, shape
        (resamples, n), to the score of each resample, shape (resamples,), NaN where there is none.
    higher_is_better
        False of errors.
    axis
        Least and largest value that a chart shows: a fit to few areas can be worse than any scale
        has room for.
    """

    name: str
    symbol: str
    label: str
    compute: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    higher_is_better: bool = True
    axis: tuple[float, float] = (0.0, math.inf)


def _r2(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Compute 1 - SS_residual / SS_total, which needs two areas that differ."""
    # Centred first: sums of squares of large values cancel.
    centred = observed - observed.mean()
    total = _sum(centred**2, weight) - _sum(centred, weight) ** 2 / weight.sum(axis=1)
    flat = total <= 1e-12 * max(float(np.sum(centred**2)), 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        unexplained = _sum((observed - predicted) ** 2, weight) / total
    return np.asarray(1 - np.where(flat | is_constant(observed), np.nan, unexplained))


def _nrmse(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Compute RMSE / sd(observed), which is sqrt(1 - R²) and says nothing else."""
    return np.asarray(np.sqrt(1 - _r2(observed, predicted, weight)))


def _rmse(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(_mean((observed - predicted) ** 2, weight)))


def _mae(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _mean(np.abs(observed - predicted), weight)


def _spearman(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Correlate ranks within each resample, which needs observed and predicted that differ."""
    if is_constant(observed) or is_constant(predicted):
        return np.full(len(weight), np.nan)
    at_once = max(1, _CELLS_OF_RANKS // len(observed))
    parts = (weight[start : start + at_once] for start in range(0, len(weight), at_once))
    return _joined(_rank_correlation(observed, predicted, part) for part in parts)


def _rank_correlation(
    observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    # Resamples side by side: rows of areas are moved whole.
    weight = np.ascontiguousarray(weight.T)
    left, right = _resampled_ranks(observed, weight), _resampled_ranks(predicted, weight)
    size = weight.sum(axis=0)
    left -= (weight * left).sum(axis=0) / size
    right -= (weight * right).sum(axis=0) / size
    weighted = weight * left
    together, spread = (weighted * right).sum(axis=0), (weighted * left).sum(axis=0)
    spread *= (weight * right**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        together /= np.sqrt(spread)
    return np.where(spread > 1e-9, together, np.nan)


def _r2_of_ranks(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Compute R² of the straight line through the ranks, ρ²; below 0 where they run counter."""
    rho = _spearman(observed, predicted, weight)
    return np.asarray(rho * np.abs(rho))


def _low_bias(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _tenth_bias(observed, predicted - observed, weight)


def _high_bias(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _tenth_bias(-observed, predicted - observed, weight)


def _tenth_bias(values: np.ndarray, excess: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Take the mean excess over the tenth of each resample that has the lowest values.

    Which areas are in the tenth is found in each resample anew: another time others would be. Of
    equal values at its edge each counts in part.
    """
    order, starts = _levels(values)
    of_level = np.add.reduceat(weight[:, order], starts, axis=1)
    excess_of_level = np.add.reduceat((weight * excess)[:, order], starts, axis=1)
    room = weight.sum(axis=1, keepdims=True) / 10 - (np.cumsum(of_level, axis=1) - of_level)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.nan_to_num(np.clip(room / of_level, 0, 1))
        return np.asarray((inside * excess_of_level).sum(axis=1) / (inside * of_level).sum(axis=1))


def _same(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _mean(observed == predicted, weight)


def _within_1(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _mean(np.abs(observed - predicted) <= 1, weight)


def _kappa(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Compute kappa with quadratic weights (Cohen 1968, Psychological Bulletin 70: 213-220)."""
    observed, predicted = observed.astype(np.float64), predicted.astype(np.float64)
    by_chance = _sum(observed**2 + predicted**2, weight)
    by_chance -= 2 * _sum(observed, weight) * _mean(predicted, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = _sum((observed - predicted) ** 2, weight) / by_chance
    return np.where(by_chance > 1e-9, 1 - missed, np.nan)


def _pearson(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    left, right = _mean(observed, weight), _mean(predicted, weight)
    spread = (_mean(observed**2, weight) - left**2) * (_mean(predicted**2, weight) - right**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        together = (_mean(observed * predicted, weight) - left * right) / np.sqrt(spread)
    return np.where(spread > 1e-12, together, np.nan)


def _sum(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # No matrix product: its last digit hangs on where in memory the values happen to lie.
    return np.asarray((weight * values).sum(axis=1))


def _mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.asarray(_sum(values, weight) / weight.sum(axis=1))


def _named(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


REGRESSION: Mapping[str, Metric] = _named(
    Metric("r2", "R²", "R²", _r2, axis=(-0.5, 1.0)),
    Metric("rmse", "RMSE", "root mean square error", _rmse, higher_is_better=False),
    Metric("nrmse", "NRMSE", "RMSE / sd of the target", _nrmse, False, (0.0, 1.3)),
    Metric("mae", "MAE", "mean absolute error", _mae, higher_is_better=False),
    Metric("spearman", "Spearman's ρ", "rank correlation", _spearman, axis=(-1.0, 1.0)),
)
"""Scores of predicted values; errors are in the units of the target."""

OF_RANKS: Mapping[str, Metric] = _named(
    Metric("r2_of_ranks", "R² of ranks", "R² of ranks (ρ²)", _r2_of_ranks, axis=(-0.5, 1.0)),
)
"""The score of the order of areas, which no outlier and no heavy tail moves."""

BIAS: Mapping[str, Metric] = _named(
    Metric("bias_of_lowest_decile", "bias", "predicted − observed, lowest decile", _low_bias),
    Metric("bias_of_highest_decile", "bias", "predicted − observed, highest decile", _high_bias),
)
"""Mean of predicted minus observed over the tenth of the areas at either end, in the units of the
target; which sign is better hangs on the end.
"""

DECILE: Mapping[str, Metric] = _named(
    Metric("decile_accuracy", "same decile", "same decile, share of the areas", _same),
    Metric("decile_within_1", "within one", "within one decile, share of the areas", _within_1),
    Metric("decile_kappa", "kappa", "deciles, weighted kappa", _kappa),
)
"""Scores of predicted tenths, 1 to 10."""

ORDINAL: Mapping[str, Metric] = _named(
    Metric("accuracy", "same decile", "same decile", _same),
    Metric("within_one", "within one", "within one decile", _within_1),
    Metric("quadratic_kappa", "kappa", "weighted kappa", _kappa),
    Metric("mae", "MAE", "mean error, deciles", _mae, higher_is_better=False),
    Metric("pearson_r", "Pearson's r", "Pearson r", _pearson, axis=(-1.0, 1.0)),
)
"""Scores of the ordinal network's deciles, 1 to 10."""

GAIN = "r2_gain_over_place"
"""R² of place and images together less that of place alone, in the same town."""
OF_TOWNS = ("r2", "rmse", "mae", "spearman", "coverage", GAIN)
"""What is told of one town and another."""


def measure(
    observed: np.ndarray,
    predicted: np.ndarray,
    metrics: Mapping[str, Metric] = REGRESSION,
) -> dict[str, float | None]:
    """Compute metrics of predictions.

    Parameters
    ----------
    observed, predicted
        Values, or deciles where the metrics are of deciles; shape (n,).
    metrics
        Which ones.

    Returns
    -------
    dict
        Metric to value; None where it is not defined.
    """
    if not observed.size:
        return dict.fromkeys(metrics)
    once = np.ones((1, len(observed)))
    values = {name: one.compute(observed, predicted, once)[0] for name, one in metrics.items()}
    return {name: float(value) if np.isfinite(value) else None for name, value in values.items()}


def resampled_scores(
    observed: np.ndarray,
    predicted: np.ndarray,
    weights: np.ndarray,
    metrics: Mapping[str, Metric] = REGRESSION,
) -> dict[str, np.ndarray]:
    """Compute metrics of every resample.

    Parameters
    ----------
    observed, predicted
        Values, or deciles where the metrics are of deciles; shape (n,).
    weights
        How much each area counts in each resample, shape (resamples, n).
    metrics
        Which ones.

    Returns
    -------
    dict
        Metric to values, shape (resamples,); NaN where one is not defined.
    """
    at_once = max(1, _CELLS_AT_ONCE // max(1, len(observed)))
    parts = [
        weights[start : start + at_once].astype(np.float64)
        for start in range(0, len(weights), at_once)
    ]
    return {
        name: _joined(one.compute(observed, predicted, part) for part in parts)
        for name, one in metrics.items()
    }


def why_undefined(observed: np.ndarray, predicted: np.ndarray) -> str:
    """Say why a metric of these predictions is None.

    Parameters
    ----------
    observed, predicted
        Values, shape (n,).
    """
    if observed.size < 2:
        return f"not defined: {counted(observed.size, 'area')}"
    if is_constant(observed):
        return "not defined: the observed values are all the same"
    return "not defined: the predictions are all the same"


def is_constant(values: np.ndarray) -> bool:
    """Say whether values, shape (n,), are all the same, rounding aside."""
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def _joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0), *parts])


def _resampled_ranks(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rank values within resamples, (n, resamples); repeated and equal ones share their mean."""
    order, starts = _levels(values)
    _, level = np.unique(values, return_inverse=True)
    weight_of_level = weight[order]
    if len(starts) < len(values):
        weight_of_level = np.add.reduceat(weight_of_level, starts, axis=0)
    rank_of_level = np.cumsum(weight_of_level, axis=0)
    weight_of_level -= 1
    weight_of_level /= 2
    rank_of_level -= weight_of_level
    return rank_of_level[level]


def _levels(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order values, and say where in that order each different one begins."""
    order = np.argsort(values, kind="stable")
    _, starts = np.unique(values[order], return_index=True)
    return order, starts
