"""The published split, of images: all ratings of an image are on the same side of it."""

from collections.abc import Sequence
from random import Random

import numpy as np

from streetview_assets.errors import StreetviewError
from streetview_assets.perception.prediction.splits import BINS, published_split
from streetview_assets.text.counted import counted

Split = tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]
"""Rows to learn from, rows to test, and how many there are of each in each bin."""


def split_images(
    images: np.ndarray,
    scores: np.ndarray,
    share: float,
    *,
    shuffler: Random | None = None,
    stratified: bool = False,
) -> Split:
    """Split scores by whose they are: as published where each image has one, else by its mean.

    Parameters
    ----------
    images
        (n,) whose score it is.
    scores
        (n,), finite.
    share
        Of the images that are learned from.
    shuffler
        Shuffles the images first; one runs on over all qualities.
    stratified
        Whether images are split by the whole part of their mean score, each by itself.

    Raises
    ------
    ValueError
        Where the share leaves nothing to learn from, or nothing to test.
    """
    rows_of: dict[str, list[int]] = {}
    for row, image in enumerate(images):
        rows_of.setdefault(image, []).append(row)
    each = [np.array(rows) for rows in rows_of.values()]
    means = np.array([scores[rows].mean() for rows in each])
    learned, tested, _ = published_split(means, share, shuffler=shuffler, stratified=stratified)
    sides = [np.concatenate([each[image] for image in side]) for side in (learned, tested)]
    if not stratified:
        return sides[0], sides[1], [(len(sides[0]), len(sides[1]))]
    whole = np.trunc(means).astype(np.int64)
    bins = [*BINS, *sorted(set(whole.tolist()) - set(BINS))]
    sizes = np.array([len(rows) for rows in each])
    in_bins = [
        tuple(int(sizes[side][whole[side] == part].sum()) for side in (learned, tested))
        for part in bins
    ]
    return sides[0], sides[1], in_bins  # type: ignore[return-value]


def shared_images(images: np.ndarray, split: Split) -> int:
    """Count the rows to test whose image is learned from as well.

    Parameters
    ----------
    images
        (n,) whose score it is.
    split
        Of them.
    """
    learned = set(images[split[0]].tolist())
    return sum(image in learned for image in images[split[1]].tolist())


def assert_whole(count: int, split: Split) -> None:
    """Hold a split against what every one must be.

    Parameters
    ----------
    count
        Scores that were split.
    split
        Of them.

    Raises
    ------
    StreetviewError
        Where a score is on both sides, on none, or the bins do not add up.
    """
    train, test, bins = split
    rows: Sequence[int] = np.concatenate([train, test]).tolist()
    of_bins = tuple(sum(side) for side in zip(*bins, strict=True))
    if sorted(rows) != list(range(count)) or of_bins != (len(train), len(test)):
        raise StreetviewError(
            f"extra assertions: {counted(count, 'score was', 'scores were')} split into "
            f"{len(train)} and {len(test)}, which is not each of them once"
        )
