"""Bootstrap intervals of scores: areas weighted at random, near ones alike as far as errors are.

What an interval is of: the score that these folds would give on average if what the model cannot
tell of areas, its errors, came out otherwise at the same places, as a field that is alike as far as
theirs is. It is not of other places, nor of another signal at these: a score of 900 areas in a town
says little of the next one (`towns/next_town.py`).

A weighted ("Bayesian") bootstrap (Rubin 1981, Annals of Statistics 9: 130-134) gives each area a
random weight of mean 1 in place of the number of times that it is drawn. Here near areas get like
weights, so that a score varies as it does where errors of near areas are alike (Conley 1999,
Journal of Econometrics 92: 1-45; Shao 2010, JASA 105: 218-235). How far weights spread is set by
what is known best: that the means of squared errors, and of errors times what is told, which R² is
made of, spread as the fields say that the errors may come from (`residual_field.py`), and by
Student's t of so few as would be as uncertain.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from scipy.special import gamma, log_ndtr
from scipy.stats import norm, t

from streetview_assets.models.metrics.residual_field import (
    ErrorField,
    FieldPosterior,
    field_posterior,
)
from streetview_assets.processes.threads import limit_threads

LEAST_GROUPS = 10
"""Of fewer independent groups nobody can say how far chance reaches."""

KERNEL_RANGES = 1.5
"""Distance at which weights are hardly alike any more, in ranges of the residuals."""

_MOST_PLACES = 800
"""Of more, so many are drawn to find out how alike two areas are on average."""

HEAVY_TAILS = 2.0
"""Squares have heavy tails, and how far they are alike is estimated too: what so many independent
areas show of a score's spread is worth half as many degrees of freedom."""

LEAST_FREEDOM = 3.0
_LEAST_PRODUCTS = 0.5
"""A mean over pairs that were drawn may come out too small: no less than so much of independent."""
_SAME, _THE_SAME = 1e-6, 0.95
"""Spread below which what is told takes two values, and correlation above which statistics are
one."""
_MOST_BY_CHANCE = 1.5
"""By how much less than normal errors a sample of theirs may show."""
_SPREADS = 0.3, 2.5
"""Least and largest standard deviation of a weight."""

_KNOTS_A_LENGTH, _REACH_LENGTHS = 1.5, 3.0


@dataclass(frozen=True)
class Resamples:
    """Random weights of areas, for the intervals of their scores.

    Attributes
    ----------
    weights
        Shape (resamples, n), none negative, of mean 1 in each resample; (0, n) where there are
        too few independent groups.
    independent_count
        How many independent areas, or groups, would be as uncertain.
    note
        Why there are no weights, or None.
    errors
        What errors are drawn from, where areas are what is independent.
    """

    weights: np.ndarray
    independent_count: float
    note: str | None = None
    errors: ErrorField | None = None


@limit_threads()
def resample_weights(
    place_m: np.ndarray,
    residuals: np.ndarray | None,
    resamples: int,
    seed: int,
    *,
    groups: np.ndarray | None = None,
    told: np.ndarray | None = None,
) -> Resamples:
    """Draw weights of areas under which scores vary as they would with other errors.

    Parameters
    ----------
    place_m
        Easting and northing of each area, metres; shape (n, 2).
    residuals
        Observed minus predicted, or the target, shape (n,): how far they are alike says how far
        the weights are. None: areas are independent.
    resamples
        How many to draw.
    seed
        Of the draws.
    groups
        Group of each area, shape (n,), where whole groups were held out and are what is
        independent: their areas get one weight, wherever they lie.
    told
        Predictions, shape (n,): what is told of the areas, which does not come out otherwise at
        the same places: it adds nothing to the interval. Default: it adds what it spreads.

    Returns
    -------
    Resamples
        Weights for `resampled_scores`, in place of counts.
    """
    rng = np.random.default_rng(seed)
    told = None if told is None or np.ptp(told) == 0 else told
    if residuals is not None and groups is None:
        return _of_alike(place_m, residuals, told, resamples, rng)
    member = np.arange(len(place_m))
    if groups is not None:
        member = np.unique(groups, return_inverse=True)[1].reshape(-1)
    of = "areas" if groups is None else "held-out groups"
    drawn = _of_independent(member, resamples, rng, of)
    if told is None or drawn.note:
        return drawn
    return replace(drawn, weights=_steadied(drawn.weights, told))


def interval_of(
    values: np.ndarray, level: float, centre: float | None = None
) -> tuple[float, float] | tuple[None, None]:
    """Take the percentile interval of resampled scores; none where half are not defined.

    Parameters
    ----------
    values
        A score of each resample, shape (resamples,), NaN where it is not defined.
    level
        Of the interval, 0 to 1.
    centre
        What the resamples scatter about: the score of the areas as they are. Scores of few areas
        are biased (R² downwards), resampled ones twice; their mean is moved here. Default: it
        stays where it is.
    """
    defined = values[np.isfinite(values)]
    if len(defined) * 2 <= len(values):
        return None, None
    tail = (1 - level) / 2
    lower, upper = np.quantile(defined, [tail, 1 - tail])
    moved = 0.0 if centre is None else centre - defined.mean()
    return float(lower + moved), float(upper + moved)


def _of_alike(
    place_m: np.ndarray,
    residuals: np.ndarray,
    told: np.ndarray | None,
    resamples: int,
    rng: np.random.Generator,
) -> Resamples:
    if len(residuals) < LEAST_GROUPS:
        return _none(len(residuals), len(residuals), "areas")
    found = field_posterior(residuals, place_m)
    errors, squares, products = _mean_correlations(place_m, found, told)
    if errors * LEAST_GROUPS > 1:
        of = f"areas (errors alike over {found.mean_range_m / 1000:.1f} km)"
        return _none(len(place_m), 1 / errors, of)
    normal = _alike_normal(place_m, found, resamples, rng)
    centred = residuals - residuals.mean()
    # Errors that are alike share a level, which their own mean takes away.
    variance = float(centred.var()) / (1 - errors)
    wider = _widening(1 / errors)
    own = _floored(float((centred**2).std()), math.sqrt(2) * variance)
    wanted = wider * math.sqrt(squares) * own
    weights = _as_spread(normal, centred**2, wanted)
    if told is not None:
        off = told - told.mean()
        own = _floored(float((centred * off).std()), math.sqrt(variance) * float(off.std()))
        statistics = np.column_stack([centred**2, centred * off])
        both = np.array([wanted, wider * math.sqrt(products) * own])
        weights = _matched(_steadied(weights, told), statistics, both, told)
    return Resamples(weights, 1 / errors, errors=ErrorField(place_m, variance, found))


def _floored(shown: float, of_normal: float) -> float:
    """Give no less than normal errors would show: a sample may show too little by chance.

    Errors that take few values have squares that hardly differ: theirs is no chance.
    """
    return max(shown, min(of_normal, _MOST_BY_CHANCE * shown))


def _alike_normal(
    place_m: np.ndarray, found: FieldPosterior, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw normal values, (resamples, n): as much alike as it is likely that near errors are."""
    normal = rng.normal(size=(resamples, len(place_m)))
    if not found.mean_range_m:
        return normal
    kernel = _smoothing(place_m, KERNEL_RANGES * found.mean_range_m)
    smooth = (kernel @ rng.normal(size=(kernel.shape[1], resamples))).T
    alike = found.likely_alike
    return np.asarray(math.sqrt(1 - alike) * normal + math.sqrt(alike) * smooth)


def _as_spread(normal: np.ndarray, squares: np.ndarray, wanted: float) -> np.ndarray:
    """Make weights under which the mean of squares has this standard deviation.

    A kernel cuts off, weights are told by their mean, and of a kernel that is large beside the
    town there are few: left to themselves, weights show too little of the spread, and by chance.
    """
    off, exponential = squares - squares.mean(), _exponential(normal)
    spread = 1.0
    for _ in range(2):
        weights = _weights(exponential, _power_of(spread))
        shown = float(np.std(weights @ off)) / len(off)
        spread = float(np.clip(spread * wanted / max(shown, 1e-300), *_SPREADS))
    return _weights(exponential, _power_of(spread))


def _of_independent(
    member: np.ndarray, resamples: int, rng: np.random.Generator, of: str
) -> Resamples:
    count = int(member.max(initial=-1)) + 1
    if count < LEAST_GROUPS:
        return _none(len(member), count, of)
    power = _power_of(math.sqrt(count / (count - 1)) * _widening(count - 1))
    drawn = _weights(_exponential(rng.normal(size=(resamples, count))), power)
    return Resamples(drawn[:, member], float(count))


def _steadied(weights: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Hold the weighted mean of predictions, and of their squares, at the plain one.

    Survey statisticians calibrate weights so (Deville and Särndal 1992, JASA 87: 376-382): an
    interval is of the same places, with what is told of them.
    """
    basis = np.vander((told - told.mean()) / max(float(told.std()), 1e-300), 3)
    orthogonal, triangle = np.linalg.qr(basis[:, ::-1])
    first, second = orthogonal.T[1:] * math.sqrt(len(told))
    if abs(triangle[2, 2]) < _SAME * math.sqrt(len(told)):  # of two values, squares tell no more
        second = np.zeros(len(told))
    off = [np.mean(weights * one, axis=1) for one in (first, second)]
    own = [np.mean(weights * one, axis=1) for one in (first**2, first * second, second**2)]
    own[2] += not second.any()
    scale = 1 / np.maximum(own[0] * own[2] - own[1] ** 2, 1e-3)
    by_first = scale * (own[2] * off[0] - own[1] * off[1])
    by_second = scale * (own[0] * off[1] - own[1] * off[0])
    moved = by_first[:, None] * first + by_second[:, None] * second
    return np.asarray(weights * np.maximum(1 - moved, 0))


def _none(count: int, independent: float, of: str) -> Resamples:
    note = (
        f"no interval: as uncertain as {math.floor(independent)} independent {of}, "
        f"at least {LEAST_GROUPS} needed"
    )
    return Resamples(np.empty((0, count)), independent, note)


def _widening(freedom: float) -> float:
    """Give what a spread must be widened by that is itself estimated, from heavy tails."""
    return float(t.ppf(0.95, max(freedom / HEAVY_TAILS, LEAST_FREEDOM)) / norm.ppf(0.95))


def _power_of(spread: float) -> float:
    """Find the power of an exponential variable that has this spread, in means."""

    def excess(power: float) -> float:
        return float(gamma(1 + 2 * power) / gamma(1 + power) ** 2 - 1 - spread**2)

    return float(brentq(excess, 0.05, 5))


def _exponential(normal: np.ndarray) -> np.ndarray:
    """Make exponential values of normal ones, each as far out."""
    return np.asarray(-log_ndtr(-normal))


def _weights(exponential: np.ndarray, power: float) -> np.ndarray:
    """Make Weibull weights of mean 1: an exponential variable to a power."""
    drawn = exponential**power
    return np.asarray(drawn / drawn.mean(axis=-1, keepdims=True))


def _smoothing(place_m: np.ndarray, range_m: float) -> csr_matrix:
    """Say how white noise at the knots of a fine grid makes a smooth field at the places.

    The field's correlation is Gaussian, 0.05 at the range (process convolution: Higdon 1998,
    Environmental and Ecological Statistics 5: 173-190). Shape (n, knots), rows of length 1.
    """
    length_m = range_m / math.sqrt(3)
    step_m = length_m / _KNOTS_A_LENGTH
    reach_m = _REACH_LENGTHS * length_m / math.sqrt(2)
    steps = int(np.ceil(reach_m / step_m))
    cell = np.round((place_m - place_m.min(axis=0)) / step_m).astype(np.int64) + steps
    columns = int(cell[:, 1].max()) + steps + 1
    near = (np.arange(-steps, steps + 1)[:, None] * columns + np.arange(-steps, steps + 1)).ravel()
    # One number a knot: finding which there are is most of the work.
    knots = np.unique((cell @ [columns, 1])[:, None] + near)
    knot_m = (np.column_stack(np.divmod(knots, columns)) - steps) * step_m + place_m.min(axis=0)
    lag = cKDTree(place_m).sparse_distance_matrix(cKDTree(knot_m), reach_m, output_type="ndarray")
    smooth = csr_matrix(
        (np.exp(-2 * (lag["v"] / length_m) ** 2), (lag["i"], lag["j"])),
        shape=(len(place_m), len(knot_m)),
    )
    scale = 1 / np.sqrt(np.asarray(smooth.multiply(smooth).sum(axis=1)).reshape(-1))
    return csr_matrix(smooth.multiply(scale[:, None]))


def _mean_correlations(
    place_m: np.ndarray, found: FieldPosterior, told: np.ndarray | None
) -> tuple[float, float, float]:
    """Give the mean correlation of two areas' errors, of squares, of products with what is told.

    Each with itself too: the inverse is how many independent ones would have a mean that is as
    uncertain. Squares are alike as the square of what errors are; products as far as what is told
    of the areas is alike as well.
    """
    count = len(place_m)
    chosen = np.arange(count)
    if count > _MOST_PLACES:
        chosen = np.random.default_rng(0).choice(count, _MOST_PLACES, replace=False)
    errors, squares = found.correlation(pdist(place_m[chosen]))
    products = errors
    if told is not None:
        scale = (told - told.mean()) / told.std()
        first, second = np.triu_indices(len(chosen), 1)
        products = errors * scale[chosen[first]] * scale[chosen[second]]
    of_others = 1 - 1 / count
    means = [1 / count + of_others * float(one.mean()) for one in (errors, squares, products)]
    return means[0], means[1], max(means[2], _LEAST_PRODUCTS / count)


def _matched(
    weights: np.ndarray, statistics: np.ndarray, wanted: np.ndarray, told: np.ndarray
) -> np.ndarray:
    """Move weights so that weighted means of two statistics spread as wanted, independently.

    Where both say the same of areas, as they may of errors that take few values, the first counts.

    Parameters
    ----------
    weights
        Shape (resamples, n), steadied.
    statistics
        Of areas, shape (n, 2).
    wanted
        Standard deviation of the mean of each, shape (2,).
    told
        What the weights were steadied by, shape (n,), which they go on holding.
    """
    basis = np.vander((told - told.mean()) / told.std(), 3)
    scale = np.maximum(statistics.std(axis=0), 1e-300)
    off, wanted = (statistics - statistics.mean(axis=0)) / scale, wanted / scale
    if abs(np.mean(off[:, 0] * off[:, 1])) > _THE_SAME:
        off, wanted = off[:, :1], wanted[:1]
    own = off - basis @ np.linalg.lstsq(basis, off, rcond=None)[0]
    toward = own @ np.linalg.pinv(own.T @ own / len(told))
    for _ in range(2):
        shown = weights @ off / len(told)
        shown -= shown.mean(axis=0)
        root = np.linalg.cholesky(np.atleast_2d(np.cov(shown.T)) + 1e-12 * np.eye(len(wanted)))
        moved = np.linalg.solve(root, shown.T).T * wanted - shown
        weights = np.maximum(weights + moved @ toward.T, 0)
        weights = weights / weights.mean(axis=1, keepdims=True)
    return weights
