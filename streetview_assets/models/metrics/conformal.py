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
MOST_CLASSES = 6
"""Quantiles of more classes scatter more, and intervals are wider by it; within a class, the
variance expected tells areas of fewer images from those of more."""
SHORT_OF_LEVEL = 0.025
"""So much less than the level is aimed at in the lowest and in the highest tenth of the target."""
SHORTER = (0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4)
"""So much less again, the least first, until intervals are not too wide."""
MOST_WIDENING = 1.15
"""For the outer tenths, intervals get no wider on average than one width for all, times this."""
MOST_ABOVE_LEVEL = 0.02
"""Nor for their sake hold so much more than the level of all areas: where little is learned, the
outer tenths can be held by nothing but intervals that hold all."""
LEAST_VARIANCE = 0.05
SHORT_IN_ONE_PLACE = 0.025
"""So much less than the level is to be held in the authority that is held worst."""
NOWHERE = ((-np.inf, 0.0, 0.0), (np.inf, 0.0, 0.0))
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
        Coefficients, none negative, of the variance expected of an error: of 1 / image count, of
        the distance to what was learned from, and of the three Bernstein polynomials of the place
        of the prediction between the limits.
    count_limits
        The most images of each class of image count but the last.
    quantiles
        Of each class, in expected standard deviations: half the interval's width.
    outer
        For the lowest and the highest tenth of the target: where it begins, how many expected
        standard deviations the interval of a prediction that may belong there reaches out, and
        within how many of them the prediction lies.
    usual_count
        The median image count of areas that it was made of: for one of which it is not known.
    usual_distance_m
        The median distance of theirs to the nearest learned from, metres: there half of what
        distance adds to the variance is added; None where distances count for nothing.
    unseen
        Factor of the width for an authority of which nothing was learned, at least 1; None where
        too few authorities were held out to know it.
    """

    level: float
    limits: tuple[float, float]
    variance: tuple[float, ...]
    count_limits: tuple[float, ...]
    quantiles: tuple[float, ...]
    outer: tuple[tuple[float, float, float], tuple[float, float, float]]
    usual_count: float = 1.0
    usual_distance_m: float | None = None
    unseen: float | None = None

    def within(self, predicted: np.ndarray) -> np.ndarray:
        """Keep predictions, shape (n,), inside the limits."""
        return np.asarray(np.clip(predicted, *self.limits))

    def sd(
        self, predicted: np.ndarray, image_counts: np.ndarray, distance_m: np.ndarray | None = None
    ) -> np.ndarray:
        """Give the standard deviation expected of errors, in units of the target; shape (n,).

        Parameters
        ----------
        predicted, image_counts, distance_m
            Of the areas, shape (n,), as `interval` takes them.
        """
        parts = self.variance_parts(predicted, image_counts, distance_m)
        return np.asarray(np.sqrt(parts @ np.array(self.variance)))

    def variance_parts(
        self, predicted: np.ndarray, image_counts: np.ndarray, distance_m: np.ndarray | None
    ) -> np.ndarray:
        """Give what the coefficients of the variance are of; shape (n, 5).

        Parameters
        ----------
        predicted, image_counts, distance_m
            Of the areas, shape (n,), as `interval` takes them.
        """
        low, high = self.limits
        at = (self.within(predicted) - low) / max(high - low, 1e-300)
        far = np.zeros(len(at))
        if self.usual_distance_m is not None:
            away_m = self.usual_distance_m if distance_m is None else distance_m
            far += away_m / (away_m + self.usual_distance_m)
        polynomials = ((1 - at) ** 2, 2 * at * (1 - at), at**2)
        return np.column_stack((1 / np.maximum(image_counts, 1), far, *polynomials))

    def quantile(self, image_counts: np.ndarray) -> np.ndarray:
        """Give the quantile of each area's class of image count, shape (n,)."""
        return np.array(self.quantiles)[np.searchsorted(self.count_limits, image_counts)]

    def interval(
        self,
        predicted: np.ndarray,
        image_counts: np.ndarray,
        distance_m: np.ndarray | None = None,
        *,
        unseen: np.ndarray | bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give the ends of the prediction intervals, each of shape (n,), inside the limits.

        Parameters
        ----------
        predicted, image_counts
            Of the areas, shape (n,).
        distance_m
            From each to the nearest area learned from, metres; default: the usual one.
        unseen
            Whether nothing was learned of the area's authority; shape (n,), or the same of all.
        """
        predicted = self.within(predicted)
        sd = self.sd(predicted, image_counts, distance_m) * np.where(unseen, self.unseen or 1, 1)
        reach = self.quantile(image_counts) * sd
        (low, downward, below), (high, upward, above) = self.outer
        lower, upper = predicted - reach, predicted + reach
        down, up = predicted - below * sd <= low, predicted + above * sd >= high
        lower = np.where(down, np.minimum(lower, predicted - downward * sd), lower)
        upper = np.where(up, np.maximum(upper, predicted + upward * sd), upper)
        return self.within(lower), self.within(upper)


@dataclass(frozen=True)
class HeldOut:
    """Areas that were predicted by what did not learn from them.

    Attributes
    ----------
    observed, predicted, image_counts
        Of each area, shape (n,).
    distance_m
        From each to the nearest area learned from, metres, shape (n,); None: it is not known.
    """

    observed: np.ndarray
    predicted: np.ndarray
    image_counts: np.ndarray
    distance_m: np.ndarray | None = None

    @property
    def given(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """What an interval is made of: all but the value."""
        return self.predicted, self.image_counts, self.distance_m


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


def calibrate(known: HeldOut, limits: tuple[float, float], level: float) -> Calibration | None:
    """Learn from errors on held-out areas how wide intervals must be.

    Parameters
    ----------
    known
        Areas held out, in any order.
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
    observed = known.observed
    if observed.size and (observed.min() < limits[0] or observed.max() > limits[1]):
        limits = float(observed.min()), float(observed.max())
    errors = np.abs(observed - np.clip(known.predicted, *limits))
    width = conformal_quantile(errors, level)
    if width is None:
        return None
    usual = float(np.median(known.image_counts))
    one_width = Calibration(level, limits, (0.0, 0.0, 1.0, 1.0, 1.0), (), (width,), NOWHERE, usual)
    if len(observed) < LEAST_TO_ADAPT or not width:
        return one_width
    if known.distance_m is not None:
        one_width = replace(one_width, usual_distance_m=float(np.median(known.distance_m)) or None)
    spread = replace(one_width, variance=_variance(errors, one_width.variance_parts(*known.given)))
    classes = replace(spread, count_limits=_count_limits(known.image_counts, level))
    return _reaching_out(classes, known, width)


def for_unseen(
    calibration: Calibration, known: HeldOut, authority_codes: np.ndarray
) -> Calibration:
    """Learn how much wider intervals must be for an authority that was not learned from.

    Over all that were held out they are to hold the level, and `SHORT_IN_ONE_PLACE` less in every
    single one. A further authority's own quantile of errors exceeds the largest of K others' in
    one of K + 1, where all are exchangeable (hierarchical conformal: Dunn, Wasserman and Ramdas
    2023, JASA); the square root of 1 + 1 / K is added for how little K authorities tell of the
    next.

    Parameters
    ----------
    calibration
        For areas of authorities that were learned from.
    known
        Areas whose whole authority was held out.
    authority_codes
        Theirs, shape (n,).

    Returns
    -------
    Calibration
        With the factor; without, where fewer than two authorities have `LEAST_OF_AN_AUTHORITY`
        areas.
    """
    sds, reaches = _needed(calibration, known)
    quantiles = np.maximum(calibration.quantile(known.image_counts), 1e-12)
    times = np.minimum(sds / quantiles, reaches)
    _, member, sizes = np.unique(authority_codes, return_inverse=True, return_counts=True)
    least = max(calibration.level - SHORT_IN_ONE_PLACE, calibration.level / 2)
    own = [
        conformal_quantile(times[member == one], least)
        for one in np.flatnonzero(sizes >= LEAST_OF_AN_AUTHORITY)
    ]
    each = [quantile for quantile in own if quantile is not None]
    if len(each) < 2:
        return calibration
    of_all = conformal_quantile(times, calibration.level) or 1.0
    factor = max(max(each) * np.sqrt(1 + 1 / len(each)), of_all)
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


def _variance(errors: np.ndarray, parts: np.ndarray) -> tuple[float, ...]:
    """Fit the variance of errors by least squares without negative coefficients, weighted.

    A squared error varies as the square of what is expected of it, so each counts by the inverse;
    those that are the largest beside it are cut, so that no single one draws the fit to itself.
    """
    from scipy.optimize import nnls

    squares = errors**2
    least = LEAST_VARIANCE * squares.mean()
    expected = np.full(len(errors), squares.mean())
    for _ in range(4):
        times = squares / expected
        cut = np.minimum(times, np.quantile(times, 0.98))
        fitted, _ = nnls(parts / expected[:, None], cut)
        expected = np.maximum(parts @ fitted, least)
    # The three polynomials add up to 1: so much is the least that is expected anywhere.
    return (*(float(one) for one in fitted[:2]), *(float(one + least) for one in fitted[2:]))


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


def _reaching_out(unfitted: Calibration, known: HeldOut, one_width: float) -> Calibration:
    """Reach as far into the outer tenths as width and coverage allow, and set the quantiles."""
    for short in SHORT_OF_LEVEL + np.array(SHORTER):
        aim = max(unfitted.level - short, unfitted.level / 2)
        found = []
        for outer in _ways_out(unfitted, known, aim):
            made = _with_quantiles(replace(unfitted, outer=outer), known)
            lower, upper = made.interval(*known.given)
            found.append((float((upper - lower).mean()), lower, upper, made))
        width, lower, upper, made = min(found, key=lambda one: one[0])
        held = inside(known.observed, lower, upper).mean()
        narrow = width <= 2 * one_width * MOST_WIDENING
        if narrow and held <= unfitted.level + MOST_ABOVE_LEVEL:
            return made
    return _with_quantiles(unfitted, known)


def _ways_out(
    unfitted: Calibration, known: HeldOut, aim: float
) -> list[tuple[tuple[float, float, float], tuple[float, float, float]]]:
    """Say how far to reach into the outer tenths to hold so much of each, and from where.

    From wherever it leads into the tenth; or from nearer by alone, and farther out, which
    mostly costs less: what reaches from far away has much on its way, and little beyond.
    """
    predicted, sd = unfitted.within(known.predicted), unfitted.sd(*known.given)
    scores = np.abs(known.observed - predicted) / sd
    usual = conformal_quantile(scores, unfitted.level) or 0.0
    anywhere, nearby = [], []
    for sign, share in ((-1, 0.1), (1, 0.9)):
        begin = float(np.quantile(known.observed, share))
        outer = sign * (known.observed - begin) >= 0
        reach = conformal_quantile(scores[outer], aim) or 0.0
        near = (usual + reach) / 2
        too_far = (sign * (begin - predicted) > near * sd) & (scores > usual)
        farther = conformal_quantile(np.where(too_far, np.inf, scores)[outer], aim)
        anywhere.append((begin, reach, reach))
        nearby.append((begin, np.inf if farther is None else farther, near))
    possible = np.isfinite([reach for _, reach, _ in nearby]).all()
    return [(one[0], one[1]) for one in ([anywhere, nearby] if possible else [anywhere])]


def _with_quantiles(made: Calibration, known: HeldOut) -> Calibration:
    """Set each class's quantile, of the errors that reaching out does not hold already."""
    sds, reaches = _needed(made, known)
    scores = np.where(reaches <= 1, 0.0, sds)
    number = np.searchsorted(made.count_limits, known.image_counts)
    found = (
        conformal_quantile(scores[number == one], made.level)
        for one in range(len(made.count_limits) + 1)
    )
    return replace(made, quantiles=tuple(one or 0.0 for one in found))


def _needed(made: Calibration, known: HeldOut) -> tuple[np.ndarray, np.ndarray]:
    """Say what holds each value: so many standard deviations, or so many times the reach out."""
    predicted, sd = made.within(known.predicted), np.maximum(made.sd(*known.given), 1e-300)
    off = known.observed - predicted
    (low, downward, below), (high, upward, above) = made.outer
    end, reach, near = np.where(off < 0, [[-low], [downward], [below]], [[high], [upward], [above]])
    away = (end - np.sign(off) * predicted) / np.maximum(near, 1e-12)
    return np.abs(off) / sd, np.maximum(away, np.abs(off) / np.maximum(reach, 1e-12)) / sd
