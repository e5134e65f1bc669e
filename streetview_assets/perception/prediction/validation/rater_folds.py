"""Raters held out: their ratings, predicted from what other people say of other images."""

from dataclasses import replace

import numpy as np
import polars as pl

from streetview_assets.models.data.splits import (
    TooFewGroupsError,
    group_folds,
    random_folds,
    seed_of,
)
from streetview_assets.perception.prediction.predictors import Predictions, predict
from streetview_assets.perception.prediction.rated import RatedImages
from streetview_assets.perception.prediction.validation.folds import (
    LEAST_RATED,
    LEAST_TO_LEARN_FROM,
)
from streetview_assets.study.perception import Perception
from streetview_assets.text.counted import counted

FOLDS = 5
LEAST_RATERS = 10


def raters_held_out(
    rated: RatedImages, ratings: pl.DataFrame, settings: Perception, seed: int
) -> tuple[RatedImages, Predictions]:
    """Predict what held-out people say of held-out images.

    Raters and what was rated are dealt out to as many folds. What raters of a fold say of what is
    in it is predicted by models of what the others say of the rest: neither a rater nor an image
    is ever on both sides.

    Parameters
    ----------
    rated
        The images.
    ratings
        Rows of `ratings` of this quality: `image_id`, `rater_id` and `value`; those whose rater is
        not known are left out, since anybody may have given them.
    settings
        The part `perception` of the study.
    seed
        Of the folds.

    Returns
    -------
    tuple
        The images that raters of their fold rated, with the means of those ratings as scores; and
        predictions of these, by model.

    Raises
    ------
    TooFewGroupsError
        Where there are too few raters, or too few of their ratings; the text says why.
    """
    cells = _cells(rated, ratings)
    names, rater = np.unique(cells["rater_id"].to_numpy().astype(str), return_inverse=True)
    if len(names) < LEAST_RATERS:
        raise TooFewGroupsError(
            f"{counted(len(names), 'rater is', 'raters are')} known, at least {LEAST_RATERS} needed"
        )
    units, member = np.unique(rated.units, return_inverse=True)
    fold = random_folds(units.tolist(), FOLDS, seed_of(seed, "images"))[member]
    rater_fold = group_folds(rater, FOLDS, seed_of(seed, "raters"))
    parts, made = [], []
    for number in range(1, FOLDS + 1):
        theirs = rater_fold == number
        test = _rated_by(rated, cells.filter(theirs), fold == number)
        train = _rated_by(rated, cells.filter(~theirs), fold != number)
        if len(test) and len(train) >= LEAST_TO_LEARN_FROM:
            parts.append(test)
            made.append(predict(train, test, settings))
    if sum(map(len, parts)) < LEAST_RATED:
        raise TooFewGroupsError(
            f"raters of a fold rated {sum(map(len, parts))} of its images, at least {LEAST_RATED} "
            "needed"
        )
    return _together(parts), {
        model: np.concatenate([one[model] for one in made])
        for model in made[0]
        if all(model in one for one in made)
    }


def _cells(rated: RatedImages, ratings: pl.DataFrame) -> pl.DataFrame:
    rows = pl.DataFrame({"image_id": rated.image_ids, "row": np.arange(len(rated))})
    known = ratings.drop_nulls(["image_id", "rater_id", "value"])
    return known.join(rows, on="image_id").sort("row", "rater_id", "value")


def _rated_by(rated: RatedImages, cells: pl.DataFrame, is_in: np.ndarray) -> RatedImages:
    """Take images of a fold that these ratings are of, with the means of them as scores."""
    total = np.zeros((2, len(rated)))
    np.add.at(total[0], cells["row"].to_numpy(), cells["value"].to_numpy())
    np.add.at(total[1], cells["row"].to_numpy(), 1)
    there = is_in & (total[1] > 0)
    counts = total[1][there].astype(np.int64)
    return replace(rated.take(there), scores=total[0][there] / counts, rating_counts=counts)


def _together(parts: list[RatedImages]) -> RatedImages:
    names = vars(parts[0])
    return RatedImages(
        **{name: np.concatenate([vars(one)[name] for one in parts]) for name in names}
    )
