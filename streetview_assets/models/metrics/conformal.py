"""Prediction intervals from the errors made on held-out areas (conformal prediction).

An interval holds a further area with the level's chance where that area and those of the errors
are exchangeable (Vovk, Gammerman and Shafer 2005; folds in turn: Vovk 2015, Annals of Mathematics
and Artificial Intelligence 74: 9-28). So that it holds in every kind of area, not on average
alone, errors are measured in units of what is expected of them (normalised: Papadopoulos, Gammerman
and Vovk 2008), classes of image count have quantiles of their own (Mondrian), and so have the outer
tenths of the target (label-conditional: Vovk 2012, ACML), which regression to the mean would else
leave uncovered. Whether they hold is measured in `coverage`.
"""

from dataclasses import dataclass, replace

import numpy as np

TOO_FEW_RESIDUALS = "too few held-out areas for an interval of this level"
LEAST_TO_ADAPT = 100
"""From so many errors on, intervals adapt; below, all are of one width."""
LEAST_OF_A_CLASS = 80
MOST_CLASSES = 8
SHORT_OF_LEVEL = 0.02
"""So much less than the level is aimed at in the lowest and in the highest tenth of the target."""
SHORTER = (0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4)
"""So much less again, the least first, until intervals are not too wide."""
MOST_WIDENING = 1.15
"""For the outer tenths, intervals get no wider on average than one width for all, times this."""
MOST_ABOVE_LEVEL = 0.02
"""Nor for their sake hold so much more than the level of all areas: where little is learned, the
outer tenths can be held by nothing but intervals that hold all."""
LEAST_VARIANCE = 0.05
NOWHERE = ((-np.inf, 0.0), (np.inf, 0.0))
LEAST_OF_AN_AUTHORITY = 20


@dataclass(frozen=True)
class Calibration:
    """What gives a prediction its interval; it looks at no value but the predicted one.

    Attributes
    ----------
    level
        Share of areas that intervals are to hold, 0 to 1.
    limits
        Lowest and highest value of the target; no interval leaves them.
    variance
        Coefficients, none negative, of the variance expected of an error: of 1 / image count, and
        of the three Bernstein polynomials of the place of the prediction between the limits.
    count_limits
        The most images of each class of image count but the last.
    quantiles
        Of each class, in expected standard deviations: half the interval's width.
    outer
        For the lowest and the highest tenth of the target: where it begins, and how many expected
        standard deviations the interval of a prediction that may belong there reaches out.
    usual_count
        The median image count of areas that it was made of: for one of which it is not known.
    unseen
        Factor of the width for an authority of which nothing was learned, at least 1; None where
        too few authorities were held out to know it.
    """

    level: float
    limits: tuple[float, float]
    variance: tuple[float, ...]
    count_limits: tuple[float, ...]
    quantiles: tuple[float, ...]
    outer: tuple[tuple[float, float], tuple[float, float]]
    usual_count: float = 1.0
    unseen: float | None = None

    def within(self, predicted: np.ndarray) -> np.ndarray:
        """Keep predictions, shape (n,), inside the limits."""
        return np.asarray(np.clip(predicted, *self.limits))

    def sd(self, predicted: np.ndarray, image_counts: np.ndarray) -> np.ndarray:
        """Give the standard deviation expected of errors, in units of the target; shape (n,).

        Parameters
        ----------
        predicted, image_counts
            Of the areas, shape (n,).
        """
        low, high = self.limits
        at = (self.within(predicted) - low) / max(high - low, 1e-300)
        parts = (1 / np.maximum(image_counts, 1), (1 - at) ** 2, 2 * at * (1 - at), at**2)
        return np.asarray(np.sqrt(np.column_stack(parts) @ np.array(self.variance)))

    def quantile(self, image_counts: np.ndarray) -> np.ndarray:
        """Give the quantile of each area's class of image count, shape (n,)."""
        return np.array(self.quantiles)[np.searchsorted(self.count_limits, image_counts)]

    def interval(
        self, predicted: np.ndarray, image_counts: np.ndarray, unseen: np.ndarray | bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give the ends of the prediction intervals, each of shape (n,), inside the limits.

        Parameters
        ----------
        predicted, image_counts
            Of the areas, shape (n,).
        unseen
            Whether nothing was learned of the area's authority; shape (n,), or the same of all.
        """
        predicted = self.within(predicted)
        sd = self.sd(predicted, image_counts) * np.where(unseen, self.unseen or 1, 1)
        reach = self.quantile(image_counts) * sd
        (low, downward), (high, upward) = self.outer
        lower, far_lower = predicted - reach, predicted - downward * sd
        upper, far_upper = predicted + reach, predicted + upward * sd
        lower = np.where(far_lower <= low, np.minimum(lower, far_lower), lower)
        upper = np.where(far_upper >= high, np.maximum(upper, far_upper), upper)
        return self.within(lower), self.within(upper)


def conformal_quantile(scores: np.ndarray, level: float) -> float | None:
    """Give the value that a further score stays below with this chance.

    It is the ceil((m + 1) * level)-th smallest of the m scores.

    Parameters
    ----------
    scores
        Such as absolute residuals out of fold; (m,).
    level
        The chance, 0 to 1.

    Returns
    -------
    float or None
        None where m is too small for the level: no finite value holds it.
    """
    rank = int(np.ceil((len(scores) + 1) * level - 1e-9))
    if rank > len(scores):
        return None
    return float(np.partition(scores, rank - 1)[rank - 1])


def calibrate(
    observed: np.ndarray,
    predicted: np.ndarray,
    image_counts: np.ndarray,
    limits: tuple[float, float],
    level: float,
) -> Calibration | None:
    """Learn from errors on held-out areas how wide intervals must be.

    Parameters
    ----------
    observed, predicted, image_counts
        Of areas held out, shape (n,); the order does not count.
    limits
        Lowest and highest value of the target; where values lie beyond them, their own count.
    level
        Share of areas that intervals are to hold, 0 to 1.

    Returns
    -------
    Calibration or None
        None where there are too few areas for an interval of this level. Below `LEAST_TO_ADAPT`
        of them, all intervals are of one width, inside the limits.
    """
    if observed.size and (observed.min() < limits[0] or observed.max() > limits[1]):
        limits = float(observed.min()), float(observed.max())
    errors = np.abs(observed - np.clip(predicted, *limits))
    width = conformal_quantile(errors, level)
    if width is None:
        return None
    usual = float(np.median(image_counts))
    one_width = Calibration(level, limits, (0.0, 1.0, 1.0, 1.0), (), (width,), NOWHERE, usual)
    if len(observed) < LEAST_TO_ADAPT or not width:
        return one_width
    spread = replace(one_width, variance=_variance(errors, predicted, image_counts, one_width))
    scores = errors / spread.sd(predicted, image_counts)
    classes = replace(spread, count_limits=_count_limits(image_counts, level))
    return _reaching_out(classes, observed, predicted, image_counts, scores, width)


def for_unseen(
    calibration: Calibration,
    observed: np.ndarray,
    predicted: np.ndarray,
    image_counts: np.ndarray,
    authority_codes: np.ndarray,
) -> Calibration:
    """Learn how much wider intervals must be for an authority that was not learned from.

    A further authority's own quantile of errors exceeds the largest of K others' in one of K + 1,
    where all are exchangeable (hierarchical conformal: Dunn, Wasserman and Ramdas 2023, JASA); the
    square root of 1 + 1 / K is added for how little K authorities tell of the next.

    Parameters
    ----------
    calibration
        For areas of authorities that were learned from.
    observed, predicted, image_counts, authority_codes
        Of areas whose whole authority was held out, shape (n,).

    Returns
    -------
    Calibration
        With the factor; without, where fewer than two authorities have `LEAST_OF_AN_AUTHORITY`
        areas.
    """
    sds, reaches = _needed(calibration, observed, predicted, image_counts)
    times = np.minimum(sds / np.maximum(calibration.quantile(image_counts), 1e-12), reaches)
    names, sizes = np.unique(authority_codes, return_counts=True)
    own = [
        conformal_quantile(times[authority_codes == name], calibration.level)
        for name in names[sizes >= LEAST_OF_AN_AUTHORITY]
    ]
    known = [quantile for quantile in own if quantile is not None]
    if len(known) < 2:
        return calibration
    factor = max(known) * np.sqrt(1 + 1 / len(known))
    return replace(calibration, unseen=max(1.0, float(factor)))


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


def _variance(
    errors: np.ndarray, predicted: np.ndarray, image_counts: np.ndarray, unfitted: Calibration
) -> tuple[float, ...]:
    """Fit the variance of errors by least squares without negative coefficients, weighted.

    A squared error varies as the square of what is expected of it, so each counts by the inverse;
    those that are the largest beside it are cut, so that no single one draws the fit to itself.
    """
    from scipy.optimize import nnls

    squares = errors**2
    least = LEAST_VARIANCE * squares.mean()
    basis = np.column_stack(
        [
            replace(unfitted, variance=tuple(one)).sd(predicted, image_counts) ** 2
            for one in np.eye(4)
        ]
    )
    expected = np.full(len(errors), squares.mean())
    for _ in range(4):
        times = squares / expected
        cut = np.minimum(times, np.quantile(times, 0.98))
        fitted, _ = nnls(basis / expected[:, None], cut)
        expected = np.maximum(basis @ fitted, least)
    # The three polynomials add up to 1: so much is the least that is expected anywhere.
    return (float(fitted[0]), *(float(one + least) for one in fitted[1:]))


def _count_limits(image_counts: np.ndarray, level: float) -> tuple[float, ...]:
    """Cut image counts into classes of about as many areas, none with few."""
    least = max(LEAST_OF_A_CLASS, len(image_counts) / MOST_CLASSES, 8 / (1 - level))
    limits: list[float] = []
    filled, left = 0, len(image_counts)
    for count, size in zip(*np.unique(image_counts, return_counts=True), strict=True):
        filled, left = filled + size, left - size
        if filled >= least and left >= least:
            limits.append(float(count))
            filled = 0
    return tuple(limits)


def _reaching_out(
    unfitted: Calibration,
    observed: np.ndarray,
    predicted: np.ndarray,
    image_counts: np.ndarray,
    scores: np.ndarray,
    one_width: float,
) -> Calibration:
    """Reach as far into the outer tenths as width and coverage allow, and set the quantiles."""
    low, high = (float(end) for end in np.quantile(observed, [0.1, 0.9]))
    for short in SHORT_OF_LEVEL + np.array(SHORTER):
        reach = [
            conformal_quantile(scores[outer], max(unfitted.level - short, unfitted.level / 2))
            or 0.0
            for outer in (observed <= low, observed >= high)
        ]
        made = replace(unfitted, outer=((low, reach[0]), (high, reach[1])))
        made = _with_quantiles(made, observed, predicted, image_counts)
        lower, upper = made.interval(predicted, image_counts)
        held = inside(observed, lower, upper).mean()
        narrow = (upper - lower).mean() <= 2 * one_width * MOST_WIDENING
        if narrow and held <= unfitted.level + MOST_ABOVE_LEVEL:
            return made
    return _with_quantiles(unfitted, observed, predicted, image_counts)


def _with_quantiles(
    made: Calibration, observed: np.ndarray, predicted: np.ndarray, image_counts: np.ndarray
) -> Calibration:
    """Set each class's quantile, of the errors that reaching out does not hold already."""
    sds, reaches = _needed(made, observed, predicted, image_counts)
    scores = np.where(reaches <= 1, 0.0, sds)
    number = np.searchsorted(made.count_limits, image_counts)
    found = (
        conformal_quantile(scores[number == one], made.level)
        for one in range(len(made.count_limits) + 1)
    )
    return replace(made, quantiles=tuple(one or 0.0 for one in found))


def _needed(
    made: Calibration, observed: np.ndarray, predicted: np.ndarray, image_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Say what holds each value: so many standard deviations, or so many times the reach out."""
    off = observed - made.within(predicted)
    sd = np.maximum(made.sd(predicted, image_counts), 1e-300)
    (low, downward), (high, upward) = made.outer
    end, reach = np.where(off < 0, -low, high), np.where(off < 0, downward, upward)
    distance = np.maximum(end - np.sign(off) * made.within(predicted), np.abs(off)) / sd
    return np.abs(off) / sd, distance / np.maximum(reach, 1e-12)
