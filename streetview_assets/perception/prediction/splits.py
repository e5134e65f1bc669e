"""The published split of rated images: the first share of the file's order, or shuffled.

As percept-knn-model (Danish 2024) splits, to the bit. What was rated more than once may be on both
sides of it: it is for comparison with what was published, and told as such.
"""

from random import Random

import numpy as np

from streetview_assets.text.counted import counted

BINS = (1, 2, 3, 4, 5)
"""Whole parts of scores that a stratified split keeps apart; others follow, each by itself."""


def published_split(
    scores: np.ndarray,
    share: float,
    *,
    shuffler: Random | None = None,
    stratified: bool = False,
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Split rated images in the order that they come in.

    Parameters
    ----------
    scores
        Of the images, (n,), finite.
    share
        Of the images that are learned from, between 0 and 1; their number is rounded down.
    shuffler
        Shuffles the images first. One runs on over all qualities, as the published program has it.
    stratified
        Whether each whole part of the scores is split by itself.

    Returns
    -------
    tuple
        Rows to learn from, rows to test, int64; and of each bin (of all where it is not stratified)
        how many of each: those of `BINS`, and then those of any other whole part that is there.

    Raises
    ------
    ValueError
        Where the share leaves nothing to learn from, or nothing to test.
    """
    if not np.isfinite(scores).all():
        raise ValueError("an image without a score is on no side of a split")
    bins = _bins(scores) if stratified else [np.arange(len(scores))]
    if shuffler:
        for rows in bins:
            shuffler.shuffle(rows)  # type: ignore[arg-type]
    sizes = [int(len(rows) * share) for rows in bins]
    train = np.concatenate([rows[:size] for rows, size in zip(bins, sizes, strict=True)])
    test = np.concatenate([rows[size:] for rows, size in zip(bins, sizes, strict=True)])
    if not (len(train) and len(test)):
        raise ValueError(
            f"a share of {share:g} of {counted(len(scores), 'rated image')} leaves {len(train)} "
            f"to learn from and {len(test)} to test"
        )
    return train, test, [(size, len(rows) - size) for rows, size in zip(bins, sizes, strict=True)]


def _bins(scores: np.ndarray) -> list[np.ndarray]:
    whole = np.trunc(scores).astype(np.int64)
    others = sorted(set(whole.tolist()) - set(BINS))
    return [np.flatnonzero(whole == part) for part in (*BINS, *others)]
