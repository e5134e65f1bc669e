"""A Gaussian process over place, with images beside it or without: kriging at several ranges.

The covariance of two areas is a sum of parts, each with a variance of its own: how near they lie
(exponential and Matérn kernels at several ranges), how alike their images are (a linear and two
Gaussian kernels; of several sets of features, such ones of each), and noise. The variances are
those of the greatest restricted likelihood, so that a part that explains nothing gets none
(Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapters 2 and 5; Cressie
1993, Statistics for Spatial Data, 2.6 and 3.2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, RegressorMixin

from streetview_assets.models.data.splits import MANY_AREAS
from streetview_assets.models.kriging.covariances import (
    NEGLIGIBLE,
    Parts,
    added,
    alike,
    feature_sets,
    near,
)
from streetview_assets.models.kriging.full_scale import Covariance, CovarianceParts, FullScale
from streetview_assets.models.kriging.infinitesimal_jackknife import (
    Kriging,
    by_interpolation,
    by_variances,
)

MOST_AREAS_OF_THE_LIKELIHOOD = 500
"""Variances are estimated on so many: compact groups of them, so that short ranges are seen."""
RANGES = 4
OF_PLACE, OF_FEATURES = 2 * RANGES - 1, 3
"""Parts of place, and of each set of features."""
NOISE_OF_IMAGES_ALONE = (0.1, 1.0, 10.0)
"""By the variance of what is linear in images, where no other part is."""
_GROUP = 100
_LEAST_NOISE, _LEAST, _MOST = 1e-3, 1e-5, 30.0
_ITERATIONS = 60


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
        """Keep the areas to predict from; of many, learn what all of them tell together.

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
        self.of_many_ = None
        if len(inputs) > MANY_AREAS:
            parts = self._parts_of_many()
            self.of_many_ = FullScale.of(parts, self.inputs_, self.observed_, self.seed)
        return self

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Give the expected values, shape (n,).

        Parameters
        ----------
        inputs
            As `fit` takes them; features beyond those seen there count as the nearest seen.
        """
        wanted = _scaled(inputs, self.scaling_)
        guess = self.of_many_.predict(wanted) if self.of_many_ else self._predicted(wanted)
        return np.asarray(guess * self.sd_ + self.mean_)

    def influence(self, inputs: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Say how much each area that was learned from had to do with errors of predictions.

        Parameters
        ----------
        inputs
            Of the areas predicted, as `predict` takes them.
        errors
            Observed minus predicted, of these, (m,), units of the target.

        Returns
        -------
        numpy.ndarray
            Half of how fast the sum of squared errors falls as the value of the area rises, and
            variances follow it that are the likeliest; (n,), units of the target. NaN where there
            were many areas.
        """
        if self.of_many_:
            return np.full(len(self.inputs_), np.nan)
        beside = self._parts(_scaled(inputs, self.scaling_), self.inputs_)
        learned = self._kriging()
        pull = by_interpolation(learned, beside, errors)
        if any(self.variances[:OF_PLACE]):  # type: ignore[index]
            place_m = self.inputs_[:, :2]
            some = _compact_groups(place_m, MOST_AREAS_OF_THE_LIKELIHOOD, self.seed)
            on = learned if len(some) == len(place_m) else self._kriging(some)
            pull[some] += by_variances(learned, beside, errors, on)
        return pull

    def _predicted(self, wanted: np.ndarray) -> np.ndarray:
        """Predict from all areas at once, their mean as generalised least squares give it."""
        learned, shape = self._kriging(), (len(wanted), len(self.inputs_))
        beside = added(learned.variances, self._parts(wanted, self.inputs_), shape)
        return np.asarray(learned.mean + beside @ learned.weights)

    def _kriging(self, some: np.ndarray | slice = slice(None)) -> Kriging:
        own = self.inputs_[some]
        return Kriging(self._parts(own, own), np.array(self.variances), self.observed_[some])

    def _parts(self, one: np.ndarray, other: np.ndarray) -> Parts:
        return _parts(one, other, self.ranges_m, self.reach, self.widths)  # type: ignore[arg-type]

    def _parts_of_many(self) -> CovarianceParts:
        """Say which parts of the covariance are linear or smooth in features, and which near."""
        variances, noise = np.array(self.variances[:-1]), self.variances[-1]  # type: ignore[index]
        looks = variances[OF_PLACE:].reshape(-1, OF_FEATURES)
        sets = feature_sets(self.inputs_.shape[1], self.widths)
        scale = np.zeros(self.inputs_.shape[1])
        for mine, variance in zip(sets, looks[:, 0], strict=True):
            scale[mine] = np.sqrt(variance * (variance > NEGLIGIBLE) / (mine.stop - mine.start))
        smooth = (looks * (np.arange(OF_FEATURES) > 0)).ravel()
        return CovarianceParts(
            linear=partial(_linear, scale > 0, scale[scale > 0]),
            smooth=_sum_of(alike, smooth, self.reach, self.widths),
            near=_sum_of(near, variances[:OF_PLACE], self.ranges_m),
            noise=noise,
        )


def _linear(seen: np.ndarray, scale: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(inputs[:, seen] * scale)


def _sum_of(parts: Callable[..., Parts], variances: np.ndarray, *how: Any) -> Covariance | None:
    """Give the covariance that parts add up to; None where none of them counts."""
    return partial(_summed, parts, variances, how) if (variances > NEGLIGIBLE).any() else None


def _summed(
    parts: Callable[..., Parts],
    variances: np.ndarray,
    how: Sequence[Any],
    one: np.ndarray,
    other: np.ndarray,
) -> np.ndarray:
    return added(variances, parts(one, other, *how), (len(one), len(other)))


def _parts(
    one: np.ndarray,
    other: np.ndarray,
    ranges_m: Sequence[float],
    reach: Sequence[float],
    widths: Sequence[int],
) -> Parts:
    return [*near(one, other, ranges_m), *alike(one, other, reach, widths)]


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
        for mine in feature_sets(scaled.shape[1], widths)
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
