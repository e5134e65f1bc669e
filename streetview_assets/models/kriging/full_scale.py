"""A Gaussian process of very many areas: what all of them tell together, the rest by those around.

The exact prediction takes the cube of the areas in time and their square in memory. Here what is
alike wherever areas lie, linear in their features or smooth in them, has few coefficients, which
all areas tell together; what near areas alone have in common is told by those around (full-scale
approximation: Sang and Huang 2012, JRSS B 74: 111-132; in blocks: Snelson and Ghahramani 2007,
AISTATS 2: 524-531; by nearest areas: Datta and others 2016, JASA 111: 800-812). A smooth part
stands for its values at some landmarks (Nyström: Williams and Seeger 2001, NIPS 13: 682-688). Time
and memory grow with the areas, no faster.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.spatial import cKDTree

LANDMARKS = 500
MOST_OF_A_BLOCK = 300
"""Areas whose likeness in space is counted where coefficients are estimated."""
MOST_AT_ONCE, AROUND = 60, 100
"""So many areas at the most are predicted at once, from so many around each."""
_JITTER = 1e-8

Covariance = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Of areas and others, (n, w) and (m, w): their covariance, (n, m)."""


@dataclass(frozen=True)
class CovarianceParts:
    """Of what the covariance of areas is made, in units of the target's variance.

    Attributes
    ----------
    linear
        Gives of areas, (n, w), what the target is linear in, (n, d), each coefficient of
        variance 1.
    smooth
        What is smooth in features; None without.
    near
        What falls with distance; None without.
    noise
        Variance that areas do not share, above 0.
    """

    linear: Callable[[np.ndarray], np.ndarray]
    smooth: Covariance | None
    near: Covariance | None
    noise: float


@dataclass(frozen=True)
class FullScale:
    """The process, given areas.

    Attributes
    ----------
    parts
        Of the covariance.
    inputs
        Of the areas learned from: easting and northing, metres, then features; (n, w).
    landmarks, root
        Areas that the smooth part stands on, (r, w), and the lower root of its covariance there.
    wide
        What the coefficients are of: what is linear, the landmarks, and 1; (n, d + r + 1).
    coefficients
        Theirs, (d + r + 1,).
    rest
        What these leave of the values, (n,).
    """

    parts: CovarianceParts
    inputs: np.ndarray
    landmarks: np.ndarray
    root: np.ndarray
    wide: np.ndarray
    coefficients: np.ndarray
    rest: np.ndarray

    @classmethod
    def of(
        cls, parts: CovarianceParts, inputs: np.ndarray, observed: np.ndarray, seed: int
    ) -> Self:
        """Learn from areas, whose coefficients are those of generalised least squares.

        Parameters
        ----------
        parts
            Of the covariance.
        inputs, observed
            (n, w), place first, and (n,).
        seed
            Of the landmarks.
        """
        landmarks, root = np.empty((0, inputs.shape[1])), np.empty((0, 0))
        if parts.smooth is not None:
            drawn = np.random.default_rng(seed).permutation(len(inputs))[:LANDMARKS]
            landmarks = inputs[np.sort(drawn)]
            among = parts.smooth(landmarks, landmarks)
            among[np.diag_indices_from(among)] += _JITTER * among.diagonal().mean()
            root = cholesky(among, lower=True, overwrite_a=True, check_finite=False)
        none = np.empty(0)
        unfitted = cls(parts, inputs, landmarks, root, none, none, none)
        unfitted = replace(unfitted, wide=unfitted._widened(inputs))
        coefficients = unfitted._estimated(observed)
        rest = observed - unfitted.wide @ coefficients
        return replace(unfitted, coefficients=coefficients, rest=rest)

    def predict(self, wanted: np.ndarray) -> np.ndarray:
        """Give the expected values of areas, (m,).

        Parameters
        ----------
        wanted
            (m, w).
        """
        told = self._widened(wanted)
        guess = told @ self.coefficients
        if not self._is_local:
            return np.asarray(guess)
        tree = cKDTree(self.inputs[:, :2])
        for part in neighbourhoods(wanted[:, :2], MOST_AT_ONCE):
            _, found = tree.query(wanted[part, :2], min(AROUND, len(self.inputs)))
            around = np.unique(found)
            weights = cho_solve(self._factor(around), self.rest[around], check_finite=False)
            own, wide = self.inputs[around], self.wide[around]
            guess[part] += self._local(wanted[part], own, told[part], wide) @ weights
        return np.asarray(guess)

    @property
    def _is_local(self) -> bool:
        return self.parts.near is not None or self.parts.smooth is not None

    def _widened(self, inputs: np.ndarray) -> np.ndarray:
        """Give what the coefficients are of, of any areas."""
        made = [self.parts.linear(inputs)]
        if self.parts.smooth is not None:
            at = self.parts.smooth(self.landmarks, inputs)
            made.append(solve_triangular(self.root, at, lower=True, check_finite=False).T)
        return np.hstack([*made, np.ones((len(inputs), 1))])

    def _estimated(self, observed: np.ndarray) -> np.ndarray:
        """Estimate the coefficients by generalised least squares, errors alike within blocks."""
        both = np.column_stack([self.wide, observed])
        if self._is_local:
            for block in neighbourhoods(self.inputs[:, :2], MOST_OF_A_BLOCK):
                factor, lower = self._factor(block)
                both[block] = solve_triangular(factor, both[block], lower=lower, check_finite=False)
        else:
            both /= np.sqrt(self.parts.noise)
        products = both.T @ both
        precision = products[:-1, :-1]
        # Coefficients have a variance of 1, the mean any.
        precision[np.diag_indices(len(precision) - 1)] += 1
        factor = cho_factor(precision, check_finite=False)
        return np.asarray(cho_solve(factor, products[:-1, -1], check_finite=False))

    def _local(
        self, one: np.ndarray, other: np.ndarray, of_one: np.ndarray, of_other: np.ndarray
    ) -> np.ndarray:
        """Give the covariance that the coefficients do not account for, (n, m)."""
        made = np.zeros((len(one), len(other)))
        if self.parts.near is not None:
            made += self.parts.near(one, other)
        if self.parts.smooth is not None:
            smooth = slice(-1 - len(self.landmarks), -1)
            made += self.parts.smooth(one, other)
            made -= of_one[:, smooth] @ of_other[:, smooth].T
        return made

    def _factor(self, some: np.ndarray) -> tuple[np.ndarray, bool]:
        """Factorise the covariance of some of the areas, noise included."""
        own, wide = self.inputs[some], self.wide[some]
        among = self._local(own, own, wide, wide)
        among[np.diag_indices_from(among)] += self.parts.noise
        # Turned round, it has the order of columns that LAPACK takes without a copy.
        return cho_factor(among.T, lower=True, overwrite_a=True, check_finite=False)  # type: ignore[no-any-return]


def neighbourhoods(place_m: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Halve places along the longer side until each part has at most so many.

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    most
        Places in a part.
    """
    waiting = [np.arange(len(place_m))]
    while waiting:
        part = waiting.pop()
        if len(part) <= most:
            yield part
            continue
        longer = int(np.argmax(np.ptp(place_m[part], axis=0)))
        waiting += np.array_split(part[np.argsort(place_m[part, longer], kind="stable")], 2)
