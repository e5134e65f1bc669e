"""How likely each answer to a comparison is, and what the answers say of how people judge."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import minimize

_AT, _SHARE = hermegauss(5)
_SHARE = _SHARE / _SHARE.sum()
_WRONG_BEFORE = (1.0, 20.0)
"""What is held of judgements before any is seen: as if one of so many had been seen to be wrong."""

SPREAD_BEFORE = 1.5
"""Spread of strengths before any is seen, in logits; its logarithm has a spread of 1."""

MOST_SPREAD = 6.0
"""Where people always name the stronger but for slips, comparisons tell no scale."""

_STEP, _REACH = 0.05, 20.0
_BINS = round(2 * _REACH / _STEP)
_MOST_AT_ONCE = 100_000


@dataclass(frozen=True)
class Judging:
    """How people judge.

    Attributes
    ----------
    tie
        Davidson's ν: 0 where nobody ties.
    wrong
        Share of the decided judgements that name the wrong image, 0 to below 0.5.
    """

    tie: float
    wrong: float


@dataclass(frozen=True)
class Told:
    """What comparisons tell, with the differences as uncertain as they are.

    Attributes
    ----------
    score, information
        Slope of the log likelihood of each comparison by its difference, and Fisher's
        information on it; shape (n,).
    counts
        Left, right and equal by difference, shape (3, bins), for `estimate_judging`.
    """

    score: np.ndarray
    information: np.ndarray
    counts: np.ndarray


def chances(difference: np.ndarray, judging: Judging) -> tuple[np.ndarray, np.ndarray]:
    """Give the chance of each answer and how it changes with the difference.

    Davidson (1970), Journal of the American Statistical Association 65: 317-328, for ties; and a
    share of judgements that name the wrong one of the two, as the lapses of psychometrics
    (Wichmann and Hill 2001, Perception & Psychophysics 63: 1293-1313): without it a slip between
    two very unlike images pulls all strengths together.

    Parameters
    ----------
    difference
        Strength of the left image less that of the right, shape (n,).
    judging
        How people judge.

    Returns
    -------
    tuple of numpy.ndarray
        Chances of left, right, equal, shape (3, n), and their derivatives by the difference.
    """
    right_to_left = np.exp(-np.clip(difference, -60, 60) / 2)
    tied = judging.tie * right_to_left
    left = 1 / (1 + right_to_left**2 + tied)
    clear = np.stack([left, left * right_to_left**2, left * tied])
    lean = (clear[0] - clear[1]) / 2
    slope = np.stack([clear[0] * (0.5 - lean), clear[1] * (-0.5 - lean), -clear[2] * lean])
    return _mixed(clear, judging.wrong), _mixed(slope, judging.wrong)


def told(
    difference: np.ndarray, variance: np.ndarray, answer: np.ndarray, judging: Judging
) -> Told:
    """Average what each comparison says over how uncertain its difference is.

    Averages are over a normal distribution (Gaussian variational approximation: Opper and
    Archambeau 2009, Neural Computation 21: 786-792). Answers are counted at the differences that
    the other comparisons and this answer leave likely: the cavity of expectation propagation
    (Minka 2001), so that no answer explains itself.

    Parameters
    ----------
    difference, variance
        Of strengths, shape (n,).
    answer
        0 left, 1 right, 2 equal; shape (n,).
    judging
        How people judge.
    """
    score, information = np.empty(len(answer)), np.empty(len(answer))
    counts = np.zeros((3, _BINS))
    for start in range(0, len(answer), _MOST_AT_ONCE):
        part = slice(start, start + _MOST_AT_ONCE)
        mean, spread, said = difference[part], variance[part], answer[part]
        chance, slope = _at_nodes(mean, spread, judging)
        own = _said(slope, said) / _said(chance, said)
        score[part] = _SHARE @ own
        information[part] = _SHARE @ np.sum(slope**2 / chance, axis=0)
        counts += _counted(mean, spread, said, judging, score[part], information[part])
    return Told(score, information, counts)


def estimate_judging(
    counts: np.ndarray, judging: Judging, spread: float
) -> tuple[Judging, float, float]:
    """Find how people judge and how far strengths spread, by likelihood with a weak prior.

    Parameters
    ----------
    counts
        Left, right and equal by difference, shape (3, bins).
    judging
        Where to start.
    spread
        Of strengths, which the differences were told with.

    Returns
    -------
    tuple
        How people judge; the spread under which what other comparisons say of a difference
        foretells the answer best, neither too bold nor too timid; and the variance of its
        logarithm, 0 where there is no scale to be told.
    """
    tied = bool(counts[2].sum())

    def loss(parameters: np.ndarray) -> float:
        return _loss(parameters, counts, tied, spread)

    start = [np.log(judging.wrong / (0.5 - judging.wrong)), np.log(judging.tie or 0.5), 0.0]
    bounds = [(-9, 4), (-9, 9), (-0.5, 0.5)]
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    likeliest = min(float(spread * np.exp(found[2])), MOST_SPREAD)
    untold = likeliest == MOST_SPREAD
    return _judging(found, tied), likeliest, 0.0 if untold else _last_variance(loss, found)


def _loss(parameters: np.ndarray, counts: np.ndarray, tied: bool, spread: float) -> float:
    middle = (np.arange(_BINS) + 0.5) * _STEP - _REACH
    judging = _judging(parameters, tied)
    likely = np.log(np.maximum(chances(middle * np.exp(parameters[2]), judging)[0], 1e-300))
    share = 2 * judging.wrong
    before = _WRONG_BEFORE[0] * np.log(share) + _WRONG_BEFORE[1] * np.log1p(-share / 2)
    before -= (parameters[1] ** 2 + (parameters[2] + np.log(spread / SPREAD_BEFORE)) ** 2) / 2
    return -float(np.sum(counts * likely) + before)


def _last_variance(loss: Callable[[np.ndarray], float], at: np.ndarray) -> float:
    """Give the variance of the last parameter, from the curvature where the loss is least."""
    steps = 0.02 * np.eye(len(at))
    curved = np.array(
        [
            [
                loss(at + one + two)
                - loss(at + one - two)
                - loss(at - one + two)
                + loss(at - one - two)
                for two in steps
            ]
            for one in steps
        ]
    ) / (4 * 0.02**2)
    lifted = max(1e-3 - float(np.linalg.eigvalsh(curved)[0]), 0.0)
    return float(np.linalg.inv(curved + lifted * np.eye(len(at)))[-1, -1])


def _judging(parameters: np.ndarray, tied: bool) -> Judging:
    tie = float(np.exp(parameters[1])) if tied else 0.0
    return Judging(tie, float(0.5 / (1 + np.exp(-parameters[0]))))


def _at_nodes(
    mean: np.ndarray, variance: np.ndarray, judging: Judging
) -> tuple[np.ndarray, np.ndarray]:
    """Give chances and slopes where the average over a normal distribution is taken, (3, 5, n)."""
    nodes = mean + np.sqrt(variance) * _AT[:, None]
    chance, slope = chances(nodes.ravel(), judging)
    shape = (3, *nodes.shape)
    return np.maximum(chance, 1e-12).reshape(shape), slope.reshape(shape)


def _said(values: np.ndarray, answer: np.ndarray) -> np.ndarray:
    return np.asarray(np.take_along_axis(values, answer[None, None], axis=0)[0])


def _counted(
    mean: np.ndarray,
    variance: np.ndarray,
    answer: np.ndarray,
    judging: Judging,
    score: np.ndarray,
    information: np.ndarray,
) -> np.ndarray:
    left = 1 - np.minimum(variance * information, 0.9)
    mean, variance = mean - variance * score / left, variance / left
    likely = _SHARE[:, None] * _said(_at_nodes(mean, variance, judging)[0], answer)
    likely /= likely.sum(axis=0)
    nodes = mean + np.sqrt(variance) * _AT[:, None]
    at = np.clip((nodes + _REACH) / _STEP, 0, _BINS - 1).astype(np.int64) + answer * _BINS
    found = np.bincount(at.ravel(), weights=likely.ravel(), minlength=3 * _BINS)
    return np.asarray(found.reshape(3, _BINS))


def _mixed(clear: np.ndarray, wrong: float) -> np.ndarray:
    left, right, equal = clear
    return np.stack([left + wrong * (right - left), right + wrong * (left - right), equal])
