"""What the ends of a target do to its scores, of the model chosen: heavy tails, ranks, bias."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from streetview_assets.areas.standing import DECILES, deciles_among
from streetview_assets.metrics import BIAS, OF_RANKS, Metric, resampled_scores
from streetview_assets.models.metrics.bootstrap import LEAST_GROUPS, Resamples
from streetview_assets.models.metrics.heavy_tails import largest_robust_z
from streetview_assets.models.results.rows import Row, metric_rows, score_row
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.nested_cv import TUNED, OutOfFold

OBSERVED = "observed"
"""Stands in the column `model` where a row is of the target itself."""
LARGEST_ROBUST_Z = "largest_robust_z"
OUTER_DECILES = {"bias_of_lowest_decile": 1, "bias_of_highest_decile": DECILES}


def tail_rows(
    scoring: Scoring,
    split: OutOfFold,
    resamples: Resamples,
    study_values: np.ndarray | None = None,
) -> list[Row]:
    """Say how heavy the target's tails are, R² on ranks, and how the outer deciles are predicted.

    A model that is not sure predicts towards the mean: where R² is 0.6, two fifths of what sets an
    area apart are missing from its prediction, most where most sets it apart.

    Parameters
    ----------
    scoring
        What the rows are labelled with.
    split
        The predictions out of fold.
    resamples
        Under which the split is scored; a decile of fewer than ten areas has no interval.
    study_values
        The values whose outer deciles count; default: those of the split.
    """
    observed = split.areas.observed

    def about(model: str) -> Row:
        return scoring.about(model, split.validation, repeat=split.repeat)

    farthest = largest_robust_z(observed)
    note = None if farthest is not None else "not defined: the values are all the same"
    rows = [score_row(about(OBSERVED), LARGEST_ROBUST_Z, farthest, len(observed), note=note)]
    if TUNED not in split.predicted:
        return rows
    predicted = split.predicted[TUNED]
    rows += _scored(about(TUNED), observed, predicted, resamples, OF_RANKS)
    among = observed if study_values is None else study_values
    tenth = deciles_among(observed, among, are_deciles=split.areas.is_decile)
    for name, decile in OUTER_DECILES.items():
        inside = np.flatnonzero(tenth == decile)
        drawn = _within(resamples, inside)
        metric = {name: BIAS[name]}
        rows += _scored(about(TUNED), observed[inside], predicted[inside], drawn, metric)
    return rows


def _within(resamples: Resamples, inside: np.ndarray) -> Resamples:
    """Take the weights of some areas, where they are enough for an interval."""
    count = len(inside)
    if count < LEAST_GROUPS:
        note = f"{count} areas are in the decile"
        none = f"no interval: {note}, at least {LEAST_GROUPS} needed" if count else note
        return Resamples(np.empty((0, count)), count, none)
    return replace(resamples, weights=resamples.weights[:, inside])


def _scored(
    about: Row,
    observed: np.ndarray,
    predicted: np.ndarray,
    resamples: Resamples,
    metrics: Mapping[str, Metric],
) -> list[Row]:
    draws = resampled_scores(observed, predicted, resamples.weights, metrics)
    undefined = None if len(observed) else resamples.note
    return metric_rows(
        about, observed, predicted, metrics, draws=draws, note=resamples.note, undefined=undefined
    )
