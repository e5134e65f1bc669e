"""Held-out predictions as rows of the score and prediction tables."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from streetview_assets.metrics import REGRESSION, measure, resampled_scores, why_undefined
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import Validation, seed_of
from streetview_assets.models.metrics.bootstrap import NO_INTERVAL, interval_of, resample
from streetview_assets.models.metrics.conformal import (
    TOO_FEW_RESIDUALS,
    coverage,
    cross_conformal_half_widths,
)
from streetview_assets.models.metrics.morans_i import morans_i, morans_p
from streetview_assets.models.results.comparison_rows import (
    coverage_in_space,
    decile_rows,
    gain_rows,
    is_tuned,
    rival_rows,
)
from streetview_assets.models.results.rows import Labels, Row, no_score, score_row
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.tables.registry import TABLES

__all__ = [
    "OBSERVED",
    "Labels",
    "Row",
    "cross_conformal",
    "no_score",
    "predictions_frame",
    "repeat_rows",
    "score_row",
    "score_rows",
    "scores_frame",
]
RESAMPLES = 1_000
OBSERVED = "observed"
"""Stands in the column `model` where Moran's I is that of the target itself."""
TRUNCATED = "truncated: the budget in seconds ended before all trials were made"


def score_rows(
    labels: Labels,
    data: AreaDataset,
    split: OutOfFold,
    half_widths: dict[str, np.ndarray],
    weights: csr_matrix,
    seed: int,
    *,
    study_values: np.ndarray | None = None,
) -> list[Row]:
    """Score every model of a split: pooled with intervals, by fold, residuals in space.

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    data
        The areas of the split, in its order.
    split
        The predictions out of fold, model by model.
    half_widths
        Model to half widths of the prediction intervals, shape (n,), NaN where there is none.
    weights
        Which areas are neighbours.
    seed
        Of the resamples of areas, or blocks, and of the permutations of Moran's I.
    study_values
        The values whose deciles count; default: those of the split.
    """
    counts = resample(split.group, RESAMPLES, seed_of(seed, "bootstrap", split.validation))
    truncated = TRUNCATED if split.truncated else None
    rows, resampled_r2 = [], {}
    for model, predicted in split.predicted.items():
        resampled = resampled_scores(data.observed, predicted, counts)
        resampled_r2[model] = resampled["r2"]
        note = truncated if is_tuned(split, model) else None
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
    rows += decile_rows(labels, data, split, counts, study_values)
    rows += coverage_in_space(labels, data, split, half_widths)
    rows += _moran_rows(labels, OBSERVED, split.validation, data.observed, weights, seed)
    rows += gain_rows(labels, data, split, resampled_r2)
    rows += rival_rows(labels, data, split, resampled_r2)
    rows += [
        no_score(labels, split.validation, len(data), why, model)
        for model, why in split.competing.left_out.items()
    ]
    return rows


def repeat_rows(labels: Labels, data: AreaDataset, splits: Sequence[OutOfFold]) -> list[Row]:
    """Score the further repeats of a validation, and say how the pooled scores spread over all.

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    data
        The areas of the splits, in their order.
    splits
        Every repeat, the first among them, whose own rows `score_rows` makes.

    Returns
    -------
    list
        None for one repeat; the mean and the standard deviation over repeats are rows of repeat 1
        and of the metrics `r2_mean_of_repeats`, `r2_sd_of_repeats` and so on.
    """
    if len(splits) < 2:
        return []
    rows = []
    for model in splits[0].predicted:
        for split in splits[1:]:
            rows += _pooled_rows(labels, data, split, model, None, None)
            rows += _fold_rows(labels, data, split, model)
        measured = [measure(data.observed, split.predicted[model]) for split in splits]
        for metric in REGRESSION:
            values = [value for scores in measured if (value := scores[metric]) is not None]
            whole = len(values) == len(splits)
            note = f"{len(values)} of {len(splits)} repeats have a score"
            for name, compute in (("mean", np.mean), ("sd", np.std)):
                rows.append(
                    score_row(
                        labels, model, splits[0].validation, f"{metric}_{name}_of_repeats",
                        float(compute(values)) if whole else None, len(data),
                        note=f"{len(splits)} repeats" if whole else note,
                    )
                )  # fmt: skip
    return rows


def scores_frame(rows: list[Row], table: str = "model_scores") -> pl.DataFrame:
    """Make a frame of a table of scores, sorted by its key.

    Parameters
    ----------
    rows
        What `score_row` and its like give.
    table
        Whose contract the rows have.
    """
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
    labels
        What the rows are labelled with: target, encoder, features.
    data
        The areas of the splits, in their order.
    splits
        The predictions out of fold, one split a validation and repeat.
    half_widths
        Validation to model to half widths of the intervals, shape (n,), NaN where there is none.
    table
        Which table's contract the rows have: `predictions` or `held_out_predictions`.
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
        repeat=pl.lit(split.repeat, pl.Int64),
        lower=predicted - half,
        upper=predicted + half,
        interval_level=pl.when(half.is_not_null()).then(labels.interval_level),
        residual=pl.col("observed") - predicted,
    )


def cross_conformal(data: AreaDataset, split: OutOfFold, level: float) -> dict[str, np.ndarray]:
    """Give every model's half widths of prediction intervals, from its errors in other folds.

    Parameters
    ----------
    data
        The areas of the split, in its order.
    split
        The predictions out of fold, model by model.
    level
        Share of areas that intervals are to hold, 0 to 1.
    """
    return {
        model: cross_conformal_half_widths(data.observed - predicted, split.fold, level)
        for model, predicted in split.predicted.items()
    }


def _pooled_rows(
    labels: Labels,
    data: AreaDataset,
    split: OutOfFold,
    model: str,
    resampled: dict[str, np.ndarray] | None,
    note: str | None,
) -> list[Row]:
    predicted = split.predicted[model]
    scores = measure(data.observed, predicted)
    rows = []
    for metric in REGRESSION:
        value = scores[metric]
        rows.append(
            score_row(
                labels, model, split.validation, metric, value, len(data),
                repeat=split.repeat,
                interval=NO_INTERVAL
                if value is None or resampled is None
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
                repeat=split.repeat,
                note=None if scores[metric] is not None else why_undefined(observed, predicted),
            )
            for metric in REGRESSION
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
