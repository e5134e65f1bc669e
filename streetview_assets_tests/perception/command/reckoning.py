"""The published rule reckoned row by row, from its formulas, with nothing of the package."""

import math
import random
from collections.abc import Sequence

import numpy as np


def weights(cosines: Sequence[float], normalisation: str) -> list[float]:
    def softmax(values: Sequence[float]) -> list[float]:
        raised = [math.exp(value) for value in values]
        return [value / math.fsum(raised) for value in raised]

    if normalisation == "softmax10**":
        return softmax([10**cosine for cosine in cosines])
    if normalisation == "softmax":
        return softmax(cosines)
    if normalisation == "softmax**8":
        return softmax([cosine**8 for cosine in cosines])
    if normalisation == "fixed":
        return softmax(range(len(cosines) - 1, -1, -1))
    return [cosine / math.fsum(cosines) for cosine in cosines]


def split(
    scores: Sequence[float], share: float, shuffler: random.Random | None, *, stratified: bool
) -> tuple[list[int], list[int], str, str]:
    rows = list(range(len(scores)))
    bins = [[row for row in rows if int(scores[row]) == part] for part in range(1, 6)]
    bins = bins if stratified else [rows]
    for one in bins:
        if shuffler:
            shuffler.shuffle(one)
    cuts = [math.floor(len(one) * share) for one in bins]
    train = [row for one, cut in zip(bins, cuts, strict=True) for row in one[:cut]]
    test = [row for one, cut in zip(bins, cuts, strict=True) for row in one[cut:]]
    rest = [len(one) - cut for one, cut in zip(bins, cuts, strict=True)]
    return train, test, "+".join(map(str, cuts)), "+".join(map(str, rest))


def score(
    vectors: np.ndarray,
    scores: Sequence[float],
    train: Sequence[int],
    test: Sequence[int],
    k: int,
    normalisation: str,
) -> tuple[float, float]:
    """Mean squared error and R² of the rows to test."""
    unit = np.array([row / math.sqrt(math.fsum(row * row)) for row in vectors.astype(float)])
    errors = []
    for row in test:
        # Equal vectors are equally alike, whatever the rounding of a product.
        cosines = (unit[train] @ unit[row]).round(14).tolist()
        alike = [(cosine, place) for place, cosine in enumerate(cosines)]
        nearest = sorted(alike, reverse=True)[:k]
        shares = weights([cosine for cosine, _ in nearest], normalisation)
        guess = math.fsum(w * scores[train[at]] for w, (_, at) in zip(shares, nearest, strict=True))
        errors.append(scores[row] - guess)
    held = [scores[row] for row in test]
    mean = math.fsum(held) / len(held)
    unexplained = math.fsum(error**2 for error in errors)
    return unexplained / len(held), 1 - unexplained / math.fsum((one - mean) ** 2 for one in held)
