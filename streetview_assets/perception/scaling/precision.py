"""The precision matrix of strengths: solved, and the variances that its inverse holds.

Of few images all is reckoned out. The inverse of a large graph of comparisons is dense and does
not fit in memory: there conjugate gradients solve, draws are made by perturbation (Papandreou and
Yuille 2010, NeurIPS 23) and variances are Rao-Blackwellised Monte Carlo over these draws (Sidén,
Lindgren, Bolin and Villani 2018, Journal of Computational and Graphical Statistics 27: 898-909):
what an image's own comparisons say is exact, and only what its neighbours leave open is sampled.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix, diags

MOST_DENSE = 800
"""Of more images, conjugate gradients and sampling."""

_TOLERANCE, _MOST_STEPS = 1e-6, 1_000


@dataclass(frozen=True)
class Pairs:
    """Comparisons by the places of their images.

    Attributes
    ----------
    left, right
        Place of each image, shape (comparisons,).
    incidence
        1 at the left image, −1 at the right; shape (comparisons, n).
    pair
        Number of the pair of images, shape (comparisons,).
    """

    left: np.ndarray
    right: np.ndarray
    incidence: csr_matrix
    pair: np.ndarray


def pairs_of(left: np.ndarray, right: np.ndarray, count: int) -> Pairs:
    """Put comparisons of `count` images in the form that is reckoned with.

    Parameters
    ----------
    left, right
        Place of each image, shape (comparisons,).
    count
        Images.
    """
    rows = np.arange(len(left))
    signs = np.concatenate([np.ones(len(rows)), -np.ones(len(rows))])
    places = (np.concatenate([rows, rows]), np.concatenate([left, right]))
    code = np.minimum(left, right) * np.int64(count) + np.maximum(left, right)
    _, pair = np.unique(code, return_inverse=True)
    return Pairs(left, right, csr_matrix((signs, places), shape=(len(rows), count)), pair)


@dataclass(frozen=True)
class Precision:
    """Precision of the strengths: what comparisons and the prior say together.

    Attributes
    ----------
    pairs
        The comparisons.
    information
        Fisher's information of each on its difference, shape (comparisons,).
    prior
        Precision of each strength before any comparison.
    matrix
        Their sum, (n, n).
    factor
        Its Cholesky factor where there are few images, else None.
    """

    pairs: Pairs
    information: np.ndarray
    prior: float
    matrix: csr_matrix
    factor: tuple[np.ndarray, bool] | None

    def solve(self, wanted: np.ndarray) -> np.ndarray:
        """Solve for one right side or several, shape (n,) or (n, s)."""
        if self.factor is not None:
            return np.asarray(cho_solve(self.factor, wanted))
        columns = wanted.reshape(len(wanted), -1)
        return _conjugate_gradients(self.matrix, columns).reshape(wanted.shape)

    def variances(self, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the variance of each strength, (n,), and of each difference, (comparisons,)."""
        left, right = self.pairs.left, self.pairs.right
        if self.factor is not None:
            inverse = cho_solve(self.factor, np.eye(self.matrix.shape[0]))
            own = np.diag(inverse).copy()
            return own, np.maximum(own[left] + own[right] - 2 * inverse[left, right], 1e-9)
        drawn = self._drawn(draws)
        own = self.matrix.diagonal()
        of_others = own[:, None] * drawn - self.matrix @ drawn
        variance = 1 / own + np.mean((of_others / own[:, None]) ** 2, axis=1)
        return variance, self._of_differences(own, drawn, of_others)

    def _of_differences(
        self, own: np.ndarray, drawn: np.ndarray, of_others: np.ndarray
    ) -> np.ndarray:
        left, right = self.pairs.left, self.pairs.right
        joined = -np.bincount(self.pairs.pair, weights=self.information)[self.pairs.pair]
        size = own[left] * own[right] - joined**2
        by_left, by_right = (own[right] + joined) / size, (own[left] + joined) / size
        sampled = np.zeros(len(left))
        for error, others in zip(drawn.T, of_others.T, strict=True):
            pulled = by_left * (others[left] + joined * error[right])
            pulled -= by_right * (others[right] + joined * error[left])
            sampled += pulled**2
        return np.asarray(by_left + by_right + sampled / drawn.shape[1])

    def _drawn(self, draws: int) -> np.ndarray:
        """Draw errors of the strengths, (n, draws): the same ones every time, but for scale."""
        rng = np.random.default_rng(0)
        root = np.sqrt(self.information)
        pulled = np.stack(
            [self.pairs.incidence.T @ (root * rng.normal(size=len(root))) for _ in range(draws)],
            axis=1,
        )
        return self.solve(pulled + np.sqrt(self.prior) * rng.normal(size=pulled.shape))


def precision_of(pairs: Pairs, information: np.ndarray, prior: float) -> Precision:
    """Put together what comparisons and the prior say.

    Parameters
    ----------
    pairs
        The comparisons.
    information
        Fisher's information of each on its difference, shape (comparisons,).
    prior
        Precision of each strength before any comparison.
    """
    count = pairs.incidence.shape[1]
    said = pairs.incidence.T @ diags(information) @ pairs.incidence
    matrix = csr_matrix(said + diags(np.full(count, prior)))
    factor = cho_factor(matrix.toarray(), lower=True) if count <= MOST_DENSE else None
    return Precision(pairs, information, prior, matrix, factor)


def _conjugate_gradients(matrix: csr_matrix, wanted: np.ndarray) -> np.ndarray:
    """Solve for all right sides at once, each scaled by the diagonal."""
    inverse = 1 / matrix.diagonal()[:, None]
    found = np.zeros_like(wanted)
    left = wanted.copy()
    direction = inverse * left
    size = np.sum(left * direction, axis=0)
    enough = _TOLERANCE**2 * size
    for _ in range(_MOST_STEPS):
        if np.all(size <= enough):
            break
        turned = matrix @ direction
        along = np.sum(direction * turned, axis=0)
        step = np.divide(size, along, out=np.zeros_like(size), where=along > 0)
        found += step * direction
        left -= step * turned
        scaled = inverse * left
        after = np.sum(left * scaled, axis=0)
        direction *= np.divide(after, size, out=np.zeros_like(size), where=size > 0)
        direction += scaled
        size = after
    return found
