"""TrueSkill of images from comparisons of two (Herbrich, Minka and Graepel 2007, NeurIPS 19).

Place Pulse 2 gives its images such scores. Each comparison updates what is held of its two images,
one after the other; the numbers are those of the paper's own system: a mean of 25 and a spread of
25/3 before any comparison.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import polars as pl

from streetview_assets.perception.scaling.bradley_terry import ANSWERS

MEAN, SPREAD = 25.0, 25.0 / 3
DRAW_PROBABILITY = 0.10

_PERFORMANCE, _DYNAMICS = SPREAD / 2, SPREAD / 100
"""Spread of how an image does in one comparison, and of how it drifts from one to the next."""


def fit(
    left: Sequence[str],
    right: Sequence[str],
    choice: Sequence[str],
    draw_probability: float = DRAW_PROBABILITY,
) -> pl.DataFrame:
    """Rate images by comparisons in the order given.

    Parameters
    ----------
    left, right
        Images compared, by id.
    choice
        `left`, `right` or `equal`; anything else is no judgement and counts for nothing, as an
        image that is compared with itself.
    draw_probability
        Chance that two images alike are found equal, 0 to below 1.

    Returns
    -------
    polars.DataFrame
        Columns image_id (sorted), trueskill (mean) and trueskill_error (spread).
    """
    width = NormalDist().inv_cdf((draw_probability + 1) / 2) * math.sqrt(2) * _PERFORMANCE
    held: dict[str, tuple[float, float]] = {}
    before = (MEAN, SPREAD**2)
    for first, second, answer in zip(left, right, choice, strict=True):
        if answer not in ANSWERS or first == second:
            continue
        if answer == "right":
            first, second = second, first
        held[first], held[second] = _updated(
            held.get(first, before), held.get(second, before), width, answer == "equal"
        )
    ids = sorted(held)
    return pl.DataFrame(
        {
            "image_id": ids,
            "trueskill": [held[one][0] for one in ids],
            "trueskill_error": [math.sqrt(held[one][1]) for one in ids],
        },
        schema={"image_id": pl.String, "trueskill": pl.Float64, "trueskill_error": pl.Float64},
    )


def _updated(
    winner: tuple[float, float], loser: tuple[float, float], width: float, tied: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give mean and variance of both images after one comparison."""
    of_winner, of_loser = winner[1] + _DYNAMICS**2, loser[1] + _DYNAMICS**2
    whole = math.sqrt(of_winner + of_loser + 2 * _PERFORMANCE**2)
    ahead, margin = (winner[0] - loser[0]) / whole, width / whole
    shift, narrowing = _of_tie(ahead, margin) if tied else _of_win(ahead - margin)
    return (
        (winner[0] + of_winner / whole * shift, of_winner * (1 - of_winner / whole**2 * narrowing)),
        (loser[0] - of_loser / whole * shift, of_loser * (1 - of_loser / whole**2 * narrowing)),
    )


def _of_win(ahead: float) -> tuple[float, float]:
    """Give v and w of the paper: by how much the means move, and the variances narrow."""
    chance = _below(ahead)
    # Far below, the tail's own expansion: the ratio tends to the distance.
    shift = _density(ahead) / chance if chance > 1e-300 else -ahead
    return shift, shift * (shift + ahead)


def _of_tie(ahead: float, margin: float) -> tuple[float, float]:
    apart = abs(ahead)
    chance = _below(margin - apart) - _below(-margin - apart)
    if chance < 1e-300:
        shift = margin - apart if margin < apart else -apart
        return math.copysign(1.0, ahead) * shift, 1.0
    inner, outer = _density(margin - apart), _density(-margin - apart)
    shift = (outer - inner) / chance
    widened = (margin - apart) * inner + (margin + apart) * outer
    return (shift if ahead >= 0 else -shift), shift**2 + widened / chance


def _density(value: float) -> float:
    return math.exp(-value * value / 2) / math.sqrt(2 * math.pi)


def _below(value: float) -> float:
    return math.erfc(-value / math.sqrt(2)) / 2
