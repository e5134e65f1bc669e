"""Ridge on the vectors of images: which kernel and which penalty, each unit left out says.

Leaving out has a closed form (Allen 1974, Technometrics 16: 125-127), for several rows at once too
(Cook and Weisberg 1982, Residuals and Influence in Regression, 2.2), so that images which stand for
the same unit never help to choose how one of them is predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.linalg import eigh

from streetview_assets.processes.threads import limit_threads
from streetview_assets.text.counted import counted

Kernel = Literal["standardised", "unit", "gaussian"]
"""Products of standardised numbers, of vectors of unit length; or how near those lie."""
KERNELS: tuple[Kernel, ...] = get_args(Kernel)

PENALTIES = np.logspace(-4, 4, 33)
"""In means of a kernel's diagonal: what half of the variance of an image is worth."""
MOST_FOR_NEARNESS = 2_500
"""Above so many rated images no matrix of all pairs is taken: kernels are the linear ones."""
_PAIRS_AT_ONCE = 2**22
_LEAST_OWN = 1e-9


@dataclass(frozen=True)
class RidgeFit:
    """What predicts scores.

    Attributes
    ----------
    kernel, penalty
        Those that were chosen.
    left_out_mse
        The mean squared error of units left out, by which they were.
    centre, scale
        Of each number of a vector that enters the kernel, (d,).
    known
        Vectors that it was fitted to (n, d), scaled; the one row of weights of a linear kernel.
    weights
        Of these, (n,).
    width
        The squared distance at which nearness falls to 1 / e; nothing of a linear kernel.
    offset
        What is added.
    """

    kernel: Kernel
    penalty: float
    left_out_mse: float
    centre: np.ndarray
    scale: np.ndarray
    known: np.ndarray
    weights: np.ndarray
    width: float
    offset: float

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """Predict scores, shape (m,).

        Parameters
        ----------
        vectors
            Of images, (m, d), any float type.
        """
        at_once = max(1, _PAIRS_AT_ONCE // max(self.known.shape))
        parts = [np.empty(0)]
        with limit_threads():
            for start in range(0, len(vectors), at_once):
                inputs = _inputs(vectors[start : start + at_once], self.kernel)
                inputs = (inputs - self.centre) / self.scale
                alike = _nearness(inputs, self.known, self.width)
                parts.append(alike @ self.weights + self.offset)
        return np.concatenate(parts)


@dataclass(frozen=True)
class Decomposition:
    """Vectors of rated images as a kernel sees them: all of a fit that no score takes part in.

    Attributes
    ----------
    kernel
        Which.
    centre, scale
        Of each number of a vector, (d,).
    inputs
        The vectors, scaled, (n, d).
    own
        Of the Gaussian kernel, the mean of each image with all, (n,); else zeros.
    width
        Of the Gaussian kernel; else 0.
    values, vectors
        Eigenvalues and eigenvectors of the smaller side.
    basis
        (n, r): a fit is a weighted sum of its columns.
    is_tall
        Whether the smaller side is that of the numbers.
    """

    kernel: Kernel
    centre: np.ndarray
    scale: np.ndarray
    inputs: np.ndarray
    own: np.ndarray
    width: float
    values: np.ndarray
    vectors: np.ndarray
    basis: np.ndarray
    is_tall: bool


def decompose(vectors: np.ndarray, kernels: Sequence[Kernel] = KERNELS) -> list[Decomposition]:
    """Decompose vectors by each kernel, for fits of one score or of many.

    Parameters
    ----------
    vectors
        Of the rated images, (n, d), any float type.
    kernels
        Those to choose from; `gaussian` only of as many images as `MOST_FOR_NEARNESS`.
    """
    some = [one for one in kernels if one != "gaussian" or len(vectors) <= MOST_FOR_NEARNESS]
    with limit_threads():
        return [_decomposed(vectors, kernel) for kernel in some]


def fit_ridge(
    decompositions: Sequence[Decomposition], scores: np.ndarray, units: np.ndarray
) -> RidgeFit:
    """Fit ridge, with the kernel and penalty of the least error of units left out.

    Parameters
    ----------
    decompositions
        Of the vectors of the rated images, of each kernel to choose from.
    scores
        Of these, (n,); n at least 3.
    units
        What was rated, (n,): images of one are left out together.

    Raises
    ------
    ValueError
        With fewer than three images.
    """
    return fit_ridges(decompositions, np.asarray(scores)[:, None], units)[0]


def fit_ridges(
    decompositions: Sequence[Decomposition], scores: np.ndarray, units: np.ndarray
) -> list[RidgeFit]:
    """Fit ridge to several scores of the same images, each with its own kernel and penalty.

    Parameters
    ----------
    decompositions, units
        As of `fit_ridge`.
    scores
        (n, scores).

    Raises
    ------
    ValueError
        With fewer than three images.
    """
    if len(scores) < 3:
        raise ValueError(f"{counted(len(scores), 'rated image')}, at least 3 needed for ridge")
    groups = _groups(units)
    with limit_threads():
        by_kernel = [_fitted(one, scores, groups) for one in decompositions]
    return [min(fits, key=lambda fit: fit.left_out_mse) for fits in zip(*by_kernel, strict=True)]


def _decomposed(vectors: np.ndarray, kernel: Kernel) -> Decomposition:
    inputs = _inputs(vectors, kernel)
    centre, scale = inputs.mean(axis=0), np.ones(inputs.shape[1])
    if kernel == "standardised":
        spread = inputs.std(axis=0)
        scale = np.where(spread > 1e-9 * max(float(spread.max()), 1e-300), spread, 1.0)
    inputs = (inputs - centre) / scale
    own, width = np.zeros(len(inputs)), 0.0
    is_tall = kernel != "gaussian" and len(inputs) > inputs.shape[1]
    if kernel == "gaussian":
        apart = _apart(inputs, inputs)
        width = float(np.median(apart[np.triu_indices(len(inputs), 1)])) or 1.0
        alike = np.exp(-apart / width)
        own = alike.mean(axis=0)
        side = alike - own - own[:, None] + own.mean()
    else:
        side = inputs.T @ inputs if is_tall else inputs @ inputs.T
    values, found = eigh(side, overwrite_a=True, check_finite=False, driver="evd")
    basis = inputs @ found if is_tall else found
    return Decomposition(
        kernel, centre, scale, inputs, own, width, np.maximum(values, 0.0), found, basis, is_tall
    )


def _fitted(one: Decomposition, scores: np.ndarray, groups: list[np.ndarray]) -> list[RidgeFit]:
    """Fit each column of scores by one kernel."""
    penalties = PENALTIES * max(float(one.values.sum()) / len(scores), 1e-300)
    shares = (1.0 if one.is_tall else one.values) / (one.values + penalties[:, None])
    errors = _left_out_mse(one.basis, shares, scores - scores.mean(axis=0), groups)
    fits = []
    for said, error in zip(scores.T, errors.T, strict=True):
        best = int(np.argmin(error))
        fits.append(_weighted(one, said, best, float(penalties[best]), float(error[best])))
    return fits


def _weighted(
    one: Decomposition, scores: np.ndarray, best: int, penalty: float, error: float
) -> RidgeFit:
    """Fit weights: of numbers by a linear kernel, of images by the Gaussian one."""
    mean = float(scores.mean())
    along = one.basis.T @ (scores - mean) / (one.values + penalty)
    weights, offset, known = one.vectors @ along, mean, one.inputs
    if one.width:
        weights -= weights.mean()
        offset -= float(one.own @ weights)
    else:
        known = (weights if one.is_tall else one.inputs.T @ weights)[None]
        weights = np.ones(1)
    return RidgeFit(
        one.kernel,
        float(PENALTIES[best]),
        error,
        one.centre,
        one.scale,
        known,
        weights,
        one.width,
        offset,
    )


def _left_out_mse(
    basis: np.ndarray, shares: np.ndarray, centred: np.ndarray, groups: list[np.ndarray]
) -> np.ndarray:
    """Give the mean squared error of units left out, (penalties, scores).

    Parameters
    ----------
    basis
        (n, r): a fit is `basis * share @ basis.T` times the centred scores.
    shares
        Of each penalty, (penalties, r).
    centred
        Scores without their means, (n, scores).
    groups
        Rows of units that several images stand for.
    """
    count = len(centred)
    # (n, penalties, scores)
    left = np.stack(
        [said[:, None] - basis @ ((basis.T @ said) * shares).T for said in centred.T], -1
    )
    own = 1 - 1 / count - basis**2 @ shares.T
    squares = (left / np.maximum(own, _LEAST_OWN)[..., None]) ** 2
    for rows in groups:
        even = np.eye(rows.shape[1]) * (1 + _LEAST_OWN) - 1 / count
        at_once = max(1, _PAIRS_AT_ONCE // (rows.shape[1] ** 2 * basis.shape[1]))
        for some in np.split(rows, range(at_once, len(rows), at_once)):
            among = even - _products(basis[some], shares)
            missed = left[some].transpose(0, 2, 1, 3)
            squares[some] = np.linalg.solve(among, missed).transpose(0, 2, 1, 3) ** 2
    return np.asarray(squares.mean(axis=0))


def _products(some: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Multiply the images of each unit with each other, (units, penalties, images, images)."""
    pairs = some[:, :, None] * some[:, None]
    return np.moveaxis(pairs @ shares.T, -1, 1)


def _groups(units: np.ndarray) -> list[np.ndarray]:
    """Give the rows of units that several images stand for: (units, images) of each number."""
    _, member, sizes = np.unique(units, return_inverse=True, return_counts=True)
    order = np.argsort(member, kind="stable")
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return [
        np.stack([rows for rows in parts if len(rows) == size])
        for size in np.unique(sizes)
        if size > 1
    ]


def _inputs(vectors: np.ndarray, kernel: Kernel) -> np.ndarray:
    exact = np.asarray(vectors, dtype=np.float64)
    if kernel == "standardised":
        return exact
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(exact / np.where(lengths > 0, lengths, 1.0))


def _nearness(inputs: np.ndarray, known: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-_apart(inputs, known) / width) if width else inputs @ known.T


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give squared distances, (n, m)."""
    lengths = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2 * one @ other.T, 0.0))
