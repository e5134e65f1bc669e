"""How predictions of kriging follow each value that was learned from, its variances among them.

A value is learned from twice: it is interpolated from, and the variances of the covariance's parts
are estimated by it. The second is the implicit derivative of the greatest restricted likelihood,
with the average information in place of its second derivatives (Gilmour, Thompson and Cullis 1995,
Biometrics 51: 1440-1450). Derivatives of a statistic by each value, in place of leaving each out:
the infinitesimal jackknife (Jaeckel 1972, Bell Laboratories MM 72-1215-11; Efron 1982).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from streetview_assets.models.kriging.covariances import NEGLIGIBLE, Parts, added

LEAST_INFORMATION = 0.25
"""Of the logarithm of a variance: that may well be twice or half of what it is, whatever areas say,
but not so much more that derivatives tell nothing of it."""


@dataclass(frozen=True)
class Kriging:
    """Areas that are learned from.

    Attributes
    ----------
    parts
        Of the covariance among them, each of variance 1, (n, n).
    variances
        Of the parts, the noise last.
    observed
        Values, (n,).
    """

    parts: Parts
    variances: np.ndarray
    observed: np.ndarray

    @property
    def counted(self) -> list[int]:
        """Which parts have a variance worth mention."""
        return np.flatnonzero(self.variances[:-1] > NEGLIGIBLE).tolist()

    @cached_property
    def factor(self) -> tuple[np.ndarray, bool]:
        """The covariance's Cholesky factor, and that it is the lower one."""
        count = len(self.observed)
        among = added(self.variances, self.parts, (count, count))
        among[np.diag_indices_from(among)] += self.variances[-1]
        factor, is_lower = cho_factor(among.T, lower=True, overwrite_a=True, check_finite=False)
        return factor, is_lower

    @cached_property
    def ones(self) -> np.ndarray:
        """The covariance solved for ones, (n,)."""
        return self.solved(np.ones(len(self.observed)))

    @property
    def mean(self) -> float:
        """Their mean by generalised least squares."""
        return float(self.ones @ self.observed / self.ones.sum())

    @cached_property
    def weights(self) -> np.ndarray:
        """What covariances with each area are multiplied with to predict, (n,)."""
        return self.projected(self.observed)

    def solved(self, sides: np.ndarray) -> np.ndarray:
        """Solve the covariance for sides, (n,) or (n, k)."""
        return np.asarray(cho_solve(self.factor, sides, check_finite=False))

    def projected(self, sides: np.ndarray) -> np.ndarray:
        """Solve it for what sides are beside their mean by generalised least squares."""
        solved = self.solved(sides)
        return np.asarray(solved - np.multiply.outer(self.ones, solved.sum(0) / self.ones.sum()))

    def pulls(self) -> np.ndarray:
        """Give each counted part, and the noise, times the weights; (n, parts)."""
        made = [self.variances[part] * (self.parts[part]() @ self.weights) for part in self.counted]
        return np.column_stack([*made, self.variances[-1] * self.weights])


def by_interpolation(learned: Kriging, beside: Parts, errors: np.ndarray) -> np.ndarray:
    """Give the derivative of errors times predictions by each value, variances held.

    Parameters
    ----------
    learned
        The areas that are learned from.
    beside
        Parts of the covariance of those predicted and these, each (m, n).
    errors
        Of those predicted, (m,), which stay as they are.

    Returns
    -------
    numpy.ndarray
        Shape (n,).
    """
    shape = len(errors), len(learned.observed)
    solved = learned.solved(added(learned.variances, beside, shape).T @ errors)
    return np.asarray(solved + learned.ones * ((errors.sum() - solved.sum()) / learned.ones.sum()))


def by_variances(
    learned: Kriging, beside: Parts, errors: np.ndarray, estimated_on: Kriging
) -> np.ndarray:
    """Give the same derivative by each value that variances were estimated on, by these alone.

    Parameters
    ----------
    learned, beside, errors
        As of `by_interpolation`.
    estimated_on
        The areas that variances were estimated on: k of those learned from.

    Returns
    -------
    numpy.ndarray
        Shape (k,).
    """
    held = by_interpolation(learned, beside, errors)
    told = [
        learned.variances[part] * float(errors @ (beside[part]() @ learned.weights))
        for part in learned.counted
    ]
    slopes = np.array([*told, 0.0]) - held @ learned.pulls()
    pulls = estimated_on.pulls()
    projected = estimated_on.projected(pulls)
    information = pulls.T @ projected / 2 + LEAST_INFORMATION * np.eye(len(slopes))
    return np.asarray(projected @ np.linalg.solve(information, slopes))
