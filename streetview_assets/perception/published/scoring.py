"""Scores of the neighbours' rule on one published split: a line for each quality and k."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from streetview_assets.metrics import REGRESSION, measure
from streetview_assets.perception.prediction.neighbours import neighbours_of, predicted_from
from streetview_assets.perception.prediction.normalisation import Normalisation
from streetview_assets.perception.prediction.splits import published_split
from streetview_assets.perception.published.image_split import (
    Split,
    assert_whole,
    shared_images,
    split_images,
)
from streetview_assets.perception.published.rated_images import RatedImages
from streetview_assets.text.counted import counted


@dataclass(frozen=True)
class Rule:
    """How scores are split, predicted and scored.

    Attributes
    ----------
    ks
        Numbers of neighbours.
    normalisation
        How cosines become weights.
    share
        Of the images that are learned from.
    stratified
        Whether each whole part of the scores is split by itself.
    by_rating
        Whether ratings are split and not images, as published: where an image has several, it is
        then on both sides.
    assertions
        Whether each split is held against what it must be.
    """

    ks: tuple[int, ...]
    normalisation: Normalisation = "softmax10**"
    share: float = 0.8
    stratified: bool = False
    by_rating: bool = False
    assertions: bool = False


@dataclass(frozen=True)
class Score:
    """What came of one quality and k.

    Attributes
    ----------
    quality, k
        Of what, by how many neighbours, as asked.
    train_count, test_count
        How many scores; of each bin where they are split by bins.
    mse, r2
        None where `reason` says why; r2 also where the scores to test are all the same.
    reason
        Why there is no score; empty where there is one.
    said
        What is to be known of it.
    """

    quality: str
    k: int
    train_count: str = ""
    test_count: str = ""
    mse: float | None = None
    r2: float | None = None
    reason: str = ""
    said: tuple[str, ...] = ()


def scores_of(
    rated: RatedImages, vectors: np.ndarray, rule: Rule, shuffler: Random | None
) -> Iterator[Score]:
    """Split the images of a quality, predict those to test, and score.

    Parameters
    ----------
    rated
        Images and scores.
    vectors
        (m, d), of which `rated.rows` are the images'.
    rule
        How.
    shuffler
        Shuffles before the split; one runs on over all qualities. None: no shuffling.

    Yields
    ------
    Score
        One a k.
    """
    try:
        split = _split(rated, rule, shuffler)
    except ValueError as error:
        yield from (Score(rated.quality, k, reason=str(error)) for k in rule.ks)
        return
    if rule.assertions:
        assert_whole(len(rated.scores), split)
    train, test, bins = split
    most = min(max(rule.ks), len(train))
    places, cosines = neighbours_of(vectors[rated.rows[test]], vectors[rated.rows[train]], most)
    learned, held = ("+".join(str(side) for side in sides) for sides in zip(*bins, strict=True))
    leak = _leak(rated, split) if rule.by_rating else ()
    for k in rule.ks:
        try:
            predicted = predicted_from(
                places[:, :k], cosines[:, :k], rated.scores[train], rule.normalisation
            )
        except ValueError as error:
            yield Score(rated.quality, k, reason=str(error))
            continue
        tested = rated.scores[test]
        said = leak + _said(k, len(train), tested)
        mse = float(np.mean((tested - predicted) ** 2))
        r2 = measure(tested, predicted, {"r2": REGRESSION["r2"]})["r2"]
        yield Score(rated.quality, k, learned, held, mse, r2, said=said)
        leak = ()


def _split(rated: RatedImages, rule: Rule, shuffler: Random | None) -> Split:
    if not len(rated.scores):
        raise ValueError("no image has a rating of it")
    if rule.by_rating:
        return published_split(
            rated.scores, rule.share, shuffler=shuffler, stratified=rule.stratified
        )
    return split_images(
        rated.images, rated.scores, rule.share, shuffler=shuffler, stratified=rule.stratified
    )


def _leak(rated: RatedImages, split: Split) -> tuple[str, ...]:
    count = shared_images(rated.images, split)
    if not count:
        return ()
    return (
        f"{rated.quality}: LEAK: {count:,} of {counted(len(split[1]), 'rating')} to test are of "
        "images that are learned from, so that these scores say nothing of new images",
    )


def _said(k: int, known: int, tested: np.ndarray) -> tuple[str, ...]:
    lines = []
    if k > known:
        lines.append(
            f"k = {k} is above the {counted(known, 'score')} to learn from: all of them are taken"
        )
    if measure(tested, tested, {"r2": REGRESSION["r2"]})["r2"] is None:
        lines.append("r2 is not defined: scores to test are all the same, or one alone")
    return tuple(lines)
