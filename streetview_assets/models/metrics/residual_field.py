"""How far errors of near areas are alike, and how sure that is: the posterior of their field.

What a model cannot tell of areas is taken as a Gaussian field with a nugget and an exponential
correlation. Of one town nobody knows its range well: in place of the one that fits best stand all
that fit, each by its posterior weight (Handcock and Stein 1993, Technometrics 35: 403-410), by the
restricted likelihood (Harville 1974, Biometrika 61: 383-385), in which the variance of the field is
integrated out. Of many areas it is the sum over blocks of neighbours (Caragea and Smith 2007,
Journal of Multivariate Analysis 98: 1417-1440).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import norm, rankdata

LEAST_PLACES = 20
_BLOCK, _MOST_BLOCKS = 500, 4
"""Areas in a block at most, and blocks: what they cost grows with the cube of the areas."""
_RANGES, _SHARES = 9, (0.25, 0.5, 0.75, 0.97)
_NOT_ALIKE = 0.25
"""Prior probability that near errors are not alike."""
_ROWS = 500
"""Areas whose distances to all others are looked at together."""
_LEAST_WEIGHT = 0.01
"""Fields less likely than this are left out."""


@dataclass(frozen=True)
class FieldPosterior:
    """Fields that errors may come from, and how likely each is.

    Attributes
    ----------
    range_m
        Practical range of each, metres, shape (k,): there the correlation has fallen to 0.05 of
        its share; 0 where errors are not alike.
    share
        Of each, shape (k,): what near errors have in common, of their variance; the rest is nugget.
    weight
        Posterior probability of each, shape (k,).
    """

    range_m: np.ndarray
    share: np.ndarray
    weight: np.ndarray

    def correlation(self, lag_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the mean correlation of errors so far apart, and of their squares, of two areas.

        Parameters
        ----------
        lag_m
            Distances, metres, any shape.
        """
        of_errors, of_squares = np.zeros((2, *lag_m.shape))
        for range_m, share, weight in zip(self.range_m, self.share, self.weight, strict=True):
            if range_m > 0:
                alike = share * np.exp(lag_m * (-3 / range_m))
                of_errors += weight * alike
                of_squares += weight * alike**2
        return of_errors, of_squares

    @property
    def likely_alike(self) -> float:
        """How likely near errors are alike at all, 0 to 1."""
        return min(float(self.weight[self.range_m > 0].sum()), 1.0)

    @property
    def mean_range_m(self) -> float:
        """The range where errors are alike, on average of its logarithm, metres; 0 where not."""
        alike = self.range_m > 0
        if not alike.any():
            return 0.0
        return float(np.exp(np.average(np.log(self.range_m[alike]), weights=self.weight[alike])))


@dataclass(frozen=True)
class ErrorField:
    """What errors at some places are drawn from: how much they vary, and how far they are alike.

    Attributes
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    variance
        Of an error, in squared units of the target.
    posterior
        Fields that they may come from.
    """

    place_m: np.ndarray
    variance: float
    posterior: FieldPosterior

    def standard_error(self, slopes: np.ndarray) -> float:
        """Give how far a statistic varies with the errors, by the delta method.

        Parameters
        ----------
        slopes
            How fast the statistic rises with each area's error, shape (n,).

        Returns
        -------
        float
            Standard deviation, in units of the statistic.
        """
        near = float((self.posterior.share * self.posterior.weight).sum())
        total = (1 - near) * float(slopes @ slopes)
        for start in range(0, len(slopes), _ROWS):
            rows = slice(start, start + _ROWS)
            alike, _ = self.posterior.correlation(cdist(self.place_m[rows], self.place_m))
            total += float(slopes[rows] @ alike @ slopes)
        return float(np.sqrt(self.variance * total))


def field_posterior(residuals: np.ndarray, place_m: np.ndarray) -> FieldPosterior:
    """Weigh the fields that residuals may come from.

    Parameters
    ----------
    residuals
        Observed minus predicted, shape (n,). Their ranks count, as normal scores: no outlier says
        how far errors are alike.
    place_m
        Easting and northing, metres; shape (n, 2).

    Returns
    -------
    FieldPosterior
        Of range 0 alone where there are fewer than 20 places, or all is one.
    """
    order = np.lexsort((residuals, place_m[:, 1], place_m[:, 0]))
    scores = norm.ppf(rankdata(residuals) / (len(residuals) + 1))[order]
    blocks = _blocks(place_m[order])
    lags_m = [pdist(place_m[order][block]) for block in blocks]
    extent_m = float(np.median([lag_m.max(initial=0) for lag_m in lags_m]))
    if len(residuals) < LEAST_PLACES or extent_m == 0 or np.ptp(residuals) == 0:
        return FieldPosterior(np.zeros(1), np.zeros(1), np.ones(1))
    spacing_m = float(np.median([_nearest_m(lag_m) for lag_m in lags_m]))
    ranges = np.geomspace(min(max(spacing_m, extent_m / 500), extent_m / 2), extent_m, _RANGES)
    fields = [(0.0, 0.0), *((one, share) for one in ranges for share in _SHARES)]
    told = [_log_likelihood(scores, blocks, lags_m, *field) for field in fields]
    prior = np.full(len(fields), (1 - _NOT_ALIKE) / (len(fields) - 1))
    prior[0] = _NOT_ALIKE
    weight = np.exp(np.array(told) - max(told)) * prior
    weight /= weight.sum()
    kept = weight >= _LEAST_WEIGHT
    range_m, share = np.array(fields)[kept].T
    return FieldPosterior(range_m, share, weight[kept] / weight[kept].sum())


def _blocks(place_m: np.ndarray) -> list[np.ndarray]:
    """Split places into blocks of neighbours; of many blocks so many, evenly over the places."""
    blocks = [np.arange(len(place_m))]
    while len(blocks[0]) > _BLOCK:
        halves = [_halves(place_m, block) for block in blocks]
        blocks = [half for pair in halves for half in pair]
    chosen = np.linspace(0, len(blocks) - 1, min(len(blocks), _MOST_BLOCKS)).astype(int)
    return [blocks[number] for number in chosen]


def _halves(place_m: np.ndarray, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut a block in two across its longer side."""
    axis = int(np.ptp(place_m[block], axis=0).argmax())
    order = block[np.argsort(place_m[block, axis], kind="stable")]
    middle = (len(order) + 1) // 2
    return order[:middle], order[middle:]


def _nearest_m(lag_m: np.ndarray) -> float:
    distance_m = squareform(lag_m)
    np.fill_diagonal(distance_m, np.inf)
    return float(np.median(distance_m.min(axis=1)))


def _log_likelihood(
    scores: np.ndarray,
    blocks: list[np.ndarray],
    lags_m: list[np.ndarray],
    range_m: float,
    share: float,
) -> float:
    """Give the restricted log likelihood of a field, its mean and variance integrated out."""
    determinant = squares = freedom = 0.0
    for block, lag_m in zip(blocks, lags_m, strict=True):
        correlation = np.eye(len(block))
        if range_m > 0:
            correlation = squareform(share * np.exp(lag_m * (-3 / range_m)))
            np.fill_diagonal(correlation, 1.0)
        root = cholesky(correlation, lower=True, overwrite_a=True, check_finite=False)
        both = np.column_stack([scores[block], np.ones(len(block))])
        white, one = solve_triangular(root, both, lower=True, check_finite=False).T
        of_mean = float(one @ one)
        determinant += 2 * float(np.log(np.diag(root)).sum()) + np.log(of_mean / len(block))
        squares += float(white @ white) - float(one @ white) ** 2 / of_mean
        freedom += len(block) - 1
    return float(-(determinant + freedom * np.log(squares / freedom)) / 2)
