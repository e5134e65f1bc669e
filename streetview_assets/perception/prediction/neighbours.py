"""The neighbours' rule: an image's score is the weighted mean of those most alike that were rated.

The rule of percept-knn-model (Danish 2024) to the bit: cosines of float64 vectors of unit
length, the most alike first, of equals the one that comes later among the rated. It takes the
images in blocks, so that hundreds of thousands fit in memory.
"""

import numpy as np

from streetview_assets.perception.prediction.normalisation import (
    CancellingCosinesError,
    Normalisation,
    weights_of,
)
from streetview_assets.processes.threads import limit_threads
from streetview_assets.text.counted import counted

NUMBERS_AT_ONCE = 2**22
"""Cosines of a block of images with all rated ones: 34 MB."""


def predict_by_neighbours(
    test: np.ndarray,
    train: np.ndarray,
    scores: np.ndarray,
    k: int,
    normalisation: Normalisation = "softmax10**",
) -> np.ndarray:
    """Predict the scores of images from those of the most alike that were rated.

    Parameters
    ----------
    test
        Vectors of the images, (m, d), any float type and length.
    train
        Vectors of the images that were rated, (n, d); an image may be there more than once.
    scores
        Of these, (n,).
    k
        How many neighbours, at most n.
    normalisation
        How their cosines become weights.

    Returns
    -------
    numpy.ndarray
        Shape (m,), float64.

    Raises
    ------
    ValueError
        Where there are fewer than `k` rated images, or a number is not finite.
    CancellingCosinesError
        With `divbysum`, where cosines of an image and its neighbours cancel.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (len(train),) or not np.isfinite(scores).all():
        needing = counted(len(train), "rated image needs", "rated images need")
        raise ValueError(f"{needing} as many scores, all finite")
    places, cosines = neighbours_of(test, train, k)
    return predicted_from(places, cosines, scores, normalisation)


def predicted_from(
    places: np.ndarray, cosines: np.ndarray, scores: np.ndarray, normalisation: Normalisation
) -> np.ndarray:
    """Predict from neighbours that are known.

    Parameters
    ----------
    places, cosines
        As `neighbours_of` gives them, (m, k).
    scores
        Of the images that were rated, (n,).
    normalisation
        How cosines become weights.

    Returns
    -------
    numpy.ndarray
        Shape (m,).

    Raises
    ------
    CancellingCosinesError
        With `divbysum`, where cosines of an image and its neighbours cancel.
    """
    if not len(places):
        return np.empty(0)
    return np.asarray((scores[places] * weights_of(cosines, normalisation)).sum(axis=1))


def predicted_where_defined(
    places: np.ndarray, cosines: np.ndarray, scores: np.ndarray, normalisation: Normalisation
) -> np.ndarray:
    """Predict as `predicted_from` does, and NaN where the cosines of an image cancel.

    Parameters
    ----------
    places, cosines, scores, normalisation
        As `predicted_from` takes them.
    """
    try:
        return predicted_from(places, cosines, scores, normalisation)
    except CancellingCosinesError:
        if len(places) == 1:
            return np.full(1, np.nan)
        half = len(places) // 2
        parts = (slice(half), slice(half, None))
        return np.concatenate(
            [
                predicted_where_defined(places[some], cosines[some], scores, normalisation)
                for some in parts
            ]
        )


def neighbours_of(test: np.ndarray, train: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the rated images that are most alike to each image.

    Parameters
    ----------
    test
        Vectors of the images, (m, d), any float type and length.
    train
        Vectors of the images that were rated, (n, d). Equal ones are exactly as alike.
    k
        How many, at most n.

    Returns
    -------
    tuple of numpy.ndarray
        Their rows in `train` (m, k), int64, the most alike first and of equals the later row
        first; and their cosines (m, k), float64.

    Raises
    ------
    ValueError
        Where there are fewer than `k` rated images, or a number is not finite.
    """
    if not 1 <= k <= len(train):
        raise ValueError(
            f"{counted(k, 'neighbour')} cannot be had of {counted(len(train), 'rated image')}"
        )
    known, which = _distinct(_unit(train))
    places = np.empty((len(test), k), dtype=np.int64)
    cosines = np.empty((len(test), k))
    rows_at_once = max(1, NUMBERS_AT_ONCE // max(len(train), test.shape[1]))
    with limit_threads():
        for start in range(0, len(test), rows_at_once):
            here = slice(start, start + rows_at_once)
            alike = (_unit(test[here]) @ known.T)[:, which]
            places[here] = _most_alike(alike, k)
            cosines[here] = np.take_along_axis(alike, places[here], axis=1)
    return places, cosines


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Give vectors in float64 and of unit length; one of zeros stays as it is."""
    exact = np.asarray(vectors, dtype=np.float64)
    if not np.isfinite(exact).all():
        raise ValueError("vectors hold numbers that are not finite")
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(exact / np.where(lengths > 0, lengths, 1.0))


def _distinct(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take equal vectors once, and say which each was: a product rounds by the place of a row."""
    first: dict[bytes, int] = {}
    which = np.array([first.setdefault(row.tobytes(), len(first)) for row in vectors + 0.0])
    _, rows = np.unique(which, return_index=True)
    return vectors[rows], which


def _most_alike(alike: np.ndarray, k: int) -> np.ndarray:
    """Find the columns of the k largest numbers of each row, of equals the last; shape (m, k)."""
    last = alike.shape[1] - 1
    turned = alike[:, ::-1]
    found = np.argpartition(-turned, k - 1, axis=1)[:, :k] if k <= last else _all_columns(turned)
    least = np.take_along_axis(turned, found, axis=1).min(axis=1)
    # Of more that are equal to the least than there is room for, a partition takes any.
    for row in np.flatnonzero((turned >= least[:, None]).sum(axis=1) > k):
        above = np.flatnonzero(turned[row] > least[row])
        equal = np.flatnonzero(turned[row] == least[row])
        found[row] = np.concatenate([above, equal[: k - len(above)]])
    found.sort(axis=1)
    order = np.argsort(-np.take_along_axis(turned, found, axis=1), axis=1, kind="stable")
    return np.asarray(last - np.take_along_axis(found, order, axis=1))


def _all_columns(alike: np.ndarray) -> np.ndarray:
    return np.tile(np.arange(alike.shape[1]), (len(alike), 1))
