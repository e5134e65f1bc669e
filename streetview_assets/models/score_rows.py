"""Held-out predictions as rows of the score and prediction tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from streetview_assets.models.dataset import AreaDataset
from streetview_assets.models.folds import Validation, seed_of
from streetview_assets.models.intervals import (
    TOO_FEW_RESIDUALS,
    coverage,
    cross_conformal_half_widths,
)
from streetview_assets.models.scores import (
    METRICS,
    NO_INTERVAL,
    Interval,
    interval_of,
    measure,
    resample,
    resampled_scores,
    why_undefined,
)
from streetview_assets.models.spatial import morans_i, morans_p
from streetview_assets.models.validation import REPEAT, TUNED, OutOfFold
from streetview_assets.tables import TABLES

RESAMPLES = 1_000
OBSERVED = "observed"
"""Stands in the column `model` where Moran's I is that of the target itself."""
TRUNCATED = "truncated: the budget in seconds ended before all trials were made"

Row = dict[str, Any]


@dataclass(frozen=True)
class Labels:
    """What the rows of one study's models have in common."""

    target: str
    encoder: str
    features: str
    interval_level: float
    authority: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> dict[str, str]:
        """The columns that are the same in every row."""
        return self.authority | {
            "target": self.target,
            "encoder": self.encoder,
            "features": self.features,
        }


def score_row(
    labels: Labels,
    model: str,
    validation: Validation,
    metric: str,
    value: float | None,
    area_count: int,
    *,
    fold: int = 0,
    interval: Interval = NO_INTERVAL,
    note: str | None = None,
) -> Row:
    """Make one row of scores."""
    return labels.key | {
        "model": model,
        "group_name": "all",
        "validation": validation,
        "repeat": REPEAT,
        "fold": fold,
        "metric": metric,
        "value": value,
        "lower": interval.lower,
        "upper": interval.upper,
        "interval_level": labels.interval_level if interval.lower is not None else None,
        "area_count": area_count,
        "mlflow_run_id": None,
        "note": note,
    }


def no_score(
    labels: Labels, validation: Validation, area_count: int, note: str, model: str = TUNED
) -> Row:
    """Make the row that says why there is no score."""
    return score_row(labels, model, validation, "r2", None, area_count, note=note)


def score_rows(
    labels: Labels,
    data: AreaDataset,
    split: OutOfFold,
    half_widths: dict[str, np.ndarray],
    weights: csr_matrix,
    seed: int,
) -> list[Row]:
    """Score every model of a split: pooled with intervals, by fold, residuals in space.

    Parameters
    ----------
    data
        The areas of the split, in its order.
    half_widths
        Model to half widths of the prediction intervals, shape (n,), NaN where there is none.
    weights
        Which areas are neighbours.
    """
    counts = resample(split.group, RESAMPLES, seed_of(seed, "bootstrap", split.validation))
    truncated = TRUNCATED if split.truncated else None
    rows, resampled_r2 = [], {}
    for model, predicted in split.predicted.items():
        resampled = resampled_scores(data.observed, predicted, counts)
        resampled_r2[model] = resampled["r2"]
        note = truncated if _is_tuned(split, model) else None
        rows += _pooled_rows(labels, data, split, model, resampled, note)
        rows += _fold_rows(labels, data, split, model)
        residual = data.observed - predicted
        covered = coverage(residual, half_widths[model])
        rows.append(
            score_row(
                labels, model, split.validation, "coverage", covered, len(data),
                note=None if covered is not None else TOO_FEW_RESIDUALS,
            )
        )  # fmt: skip
        rows += _moran_rows(labels, model, split.validation, residual, weights, seed)
    rows += _moran_rows(labels, OBSERVED, split.validation, data.observed, weights, seed)
    rows += _gain_rows(labels, data, split, resampled_r2)
    rows += [
        no_score(labels, split.validation, len(data), why, model)
        for model, why in split.competing.left_out.items()
    ]
    return rows


def scores_frame(rows: list[Row], table: str = "model_scores") -> pl.DataFrame:
    """Make a frame of a table of scores, sorted by its key."""
    return TABLES[table].frame(rows).sort(TABLES[table].key)


def predictions_frame(
    labels: Labels,
    data: AreaDataset,
    splits: Iterable[OutOfFold],
    half_widths: Mapping[Validation, dict[str, np.ndarray]],
    table: str = "predictions",
) -> pl.DataFrame:
    """Give every model's prediction of every held-out area, with its interval, sorted by key.

    Parameters
    ----------
    data
        The areas of the splits, in their order.
    half_widths
        Validation to model to half widths of the intervals, shape (n,), NaN where there is none.
    """
    parts = [
        _predictions_of(labels, data, split, model, half_widths[split.validation][model])
        for split in splits
        for model in split.predicted
    ]
    contract = TABLES[table]
    if not parts:
        return contract.frame()
    return pl.concat(parts).select(contract.schema.names()).sort(contract.key)


def _predictions_of(
    labels: Labels, data: AreaDataset, split: OutOfFold, model: str, half_widths: np.ndarray
) -> pl.DataFrame:
    half, predicted = pl.col("half_width"), pl.col("predicted")
    return pl.DataFrame(
        {
            "area_code": data.area_codes,
            "fold": split.fold,
            "observed": data.observed,
            "predicted": split.predicted[model],
            "half_width": pl.Series(half_widths).fill_nan(None),
        }
    ).with_columns(
        **{name: pl.lit(value) for name, value in labels.key.items()},
        model=pl.lit(model),
        validation=pl.lit(split.validation),
        repeat=pl.lit(REPEAT, pl.Int64),
        lower=predicted - half,
        upper=predicted + half,
        interval_level=pl.when(half.is_not_null()).then(labels.interval_level),
        residual=pl.col("observed") - predicted,
    )


def cross_conformal(data: AreaDataset, split: OutOfFold, level: float) -> dict[str, np.ndarray]:
    """Give every model's half widths of prediction intervals, from its errors in other folds."""
    return {
        model: cross_conformal_half_widths(data.observed - predicted, split.fold, level)
        for model, predicted in split.predicted.items()
    }


def _is_tuned(split: OutOfFold, model: str) -> bool:
    return model == TUNED or model in {one.name for one in split.competing.candidates}


def _pooled_rows(
    labels: Labels,
    data: AreaDataset,
    split: OutOfFold,
    model: str,
    resampled: dict[str, np.ndarray],
    note: str | None,
) -> list[Row]:
    predicted = split.predicted[model]
    scores = measure(data.observed, predicted)
    rows = []
    for metric in METRICS:
        value = scores[metric]
        rows.append(
            score_row(
                labels, model, split.validation, metric, value, len(data),
                interval=NO_INTERVAL
                if value is None
                else interval_of(resampled[metric], labels.interval_level),
                note=note if value is not None else why_undefined(data.observed, predicted),
            )
        )  # fmt: skip
    return rows


def _fold_rows(labels: Labels, data: AreaDataset, split: OutOfFold, model: str) -> list[Row]:
    numbers = np.unique(split.fold)
    if len(numbers) < 2:
        return []
    rows = []
    for number in numbers:
        inside = split.fold == number
        observed, predicted = data.observed[inside], split.predicted[model][inside]
        scores = measure(observed, predicted)
        rows += [
            score_row(
                labels, model, split.validation, metric, scores[metric], int(inside.sum()),
                fold=int(number),
                note=None if scores[metric] is not None else why_undefined(observed, predicted),
            )
            for metric in METRICS
        ]  # fmt: skip
    return rows


def _moran_rows(
    labels: Labels,
    model: str,
    validation: Validation,
    values: np.ndarray,
    weights: csr_matrix,
    seed: int,
) -> list[Row]:
    value = morans_i(values, weights)
    chance = morans_p(values, weights, seed_of(seed, "moran"))
    note = None if value is not None else "not defined: the values are all the same"
    return [
        score_row(labels, model, validation, metric, number, len(values), note=note)
        for metric, number in (("morans_i", value), ("morans_p", chance))
    ]


def _gain_rows(
    labels: Labels, data: AreaDataset, split: OutOfFold, resampled_r2: dict[str, np.ndarray]
) -> list[Row]:
    """Compare R² with the best baseline's, on the same resamples (a paired bootstrap)."""
    r2 = {
        model: measure(data.observed, predicted)["r2"]
        for model, predicted in split.predicted.items()
    }
    known = {model: value for model, value in r2.items() if value is not None}
    names = [one.name for one in split.competing.baselines if one.name in known]
    if not names:
        return []
    best = max(names, key=lambda name: known[name])
    return [
        score_row(
            labels, model, split.validation, "r2_gain_over_baseline",
            known[model] - known[best], len(data),
            interval=interval_of(resampled_r2[model] - resampled_r2[best], labels.interval_level),
            note=f"best baseline: {best}",
        )
        for model in known
        if _is_tuned(split, model)
    ]  # fmt: skip
