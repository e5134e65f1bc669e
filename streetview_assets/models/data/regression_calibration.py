"""Pooled vectors of few images, shrunk towards those of the areas around: regression calibration.

A pooled vector is measured with an error whose variance falls with the number of images; a model
that learns from it and predicts by it takes the error for what images show. In its place stands
what is expected of the vector of very many images, given the area's own and those around it
(regression calibration: Carroll, Ruppert, Stefanski and Crainiceanu 2006, Measurement Error in
Nonlinear Models, chapter 4): the best linear unbiased prediction, by kriging whose data have errors
of their own variance (Cressie 1993, Statistics for Spatial Data, 3.2). Nothing of it knows a
target, so that areas held out may take part.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

NEIGHBOURS = 24
"""Areas around one that its vector is predicted from."""
MOST_AREAS_OF_THE_VARIOGRAM = 2_000
_NEAR, _FAR, _RANGES, _ROUNDS = 8, 8, 10, 4
_AT_ONCE = 1_000
_LEAST = 0.05


@dataclass(frozen=True)
class VectorVariances:
    """What makes the vectors of areas differ; variances in units of all that varies.

    Attributes
    ----------
    smooth, range_m
        What areas share with those near by, and the distance at which 0.05 of it is left, metres.
    own
        What an area has for itself, however many images show it.
    of_image
        Of one image about the area's mean: the error of a vector of n images has this over n.
    """

    smooth: float
    range_m: float
    own: float
    of_image: float


def vector_variances(
    vectors: np.ndarray, image_counts: np.ndarray, place_m: np.ndarray
) -> VectorVariances:
    """Find the variances by half the squared differences of vectors: a variogram with errors.

    Of two areas it is expected to be what is smooth, as far as they lie apart, and their own, and
    the mean of the errors of both; each counts by the inverse square of that. Where all areas have
    as many images, what is their own and what is error cannot be told apart, and counts as own.

    Parameters
    ----------
    vectors
        Of areas, (n, d), n at least 3; columns on whatever scale, each counts alike.
    image_counts
        Images of each, (n,).
    place_m
        Easting and northing, metres, (n, 2).
    """
    one, other = _pairs(place_m)
    lag_m = np.linalg.norm(place_m[one] - place_m[other], axis=1)
    half = _half_squares(_standardised(vectors), one, other)
    inverse, least = 1 / image_counts, float(np.min(1 / image_counts))
    errors = (inverse[one] + inverse[other]) / 2 - least
    nearest_m = float(np.median(lag_m[: len(lag_m) // 2])) or 1.0
    extent_m = max(float(np.hypot(*np.ptp(place_m, axis=0))), 2 * nearest_m)
    found = []
    for range_m in np.geomspace(nearest_m, extent_m, _RANGES):
        parts = np.column_stack([1 - np.exp(-3 * lag_m / range_m), np.ones(len(half)), errors])
        expected, fitted = np.full(len(half), half.mean() or 1.0), np.zeros(3)
        for _ in range(_ROUNDS):
            fitted, _ = nnls(parts / expected[:, None], half / expected)
            expected = np.maximum(parts @ fitted, _LEAST * (half.mean() or 1.0))
        found.append((float(np.mean(np.log(expected) + half / expected)), range_m, fitted))
    _, range_m, (smooth, rest, of_image) = min(found, key=lambda each: each[0])
    own = max(float(rest - of_image * least), 0.0)
    return VectorVariances(float(smooth), float(range_m), own, float(of_image))


def kriging_weights(
    variances: VectorVariances,
    image_counts: np.ndarray,
    place_m: np.ndarray,
    wanted_m: np.ndarray,
    own: np.ndarray,
    *,
    with_own: bool,
) -> csr_matrix:
    """Weigh the vectors of areas for what is expected at places; shape (m, n), rows sum to 1.

    Parameters
    ----------
    variances
        What makes vectors differ.
    image_counts, place_m
        Of the areas that have vectors, (n,) and (n, 2), metres.
    wanted_m
        Places of the areas that are asked for, metres, (m, 2).
    own
        Which of the areas with vectors each of them is, -1 where it is none; (m,).
    with_own
        Whether an area's own vector counts.
    """
    count = min(NEIGHBOURS + 1, len(place_m))
    _, near = cKDTree(place_m).query(wanted_m, k=count)
    near = near.reshape(len(wanted_m), count)
    if not with_own:
        last = np.argsort(near == own[:, None], axis=1, kind="stable")
        near = np.take_along_axis(near, last, axis=1)[:, : max(count - 1, 1)]
    noise = variances.own + variances.of_image / image_counts
    weights = np.empty(near.shape)
    for start in range(0, len(near), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        mine = near[some] == own[some, None]
        lags_m = _lags_m(place_m[near[some]], wanted_m[some])
        weights[some] = _ordinary(variances, noise[near[some]], mine, *lags_m)
    rows = np.repeat(np.arange(len(near)), near.shape[1])
    return csr_matrix((weights.ravel(), (rows, near.ravel())), (len(near), len(place_m)))


def without_gaps(vectors: np.ndarray) -> np.ndarray:
    """Put the mean of a column where an area has no number in it; shape (n, d).

    Parameters
    ----------
    vectors
        Of areas, (n, d), NaN where there is none.
    """
    if not np.isnan(vectors).any():
        return vectors
    with warnings.catch_warnings():
        # A column without any number stays as it is.
        warnings.filterwarnings("ignore", message="Mean of empty slice")
        return np.where(np.isnan(vectors), np.nanmean(vectors, axis=0), vectors)


def _pairs(place_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair areas with the nearest, first, and with as many that lie anywhere."""
    count = len(place_m)
    some = np.arange(0, count, -(-count // MOST_AREAS_OF_THE_VARIOGRAM))
    _, near = cKDTree(place_m).query(place_m[some], k=np.arange(2, min(_NEAR + 2, count + 1)))
    far = (some[:, None] + np.linspace(1, count - 1, _FAR).astype(np.intp)) % count
    beside = np.vstack([near.T, far.T])
    return np.tile(some, len(beside)), beside.ravel()


def _standardised(vectors: np.ndarray) -> np.ndarray:
    spread = vectors.std(axis=0)
    varies = spread > 1e-9 * np.max(spread, initial=0, where=np.isfinite(spread))
    return np.asarray(vectors[:, varies] / spread[varies])


def _half_squares(vectors: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give half the mean squared difference of pairs of vectors, a few pairs at a time."""
    made = [
        np.square(vectors[one[some]] - vectors[other[some]]).sum(axis=1)
        for some in _slices(len(one))
    ]
    return np.asarray(np.concatenate(made) / (2 * max(vectors.shape[1], 1)))


def _slices(count: int) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE))


def _lags_m(near_m: np.ndarray, wanted_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the distances among neighbours (m, k, k), and from each of them to its place (m, k)."""
    among = np.linalg.norm(near_m[:, :, None] - near_m[:, None], axis=3)
    return among, np.linalg.norm(near_m - wanted_m[:, None], axis=2)


def _ordinary(
    variances: VectorVariances,
    noise: np.ndarray,
    mine: np.ndarray,
    among_m: np.ndarray,
    away_m: np.ndarray,
) -> np.ndarray:
    """Solve for the weights of ordinary kriging: least error, of a mean that is not known."""
    diagonal = np.arange(noise.shape[1])
    covariance = variances.smooth * np.exp(-3 * among_m / variances.range_m)
    covariance[:, diagonal, diagonal] += noise + 1e-9 * (variances.smooth + noise.max()) + 1e-12
    shared = variances.smooth * np.exp(-3 * away_m / variances.range_m) + variances.own * mine
    sides = np.stack([shared, np.ones_like(shared)], axis=2)
    simple, ones = np.moveaxis(np.linalg.solve(covariance, sides), 2, 0)
    missing = (1 - simple.sum(axis=1)) / ones.sum(axis=1)
    return np.asarray(simple + missing[:, None] * ones)
