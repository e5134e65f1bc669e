"""A Gaussian process over place, with images beside it or without: kriging at several ranges.

The covariance of two areas is a sum of parts, each with a variance of its own: how near they lie
(exponential and Matérn kernels at several ranges), how alike their images are (a linear and two
Gaussian kernels; of several sets of features, such ones of each), and noise. The variances are
those of the greatest restricted likelihood, so that a part that explains nothing gets none
(Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapters 2 and 5; Cressie
1993, Statistics for Spatial Data, 2.6 and 3.2).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import Any, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lapack
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, RegressorMixin

MOST_AREAS_OF_THE_LIKELIHOOD = 500
"""Variances are estimated on so many: compact groups of them, so that short ranges are seen."""
MOST_AREAS_AT_ONCE = 4_000
"""Where there are more, each neighbourhood is predicted from so many areas around it."""
RANGES = 4
OF_PLACE, OF_FEATURES = 2 * RANGES - 1, 3
"""Parts of place, and of each set of features."""
NOISE_OF_IMAGES_ALONE = (0.1, 1.0, 10.0)
"""By the variance of what is linear in images, where no other part is."""
_GROUP = 100
_LEAST_NOISE, _LEAST, _MOST = 1e-3, 1e-5, 30.0
_ITERATIONS = 60
_NEGLIGIBLE = 1e-4


class PlaceProcess(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Predict areas from those that lie near, and from those whose images are alike.

    Parameters
    ----------
    ranges_m, reach, variances
        What `estimated` gives; default: it is estimated on the areas that are fitted.
    seed
        Of the areas that it is estimated on, where there are many.
    widths
        Of the first sets of features that have kernels of their own; what is left is one more.
    """

    def __init__(
        self,
        ranges_m: Sequence[float] | None = None,
        reach: Sequence[float] = (),
        variances: Sequence[float] | None = None,
        seed: int = 0,
        widths: Sequence[int] = (),
    ) -> None:
        self.ranges_m = ranges_m
        self.reach = reach
        self.variances = variances
        self.seed = seed
        self.widths = widths

    def fit(self, inputs: np.ndarray, observed: np.ndarray) -> Self:
        """Keep the areas to predict from.

        Parameters
        ----------
        inputs
            Easting and northing, metres, then the features of images, if any; (n, 2 + d).
        observed
            Values, (n,).
        """
        if self.variances is None or self.ranges_m is None:
            self.set_params(**estimated(inputs, observed, self.seed, self.widths))
        self.scaling_ = _scaling(inputs)
        self.inputs_ = _scaled(inputs, self.scaling_)
        self.mean_, self.sd_ = float(observed.mean()), float(observed.std()) or 1.0
        self.observed_ = (observed - self.mean_) / self.sd_
        return self

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Give the expected values, shape (n,).

        Parameters
        ----------
        inputs
            As `fit` takes them; features beyond those seen there count as the nearest seen.
        """
        wanted, known = _scaled(inputs, self.scaling_), len(self.inputs_)
        if known <= MOST_AREAS_AT_ONCE:
            return self._predicted(np.arange(known), wanted)
        guess = np.empty(len(wanted))
        tree = cKDTree(self.inputs_[:, :2])
        for part in _neighbourhoods(wanted[:, :2], MOST_AREAS_AT_ONCE // 4):
            _, near = tree.query(wanted[part, :2].mean(axis=0), MOST_AREAS_AT_ONCE)
            guess[part] = self._predicted(np.sort(near), wanted[part])
        return guess

    def _predicted(self, known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Predict from some of the areas, with their mean as generalised least squares give it."""
        own, observed = self.inputs_[known], self.observed_[known]
        among = self._covariance(own, own)
        among[np.diag_indices_from(among)] += self.variances[-1]  # type: ignore[index]
        ones = np.ones(len(known))
        # Turned round, it has the order of columns that LAPACK takes without a copy.
        factor = cho_factor(among.T, lower=True, overwrite_a=True, check_finite=False)
        solved, solved_ones = cho_solve(factor, np.column_stack([observed, ones])).T
        mean = float(solved.sum() / solved_ones.sum())
        guess = mean + self._covariance(wanted, own) @ (solved - mean * solved_ones)
        return np.asarray(guess * self.sd_ + self.mean_)

    def _covariance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        whole = np.zeros((len(one), len(other)))
        parts = _parts(one, other, self.ranges_m, self.reach, self.widths)  # type: ignore[arg-type]
        for variance, part in zip(self.variances, parts, strict=False):  # type: ignore[arg-type]
            if variance > _NEGLIGIBLE:
                made = part()
                made *= variance
                whole += made
        return whole


def estimated(
    inputs: np.ndarray,
    observed: np.ndarray,
    seed: int,
    widths: Sequence[int] = (),
    *,
    with_place: bool = True,
) -> dict[str, Any]:
    """Estimate the parameters of a `PlaceProcess`.

    Parameters
    ----------
    inputs, observed
        As `PlaceProcess.fit` takes them.
    seed
        Of the areas that the variances are estimated on, where there are many.
    widths
        As of `PlaceProcess`.
    with_place
        Whether place has a part; else all of its variances are nought.

    Returns
    -------
    dict
        `ranges_m`, from twice the distance of neighbours to the extent; `reach`, the median
        distance of two areas' standardised features, of each set; and `variances` of the parts,
        the noise last, in units of the target's variance.
    """
    place_m, ranges_m = inputs[:, :2], _ranges_m(inputs[:, :2])
    some = _compact_groups(place_m, MOST_AREAS_OF_THE_LIKELIHOOD, seed)
    scaled = _scaled(inputs, _scaling(inputs))[some]
    reach = tuple(
        float(np.median(cdist(scaled[:300, mine], scaled[:300, mine]))) or 1.0
        for mine in _sets(scaled.shape[1], widths)
    )
    centred = observed[some] - observed[some].mean()
    made = _parts(scaled, scaled, ranges_m, reach, widths)
    parts = Triangles.of(made if with_place else made[OF_PLACE:], len(some))
    count = len(parts.values)
    found = minimize(
        _deviance,
        np.log([*np.full(count, 0.5 / count), 0.5]),
        args=(parts, centred / (float(observed.std()) or 1.0)),
        jac=True,
        method="L-BFGS-B",
        bounds=np.log([*[(_LEAST, _MOST)] * count, (_LEAST_NOISE, _MOST)]),
        options={"maxiter": _ITERATIONS},
    )
    variances = tuple(float(variance) for variance in np.exp(found.x))
    without = () if with_place else (0.0,) * OF_PLACE
    return {"ranges_m": ranges_m, "reach": reach, "variances": (*without, *variances)}


def images_alone(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give settings that leave place out: what is linear in images, at several levels of noise.

    The greatest likelihood takes what place and images tell alike for place's, which is right
    near to areas that were learned from. Far from them place tells nothing, and images alone may
    tell more than images beside place (spatial confounding: Hodges and Reich 2010, The American
    Statistician 64: 325-334).

    Parameters
    ----------
    found
        What `estimated` gives of areas with features; each set of these counts alike.
    """
    linear = (1.0, *(0.0,) * (OF_FEATURES - 1)) * len(found["reach"])
    return [
        {**found, "variances": (*(0.0,) * OF_PLACE, *linear, noise)}
        for noise in NOISE_OF_IMAGES_ALONE
    ]


def _sets(width: int, widths: Sequence[int]) -> list[slice]:
    """Give the columns of each set of features, of inputs of so many columns."""
    ends = np.cumsum([2, *widths]).tolist()
    sets = [slice(start, end) for start, end in pairwise([*ends, width])]
    return [mine for mine in sets if mine.stop > mine.start]


def _parts(
    one: np.ndarray,
    other: np.ndarray,
    ranges_m: Sequence[float],
    reach: Sequence[float],
    widths: Sequence[int],
) -> list[Callable[[], np.ndarray]]:
    """Say how to compute what each part makes of areas: near, 0.05 at its range, or alike."""
    lag_m = cdist(one[:, :2], other[:, :2])
    parts: list[Callable[[], np.ndarray]]
    parts = [partial(_exponential, lag_m, range_m) for range_m in ranges_m]
    parts += [partial(_matern, lag_m, range_m) for range_m in ranges_m[1:]]
    for mine, own_reach in zip(_sets(one.shape[1], widths), reach, strict=True):
        alike = one[:, mine] @ other[:, mine].T
        # Gaussian kernels often have no part: then what they are made of is not computed.
        unlike = cache(partial(_unlike, one[:, mine], other[:, mine], alike, own_reach))
        parts.append(partial(np.divide, alike, mine.stop - mine.start))
        parts += [partial(_gaussian, unlike, weight) for weight in (0.5, 2.0)]
    return parts


def _exponential(lag_m: np.ndarray, range_m: float) -> np.ndarray:
    lag = lag_m * (-3 / range_m)
    return np.exp(lag, out=lag)


def _matern(lag_m: np.ndarray, range_m: float) -> np.ndarray:
    """Compute the Matérn correlation of smoothness 3/2."""
    lag = lag_m * (4.744 / range_m)
    decay = np.exp(-lag)
    lag += 1
    lag *= decay
    return lag


def _unlike(one: np.ndarray, other: np.ndarray, alike: np.ndarray, reach: float) -> np.ndarray:
    """Compute squared distances in units of the reach, of products that are there already."""
    squared = alike * -2
    squared += np.sum(one**2, axis=1)[:, None]
    squared += np.sum(other**2, axis=1)
    squared /= reach**2
    return np.asarray(np.maximum(squared, 0, out=squared))


def _gaussian(unlike: Callable[[], np.ndarray], weight: float) -> np.ndarray:
    made = unlike() * -weight
    return np.exp(made, out=made)


@dataclass(frozen=True)
class Triangles:
    """Symmetric matrices by one triangle each, as LAPACK factorises it: rectangular full packed.

    Attributes
    ----------
    values
        (p, n (n + 1) / 2).
    diagonal
        Where the diagonal stands in each, (n,).
    """

    values: np.ndarray
    diagonal: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[Callable[[], np.ndarray]], count: int) -> Self:
        """Pack what parts make, each (count, count)."""
        values = np.empty((len(parts), count * (count + 1) // 2))
        for row, part in zip(values, parts, strict=True):
            row[:] = _packed(part())
        places = _packed(np.diag(np.arange(1.0, count + 1)))
        inside = np.flatnonzero(places)
        return cls(values, inside[np.argsort(places[inside])])


def _packed(symmetric: np.ndarray) -> np.ndarray:
    values, _ = lapack.dtrttf(symmetric.T, uplo="L")
    return np.asarray(values)


def _deviance(logs: np.ndarray, parts: Triangles, observed: np.ndarray) -> tuple[float, np.ndarray]:
    """Give minus twice the restricted log likelihood, constants aside, and its gradient.

    Its slope along a variance is the sum of the products of its part with one matrix, of which a
    triangle counts twice and the diagonal once.
    """
    variances, noise = np.exp(logs[:-1]), np.exp(logs[-1])
    count, diagonal = len(observed), parts.diagonal
    covariance = variances @ parts.values
    covariance[diagonal] += noise
    factor, failed = lapack.dpftrf(count, covariance, uplo="L", overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("a covariance is not positive definite")
    half_log_determinant = np.log(factor[diagonal]).sum()
    sides = np.column_stack([np.ones(count), observed])
    rows, weights = lapack.dpftrs(count, factor, sides, uplo="L")[0].T
    total = float(rows.sum())
    weights = weights - rows * (float(rows @ observed) / total)
    deviance = 2 * half_log_determinant + np.log(total) + observed @ weights
    inverse, _ = lapack.dpftri(count, factor, uplo="L", overwrite_a=True)
    inverse -= _packed(np.outer(rows, rows / total) + np.outer(weights, weights))
    own = inverse[diagonal]
    slopes = 2 * (parts.values @ inverse) - parts.values[:, diagonal] @ own
    return float(deviance), np.array([*(variances * slopes), noise * own.sum()])


def _ranges_m(place_m: np.ndarray) -> tuple[float, ...]:
    lag_m, _ = cKDTree(place_m).query(place_m, k=min(2, len(place_m)))
    least = 2 * float(np.median(np.atleast_2d(lag_m.T)[-1])) or 1.0
    most = max(float(np.hypot(*np.ptp(place_m, axis=0))), 2 * least)
    return tuple(float(range_m) for range_m in np.geomspace(least, most, RANGES))


def _scaling(inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    """Give lowest, highest, mean and spread of each feature of images."""
    looks = inputs[:, 2:]
    spread = looks.std(axis=0)
    varies = spread > 1e-9 * spread.max(initial=0)
    return looks.min(axis=0), looks.max(axis=0), looks.mean(axis=0), np.where(varies, spread, 1.0)


def _scaled(inputs: np.ndarray, scaling: tuple[np.ndarray, ...]) -> np.ndarray:
    lowest, highest, mean, spread = scaling
    looks = np.clip(inputs[:, 2:], lowest, highest)
    return np.hstack([inputs[:, :2], (looks - mean) / spread])


def _compact_groups(place_m: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Choose areas in groups of neighbours, rising; all of them, where there are few."""
    if len(place_m) <= most:
        return np.arange(len(place_m))
    tree, rng = cKDTree(place_m), np.random.default_rng(seed)
    chosen: set[int] = set()
    for anchor in rng.permutation(len(place_m)):
        if len(chosen) >= most:
            break
        chosen.update(tree.query(place_m[anchor], _GROUP)[1].tolist())
    return np.sort(np.fromiter(chosen, dtype=np.intp))


def _neighbourhoods(place_m: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Halve places along the longer side until each part has at most so many."""
    waiting = [np.arange(len(place_m))]
    while waiting:
        part = waiting.pop()
        if len(part) <= most:
            yield part
            continue
        longer = int(np.argmax(np.ptp(place_m[part], axis=0)))
        waiting += np.array_split(part[np.argsort(place_m[part, longer], kind="stable")], 2)
