"""Prediction intervals from the errors made on held-out areas (cross-conformal).

Vovk (2015), Annals of Mathematics and Artificial Intelligence 74: 9-28. They hold on average
over exchangeable areas; under spatial blocks areas are not, so that the coverage is measured
and reported beside them.
"""

import numpy as np

TOO_FEW_RESIDUALS = "too few held-out areas for an interval of this level"


def half_width(residuals: np.ndarray, level: float) -> float | None:
    """Give the half width of an interval that a further residual stays in with this chance.

    It is the ceil((m + 1) * level)-th smallest of the m absolute residuals.

    Parameters
    ----------
    residuals
        Observed minus predicted, out of fold; (n,).
    level
        The chance, 0 to 1.

    Returns
    -------
    float or None
        None where m is too small for the level: no finite interval holds it.
    """
    rank = int(np.ceil((len(residuals) + 1) * level - 1e-9))
    if rank > len(residuals):
        return None
    return float(np.partition(np.abs(residuals), rank - 1)[rank - 1])


def cross_conformal_half_widths(
    residuals: np.ndarray, fold: np.ndarray, level: float
) -> np.ndarray:
    """Give each area the half width from the residuals of the folds it is not in.

    Parameters
    ----------
    residuals
        Observed minus predicted out of fold, (n,), in units of the target.
    fold
        The fold in which each area was held out, (n,).
    level
        Share of areas that intervals are to hold, 0 to 1.

    Returns
    -------
    numpy.ndarray
        Shape (n,), NaN where there are too few residuals.
    """
    result = np.full(len(residuals), np.nan)
    for held_out in np.unique(fold):
        width = half_width(residuals[fold != held_out], level)
        if width is not None:
            result[fold == held_out] = width
    return result


def inside(observed: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Say which values lie in their intervals: 1 or 0, NaN without interval; shape (n,).

    Parameters
    ----------
    observed
        Values, (n,).
    lower, upper
        Ends of the intervals, (n,), NaN where there is none.
    """
    held = (lower <= observed) & (observed <= upper)
    return np.where(np.isfinite(lower) & np.isfinite(upper), held, np.nan)


def coverage(inside: np.ndarray) -> float | None:
    """Measure the share of areas whose value lies in its interval; None without intervals.

    Parameters
    ----------
    inside
        What `inside` gives, (n,).
    """
    has_one = np.isfinite(inside)
    return float(inside[has_one].mean()) if has_one.any() else None
