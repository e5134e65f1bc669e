"""k-means from given centres on many points: Lloyd's passes, slice by slice on all cores."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from streetview_assets.processes.threads import side_by_side

SLICE = 8192
"""Points at once. What they add to the sums is added in their order, however many cores there are:
the sums come out the same each time."""

MOST_PASSES, TOLERANCE = 300, 1e-4
"""As in scikit-learn: it is over when the squares by which all centres moved add up to less than
this share of the mean variance of a column."""


def lloyd(
    points: np.ndarray, centres: np.ndarray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], float]:
    """Move centres until no point changes its cluster, or they hardly move.

    Parameters
    ----------
    points
        (n, d).
    centres
        Where to begin, (k, d). One that loses all of its points stays where it is.

    Returns
    -------
    tuple
        Labels (n,) from 0, centres (k, d), inertia (sum of squared distances).

    Notes
    -----
    Lloyd (1982), "Least squares quantization in PCM".
    """
    labels = np.full(len(points), -1)
    # About their mean: beside a large one, distances would be lost in single precision.
    mean, squares = _spread(points)
    sums, centres = np.zeros(centres.shape), centres - mean
    origin = mean.astype(points.dtype)
    for _ in range(MOST_PASSES):
        before = labels.copy()
        gained, _ = _assign(points, origin, centres, labels)
        if (labels == before).all():
            break
        sums += gained
        sizes = np.bincount(labels, minlength=len(centres))[:, None]
        moved = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres)
        is_over = float(np.square(moved - centres).sum()) <= TOLERANCE * squares / points.size
        centres = moved
        if is_over:
            break
    _, nearness = _assign(points, origin, centres, labels)
    return labels, centres + mean, squares - 2 * nearness


def _assign(
    points: np.ndarray, origin: np.ndarray, centres: np.ndarray, labels: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], float]:
    """Give each point the label of the nearest centre, both told from the origin.

    Returns
    -------
    tuple
        What each cluster gains over the labels before: the sum of the points that came, less that
        of those that left; and the sum of each point's product with its centre, less half of the
        centre's square, which is the greater the nearer they are.
    """
    centre = centres.astype(points.dtype)
    half_square = np.square(centre).sum(axis=1, keepdims=True) / 2
    kinds = np.arange(len(centres))[:, None]

    def assign(rows: slice) -> tuple[np.ndarray, float]:
        here = points[rows] - origin
        near = centre @ here.T - half_square
        found, before = near.argmax(axis=0), labels[rows].copy()
        labels[rows] = found
        other = np.flatnonzero(found != before)
        change = (found[other] == kinds).astype(points.dtype) - (before[other] == kinds)
        return change @ here[other], float(near.max(axis=0).sum(dtype=np.float64))

    gained, nearness = np.zeros(centres.shape), 0.0
    for gain, near in side_by_side(assign, list(_slices(len(points)))):
        gained += gain
        nearness += near
    return gained, nearness


def _spread(points: np.ndarray) -> tuple[npt.NDArray[np.float64], float]:
    """Give the mean of the points, and the sum of their squared distances from it."""
    sums, squares = np.zeros(points.shape[1]), 0.0
    for rows in _slices(len(points)):
        sums += points[rows].sum(axis=0, dtype=np.float64)
    mean = sums / len(points)
    for rows in _slices(len(points)):
        away = points[rows] - mean.astype(points.dtype)
        squares += float(np.vdot(away, away))
    return mean, squares


def _slices(count: int) -> Iterator[slice]:
    return (slice(start, start + SLICE) for start in range(0, count, SLICE))
