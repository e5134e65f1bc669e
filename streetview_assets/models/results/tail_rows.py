"""What the ends of a target do to its scores, of the model chosen: heavy tails, ranks, bias."""

import math

from streetview_assets.areas.standing import DECILES
from streetview_assets.metrics import BIAS, OF_RANKS, resampled_scores
from streetview_assets.models.metrics.bootstrap import LEAST_GROUPS, Resamples
from streetview_assets.models.metrics.heavy_tails import largest_robust_z
from streetview_assets.models.results.rows import Row, metric_rows, score_row
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.text.counted import counted

OBSERVED = "observed"
"""Stands in the column `model` where a row is of the target itself."""
LARGEST_ROBUST_Z = "largest_robust_z"


def tail_rows(scoring: Scoring, split: OutOfFold, resamples: Resamples) -> list[Row]:
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
    for metrics, drawn in ((OF_RANKS, resamples), (BIAS, _of_a_tenth(resamples))):
        draws = resampled_scores(observed, predicted, drawn.weights, metrics)
        rows += metric_rows(
            about(TUNED), observed, predicted, metrics, draws=draws, note=drawn.note
        )
    tenth = math.ceil(len(observed) / DECILES)
    return [row | {"area_count": tenth} if row["metric"] in BIAS else row for row in rows]


def _of_a_tenth(resamples: Resamples) -> Resamples:
    """Take weights for scores of a tenth of the areas, where these are enough for an interval."""
    tenth = math.ceil(resamples.weights.shape[1] / DECILES)
    if resamples.note or tenth >= LEAST_GROUPS:
        return resamples
    note = f"no interval: {counted(tenth, 'area')} in the decile, at least {LEAST_GROUPS} needed"
    return Resamples(resamples.weights[:0], tenth, note)
