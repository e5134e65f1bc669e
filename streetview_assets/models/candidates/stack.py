"""A stack: a weighted mean of the study's other candidates (Wolpert 1992, Breiman 1996).

The weights are those that would have predicted the inner folds best, where each area was held
out from the members: no weight is learnt from an area that a member was fitted to, nor from one
of the test fold.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import nnls
from sklearn.ensemble import VotingRegressor
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Candidate, Params

PENALTY = 0.05
"""On the sum of squared weights, in units of the best member's mean squared error."""


def blend_weights(held_out: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Weigh members by their held-out predictions: ridge, none below nought, one in sum.

    The least of |Ew|² + k|w|² where the weights sum to one, E the members' errors, lies in the
    direction of the least of |Ew|² + k|w|² + (1 - sum of w)²: for any direction the best length
    makes the second a rising function of the first. So it is one non-negative least squares.

    Parameters
    ----------
    held_out
        Predictions, shape (n, members).
    observed
        Values, shape (n,).

    Returns
    -------
    numpy.ndarray
        Shape (members,); where every member is without error, equal weights.
    """
    count = held_out.shape[1]
    error = held_out - observed[:, None]
    scale = float(np.sqrt((error**2).mean(axis=0).min() * len(error)))
    if not scale > 0:
        perfect = (error**2).sum(axis=0) == 0
        return np.asarray(perfect / perfect.sum(), dtype=np.float64)
    # The products stand in for the errors: the same sums, of as many rows as there are members.
    product = (error.T @ error) / scale**2 + PENALTY * np.eye(count)
    rows = np.vstack([np.linalg.cholesky(product).T, np.ones((1, count))])
    weights, _ = nnls(rows, np.append(np.zeros(count), 1.0))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def cross_blend(
    held_out: np.ndarray, observed: np.ndarray, folds: Sequence[np.ndarray]
) -> np.ndarray:
    """Blend each inner fold's predictions by weights learnt on the others; shape (n,).

    Parameters
    ----------
    held_out
        Predictions out of the inner folds, a column a member; (n, m).
    observed
        (n,).
    folds
        Masks of the inner folds, each (n,).
    """
    blended = np.empty(len(observed))
    for test in folds:
        blended[test] = held_out[test] @ blend_weights(held_out[~test], observed[~test])
    return blended


def stack_params(names: Sequence[str], params: Sequence[Params], weights: np.ndarray) -> Params:
    """Describe a stack: its members that weigh something, with their parameters.

    Parameters
    ----------
    names, params
        Of the members, one beside the other.
    weights
        Of the members, (m,); 0: it has no part.
    """
    kept = [place for place, weight in enumerate(weights) if weight > 0]
    return {
        "members": {names[place]: params[place] for place in kept},
        "weights": {names[place]: float(weights[place]) for place in kept},
    }


def stack_of(candidates: Mapping[str, Candidate]) -> Candidate:
    """Make the candidate that stacks others.

    Parameters
    ----------
    candidates
        Who can be a member, by name.
    """

    def build(params: Params, seed: int) -> Pipeline:
        members = [
            (name, candidates[name].build(settings, seed))
            for name, settings in params["members"].items()
        ]
        weights = [params["weights"][name] for name, _ in members]
        return Pipeline([("model", VotingRegressor(members, weights=weights))])

    return Candidate("stack", build, cost_s=1.0, stacks=True)
