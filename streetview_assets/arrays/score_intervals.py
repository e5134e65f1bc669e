"""Scores of predictions, and gains of one over another, with intervals that know near errors."""

from typing import Any

import numpy as np
import polars as pl

from streetview_assets.arrays.given import labels_of, places_of, values_of
from streetview_assets.metrics import measure, resampled_scores, why_undefined
from streetview_assets.models.evaluations.gains import paired_gain
from streetview_assets.models.metrics.bootstrap import Resamples, interval_of, resample_weights
from streetview_assets.text.counted import counted

RESAMPLES = 1_000


def scores(
    observed: Any,
    predicted: Any,
    place_m: Any,
    *,
    groups: Any = None,
    level: float = 0.9,
    seed: int = 0,
) -> pl.DataFrame:
    """Score out-of-fold predictions, each score with its interval.

    Areas are weighted at random, near ones alike as far as errors are, so that an interval is not
    too narrow for errors that neighbours share.

    Parameters
    ----------
    observed, predicted
        Values, shape (n,); each predicted by a model that had not seen it.
    place_m
        Easting and northing, metres; shape (n, 2).
    groups
        Where whole groups were held out, the group of each, shape (n,): groups are what is drawn.
    level
        Of the intervals, 0 to 1.
    seed
        Of the weights.

    Returns
    -------
    polars.DataFrame
        `metric`, `value`, `lower`, `upper`, `independent_count` (so many independent areas would
        be as uncertain) and `note`: why a score or its interval is not there.

    Raises
    ------
    ValueError
        Where lengths do not agree, or a number is not finite.
    """
    truth = values_of(observed, "observed")
    told = values_of(predicted, "predicted", len(truth))
    drawn = _weights(truth, truth - told, place_m, groups, level, seed, told)
    of_resamples = resampled_scores(truth, told, drawn.weights)
    rows = []
    for metric, value in measure(truth, told).items():
        is_sure = value is not None and len(drawn.weights)
        ends = interval_of(of_resamples[metric], level, value) if is_sure else (None, None)
        note = why_undefined(truth, told) if value is None else drawn.note
        rows.append((metric, value, *ends, drawn.independent_count, note))
    schema = {
        "metric": pl.String,
        **dict.fromkeys(("value", "lower", "upper", "independent_count"), pl.Float64),
        "note": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def gain(
    observed: Any,
    predicted: Any,
    against: Any,
    place_m: Any,
    *,
    groups: Any = None,
    level: float = 0.9,
    seed: int = 0,
) -> dict[str, Any]:
    """Say by how much the R² of one prediction is above that of another, of the same areas.

    Both are scored under the same random weights of areas, so that the difference is surer than
    either score. Predictions count as given: of models that learn from the areas that others are
    tested on, as in folds, gains vary more than that; the intervals of a study's own gains over
    place know it.

    Parameters
    ----------
    observed
        Values, shape (n,).
    predicted, against
        Predictions of both, shape (n,), under the same folds.
    place_m, groups, level, seed
        As of `scores`.

    Returns
    -------
    dict
        `value`, `lower`, `upper`, `draws` and `note`.

    Raises
    ------
    ValueError
        Where lengths do not agree, or a number is not finite.
    """
    truth = values_of(observed, "observed")
    one = values_of(predicted, "predicted", len(truth))
    other = values_of(against, "against", len(truth))
    drawn = _weights(truth, truth - one, place_m, groups, level, seed, one)
    return vars(paired_gain(truth, one[None], other[None], drawn, level))


def _weights(
    truth: np.ndarray,
    errors: np.ndarray,
    place_m: Any,
    groups: Any,
    level: float,
    seed: int,
    told: np.ndarray,
) -> Resamples:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it lies between 0 and 1, such as 0.9")
    if len(truth) < 2:
        raise ValueError(f"{counted(len(truth), 'area')} cannot be scored")
    places = places_of(place_m, len(truth))
    whole = None if groups is None else labels_of(groups, "groups", len(truth))
    return resample_weights(places, errors, RESAMPLES, seed, groups=whole, told=told)
