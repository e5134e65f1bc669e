"""Two vectors of an image, one of its pixels and one of its surroundings, made one."""

from typing import Literal, get_args

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.text.counted import counted

Combination = Literal["append", "average", "slerp"]
METHODS: tuple[Combination, ...] = get_args(Combination)

SAME = (
    "average and slerp give the same neighbours and scores: half-way between two vectors of unit "
    "length lies their average, but for its length, which a cosine does not see"
)
"""What is told wherever one of the two is used."""


def combined(images: np.ndarray, texts: np.ndarray, method: Combination) -> np.ndarray:
    """Join the vectors of images with those of texts about them.

    Parameters
    ----------
    images
        (n, d), of any length but zero.
    texts
        (n, e), of any length but zero; e is d unless they are appended.
    method
        `append`: one behind the other; the cosine of two is then the mean of their cosines.
        `average`: the mean of the two. `slerp`: half-way between the two on the sphere, which is
        the mean at unit length.

    Returns
    -------
    numpy.ndarray
        (n, d + e) of `append`, else (n, d); float64, of unit length with `slerp` alone.

    Raises
    ------
    StudyError
        Where vectors that are to be averaged are not equally long, or opposite to each other.
    """
    one, other = _unit(images), _unit(texts)
    if method == "append":
        return np.concatenate([one, other], axis=1)
    if one.shape != other.shape:
        raise StudyError(
            f"{method}: vectors of images have {counted(one.shape[1], 'number')}, those of texts "
            f"{other.shape[1]}; give both of one model, or append them"
        )
    mean = (one + other) / 2
    lengths = np.linalg.norm(mean, axis=1, keepdims=True)
    if (lengths < 1e-9).any():
        row = int(np.argmin(lengths))
        raise StudyError(
            f"{method}: the vector of image {row + 1} and that of its text are opposite to each "
            "other, so that nothing lies between them; append them"
        )
    return mean if method == "average" else np.asarray(mean / lengths)


def _unit(vectors: np.ndarray) -> np.ndarray:
    exact = np.asarray(vectors, dtype=np.float64)
    return np.asarray(exact / np.linalg.norm(exact, axis=1, keepdims=True))
