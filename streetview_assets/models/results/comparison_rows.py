"""Rows of scores that compare: with rivals, by deciles, by place."""

import numpy as np

from streetview_assets.areas.standing import deciles_among
from streetview_assets.metrics import DECILE, measure, resampled_scores
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.metrics.bootstrap import NO_INTERVAL, interval_of
from streetview_assets.models.metrics.conformal import TOO_FEW_RESIDUALS
from streetview_assets.models.metrics.spatial_coverage import coverage_by_group, coverage_spread
from streetview_assets.models.results.rows import Labels, Row, score_row
from streetview_assets.models.validation.nested_cv import TUNED, OutOfFold


def is_tuned(split: OutOfFold, model: str) -> bool:
    """Say whether a model is a candidate, or the best of them, and no baseline."""
    return model == TUNED or model in {one.name for one in split.competing.candidates}


def gain_rows(
    labels: Labels, data: AreaDataset, split: OutOfFold, resampled_r2: dict[str, np.ndarray]
) -> list[Row]:
    """Compare R² with the best baseline's, on the same resamples (a paired bootstrap).

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    data
        The areas of the split, in its order.
    split
        The predictions out of fold, model by model.
    resampled_r2
        Model to its R² on each resample of areas, in one order.
    """
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
        if is_tuned(split, model)
    ]  # fmt: skip


def rival_rows(
    labels: Labels, data: AreaDataset, split: OutOfFold, resampled_r2: dict[str, np.ndarray]
) -> list[Row]:
    """Compare R² of the model `tuned` with each rival's, on the same resamples.

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    data
        The areas of the split, in its order.
    split
        The predictions out of fold, model by model.
    resampled_r2
        Model to its R² on each resample of areas, in one order.
    """
    r2 = {model: measure(data.observed, split.predicted[model])["r2"] for model in split.predicted}
    best = r2.get(TUNED)
    if best is None:
        return []
    return [
        score_row(
            labels, TUNED, split.validation, f"r2_gain_over_{rival}", best - value, len(data),
            interval=interval_of(
                resampled_r2[TUNED] - resampled_r2[rival], labels.interval_level
            ),
        )
        for rival, value in r2.items()
        if rival != TUNED and value is not None
    ]  # fmt: skip


def decile_rows(
    labels: Labels,
    data: AreaDataset,
    split: OutOfFold,
    counts: np.ndarray,
    study_values: np.ndarray | None,
) -> list[Row]:
    """Compare deciles within the study, or within the split, where no values are given.

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    data
        The areas of the split, in its order.
    split
        The predictions out of fold, model by model.
    counts
        How often each resample draws each area, (draws, n).
    study_values
        The values whose deciles count; None: those of the split.
    """
    values = data.observed if study_values is None else study_values
    truth = deciles_among(data.observed, values)
    rows = []
    for model, predicted in split.predicted.items():
        guess = deciles_among(predicted, values)
        scores = measure(truth, guess, DECILE)
        resampled = resampled_scores(truth, guess, counts, DECILE)
        rows += [
            score_row(
                labels, model, split.validation, metric, scores[metric], len(data),
                interval=NO_INTERVAL
                if scores[metric] is None
                else interval_of(resampled[metric], labels.interval_level),
                note=None if scores[metric] is not None else "not defined: all in one decile",
            )
            for metric in DECILE
        ]  # fmt: skip
    return rows


def coverage_in_space(
    labels: Labels, data: AreaDataset, split: OutOfFold, half_widths: dict[str, np.ndarray]
) -> list[Row]:
    """Measure where the intervals of the model `tuned` hold: by authority, over blocks.

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    data
        The areas of the split, in its order.
    split
        The predictions out of fold, model by model.
    half_widths
        Model to half widths of the intervals, shape (n,), NaN where there is none.
    """
    if TUNED not in split.predicted:
        return []
    residual = data.observed - split.predicted[TUNED]
    rows = []
    if len(set(data.authority_codes)) > 1:
        by_authority = coverage_by_group(residual, half_widths[TUNED], data.authority_codes)
        rows += [
            score_row(
                labels, TUNED, split.validation, "coverage", value, count, group_name=code,
                note=None if value is not None else TOO_FEW_RESIDUALS,
            )
            for code, (value, count) in by_authority.items()
        ]  # fmt: skip
    if split.block is not None:
        spread, note = coverage_spread(residual, half_widths[TUNED], split.block)
        rows.append(
            score_row(
                labels, TUNED, split.validation, "coverage_spread_over_space", spread, len(data),
                note=note,
            )
        )  # fmt: skip
    return rows
