"""Strengths of images from comparisons of two, with standard errors (Bradley and Terry 1952).

Strengths have a normal prior of mean 0, so that an image seen once, or never beaten, has a strength
and an honest error. Its spread, how often people tie and how often they err are told by the
comparisons themselves (empirical Bayes: MacKay 1992, Neural Computation 4: 415-447), and how
uncertain these remain is part of every standard error.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from streetview_assets.perception.scaling.connectedness import components
from streetview_assets.perception.scaling.outcomes import (
    SPREAD_BEFORE,
    Judging,
    estimate_judging,
    told,
)
from streetview_assets.perception.scaling.precision import Pairs, Precision, pairs_of, precision_of

ANSWERS = ("left", "right", "equal")

_FITTED = {
    "image_id": pl.String,
    "strength": pl.Float64,
    "standard_error": pl.Float64,
    "component": pl.Int64,
    "comparison_count": pl.Int64,
}
_MOST_ROUNDS, _CLOSE = 100, 0.002
_DRAWS, _LAST_DRAWS = 8, 48


def fit(
    left: Sequence[str], right: Sequence[str], choice: Sequence[str], prior: float | None = None
) -> pl.DataFrame:
    """Estimate the strength of each image from comparisons, ties among them.

    Parameters
    ----------
    left, right
        Images compared, by id.
    choice
        `left`, `right` or `equal`; anything else is no judgement and counts for nothing, as an
        image that is compared with itself.
    prior
        Spread of strengths before any comparison, in logits. Default: told by the comparisons.

    Returns
    -------
    polars.DataFrame
        Columns image_id (sorted), strength (logits: of two images 1 apart, the stronger is named
        e times as often; the mean of each component is 0), standard_error (of the difference from
        that mean), component (from 1, the largest first: strengths of two cannot be compared),
        comparison_count.
    """
    compared = pl.DataFrame({"left": left, "right": right, "choice": choice})
    compared = compared.filter(
        pl.col("choice").is_in(ANSWERS), pl.col("left") != pl.col("right")
    ).sort("left", "right", "choice")
    if compared.is_empty():
        return pl.DataFrame(schema=_FITTED)
    ids = pl.concat([compared["left"], compared["right"]]).unique().sort()
    place = dict(zip(ids, range(len(ids)), strict=True))
    first, second = (
        compared[side].replace_strict(place, return_dtype=pl.Int64).to_numpy()
        for side in ("left", "right")
    )
    answer = compared["choice"].replace_strict(list(ANSWERS), [0, 1, 2], return_dtype=pl.Int64)
    part = components(first, second, len(ids))
    pairs = pairs_of(first, second, len(ids))
    strength, error = _estimated(pairs, answer.to_numpy(), part, prior)
    seen = np.bincount(np.concatenate([first, second]), minlength=len(ids))
    columns = (ids, strength, error, part, seen)
    return pl.DataFrame(dict(zip(_FITTED, columns, strict=True)), schema=_FITTED)


def _estimated(
    pairs: Pairs, answer: np.ndarray, part: np.ndarray, prior: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Turn by turn: strengths given how people judge, and how people judge given strengths."""
    judging, spread = Judging(0.5 if np.any(answer == 2) else 0.0, 0.05), prior or SPREAD_BEFORE
    strength, of_difference = np.zeros(len(part)), np.ones(len(answer))
    for _ in range(_MOST_ROUNDS):
        said = told(pairs.incidence @ strength, of_difference, answer, judging)
        precision = precision_of(pairs, said.information, spread**-2)
        step = precision.solve(pairs.incidence.T @ said.score - strength / spread**2)
        strength = strength + step
        variance, of_difference = precision.variances(_DRAWS)
        before = (spread, judging.tie, judging.wrong)
        judging, likeliest, of_scale = estimate_judging(said.counts, judging, spread)
        spread = prior or likeliest
        moved = np.abs(np.log((spread + 1e-12) / before[0])), np.abs(judging.tie - before[1])
        if max(*moved, 5 * abs(judging.wrong - before[2]), np.abs(step).max() / 10) < _CLOSE:
            break
    variance, _ = precision.variances(_LAST_DRAWS)
    variance = _about_the_mean(precision, variance, part)
    return strength, np.sqrt(variance + of_scale * strength**2)


def _about_the_mean(precision: Precision, variance: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Take off what is uncertain of the mean of a component: it is 0 by definition."""
    with_sum = precision.solve(np.ones(len(part)))
    size = np.bincount(part)[part]
    of_mean = np.bincount(part, weights=with_sum)[part] / size**2
    return np.asarray(np.maximum(variance - 2 * with_sum / size + of_mean, 0))
