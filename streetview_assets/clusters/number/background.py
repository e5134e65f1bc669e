"""Background: images of no kind, which look like one where they lie between the kinds."""

import numpy as np

from streetview_assets.clusters.fit.projection import AS_THEY_ARE

WIDER, AS_WIDE, NO_FARTHER = 1.5, 0.8, 1.05
"""Spread at least 1.5 times as widely as the others are, and 0.8 times as all of them together, no
farther from their middle than they are."""

NEARER, ODD, ERROR = 0.8, 5, 0.01
"""Or, in many dimensions, where all are about as wide: nearer to the middle than 0.8 of the others'
distance, and wider and nearer than they by five deviations of theirs, one in a hundred at least."""


def background_kind(vectors: np.ndarray, labels: np.ndarray) -> int | None:
    """Find the kind that only fills the space between and around the others; None: there is none.

    It is the widest of three kinds or more, and in the middle of the others.

    Parameters
    ----------
    vectors
        (n, d), raw.
    labels
        The kind of each from 0, -1: of none; (n,).
    """
    numbers = np.arange(labels.max() + 1)
    if len(numbers) < 3:
        return None
    means = np.array([vectors[labels == kind].mean(axis=0) for kind in numbers])
    spreads = np.array([np.square(vectors[labels == k] - means[k]).sum(1).mean() for k in numbers])
    widest = int(spreads.argmax())
    others = numbers != widest
    apart = np.linalg.norm(means - means[others].mean(axis=0), axis=1)
    of_others = vectors[(labels >= 0) & (labels != widest)]
    together = np.square(of_others - of_others.mean(axis=0)).sum(1).mean()
    usual_spread, usual_distance = np.median(spreads[others]), np.median(apart[others])
    surrounds = (
        spreads[widest] > max(WIDER * usual_spread, AS_WIDE * together)
        and apart[widest] < NO_FARTHER * usual_distance
    )
    is_between = (
        vectors.shape[1] > AS_THEY_ARE
        and apart[widest] < NEARER * usual_distance
        and usual_distance - apart[widest] > ODD * _deviation(apart[others])
        and spreads[widest] - usual_spread > ODD * _deviation(spreads[others])
    )
    return widest if surrounds or is_between else None


def _deviation(values: np.ndarray) -> float:
    """Give the standard deviation as the median absolute one tells it, for a few values."""
    usual = float(np.median(values))
    return max(1.4826 * float(np.median(np.abs(values - usual))), ERROR * usual)
