"""Every model under every validation: rows of scores, and predictions out of fold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.models.data.splits import TooFewGroupsError, seed_of
from streetview_assets.models.results.rows import Row
from streetview_assets.perception.prediction.intervals import (
    intervals_out_of_fold,
    least_alike,
    limits_of,
)
from streetview_assets.perception.prediction.predictors import CHOSEN, KNN, Predictions, predict
from streetview_assets.perception.prediction.rated import RatedImages, rated_images
from streetview_assets.perception.prediction.splits import published_split
from streetview_assets.perception.prediction.validation.folds import (
    MODES,
    Mode,
    block_side_km,
    folds_of,
)
from streetview_assets.perception.prediction.validation.out_of_fold import (
    nearest_of_other_folds,
    out_of_fold,
)
from streetview_assets.perception.prediction.validation.rater_folds import raters_held_out
from streetview_assets.perception.prediction.validation.scores import (
    Ceiling,
    Scored,
    interval_rows,
    score_rows,
)
from streetview_assets.study.perception import Perception
from streetview_assets.tables.registry import TABLES

EVERYBODY = "all"
PUBLISHED_SHARE = 0.8
PUBLISHED = "as published: the first 80 % by the images' names; what lies near is on both sides"


@dataclass(frozen=True)
class Plan:
    """How predictions are evaluated.

    Attributes
    ----------
    settings
        The part `perception` of the study.
    encoder, features
        The columns of that name.
    block_km
        Side of spatial blocks; None: as long as scores are alike.
    level
        Of intervals, 0 to 1.
    seed
        The study's.
    """

    settings: Perception
    encoder: str
    features: str
    block_km: float | None
    level: float
    seed: int


@dataclass(frozen=True)
class _Task:
    """What one group of people says of one quality."""

    scored: Scored
    rated: RatedImages
    limits: tuple[float, float]

    @property
    def is_of_everybody(self) -> bool:
        return self.scored.group_name == EVERYBODY


def evaluate(
    image_ratings: pl.DataFrame,
    ratings: pl.DataFrame,
    agreement: pl.DataFrame,
    known: pl.DataFrame,
    plan: Plan,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Evaluate every quality and group of people.

    Parameters
    ----------
    image_ratings, ratings, agreement
        The tables `image_ratings`, `ratings` and `rating_agreement`.
    known
        The table `rated_embeddings`.
    plan
        How.
    on_progress
        Told qualities and groups done, and of how many.

    Returns
    -------
    tuple of polars.DataFrame
        The tables `perception_scores` and `perception_predictions`.
    """
    tasks = [
        _task(rows, agreement, known, plan)
        for _, rows in image_ratings.sort("quality", "group_name").group_by(
            "quality", "group_name", maintain_order=True
        )
    ]
    rows: list[Row] = []
    predictions = [TABLES["perception_predictions"].frame()]
    done = 0
    for alike in _of_same_images(tasks):
        for mode in MODES:
            asked = alike if mode == "random" else [one for one in alike if one.is_of_everybody]
            for found, made in _held_out(asked, mode, plan):
                rows += found
                predictions.append(made)
        for task in alike:
            if task.is_of_everybody:
                said = ratings.filter(quality=task.scored.quality)
                rows += [*_by_rater(task, said, plan), *_published(task, said, plan)]
        done += len(alike)
        if on_progress:
            on_progress(done, len(tasks))
    table = TABLES["perception_scores"]
    told = pl.concat(predictions)
    return table.frame(rows).sort(table.key), told.sort("quality", "image_id", "validation")


def _task(rows: pl.DataFrame, agreement: pl.DataFrame, known: pl.DataFrame, plan: Plan) -> _Task:
    quality, group = rows["quality"][0], rows["group_name"][0]
    rated = rated_images(rows, known)
    ceiling = _ceiling(agreement.filter(quality=quality, group_name=group))
    seed = seed_of(plan.seed, "perception")
    scored = Scored(quality, group, plan.encoder, plan.features, plan.level, seed, ceiling)
    limits = limits_of(rated.scores, rows["method"][0]) if len(rated) else (0.0, 0.0)
    return _Task(scored, rated, limits)


def _of_same_images(tasks: list[_Task]) -> list[list[_Task]]:
    """Put together what was rated of the same images: they are split, and learned from, alike."""
    found: dict[tuple[bytes, bytes], list[_Task]] = {}
    for task in tasks:
        key = task.rated.image_ids.tobytes(), task.rated.units.tobytes()
        found.setdefault(key, []).append(task)
    return list(found.values())


def _held_out(
    alike: list[_Task], mode: Mode, plan: Plan
) -> Iterator[tuple[list[Row], pl.DataFrame]]:
    """Hold out folds of a mode: rows of scores, and of the model chosen the predictions."""
    if not alike:
        return
    seed = seed_of(plan.seed, "perception", mode)
    try:
        side_km = _block_km(alike, plan, seed) if mode == "blocks" else 0.0
        fold = folds_of(alike[0].rated, mode, side_km, seed)
    except TooFewGroupsError as error:
        rows = [one.scored.no_score(mode, str(error), len(one.rated)) for one in alike]
        yield rows, TABLES["perception_predictions"].frame()
        return
    rated, everything = [one.rated for one in alike], [one.is_of_everybody for one in alike]
    nearest = nearest_of_other_folds(rated[0], fold)
    note = f"blocks of {side_km:g} km" if side_km else None
    made = out_of_fold(rated, fold, plan.settings, everything)
    for task, predictions in zip(alike, made, strict=True):
        found, frame = _scored(task, predictions, fold, nearest, mode, note)
        yield [*found, *_too_many(task, predictions, mode, plan.settings)], frame


def _too_many(task: _Task, predictions: Predictions, mode: Mode, settings: Perception) -> list[Row]:
    """Say which numbers of neighbours a fold leaves too few rated images for."""
    if not task.is_of_everybody:
        return []
    why = "more neighbours than a fold leaves rated images to learn from"
    return [
        task.scored.no_score(mode, why, len(task.rated), model=KNN, k=k)
        for k in sorted(set(settings.k))
        if (KNN, k) not in predictions
    ]


def _block_km(alike: list[_Task], plan: Plan, seed: int) -> float:
    """Make blocks as long as the quality needs them that is alike the farthest."""
    return plan.block_km or max(block_side_km(one.rated, seed) for one in alike)


def _scored(
    task: _Task,
    predictions: Predictions,
    fold: np.ndarray,
    nearest: tuple[np.ndarray, np.ndarray],
    mode: Mode,
    note: str | None,
) -> tuple[list[Row], pl.DataFrame]:
    scored, rated = task.scored, task.rated
    groups = rated.authority_codes if mode == "authorities" else None
    rows = score_rows(scored, rated, predictions, mode, groups=groups, note=note)
    chosen = predictions[CHOSEN, 0]
    ends = intervals_out_of_fold(
        rated.scores, chosen, rated.rating_counts, fold, task.limits, scored.level
    )
    rows += interval_rows(scored, rated, ends, _unlike(nearest[1], fold), mode)
    table = TABLES["perception_predictions"]
    if not task.is_of_everybody:
        return rows, table.frame()
    columns = {
        "quality": scored.quality,
        "image_id": rated.image_ids,
        "encoder": scored.encoder,
        "validation": mode,
        "fold": fold,
        "score": rated.scores,
        "predicted": np.clip(chosen, *task.limits),
        "lower": ends[0],
        "upper": ends[1],
        "interval_level": scored.level,
        "rating_count": rated.rating_counts,
        "nearest_rated_id": rated.image_ids[nearest[0]],
        "nearest_cosine": nearest[1],
    }
    frame = pl.DataFrame(columns, nan_to_null=True).filter(fold > 0)
    return rows, frame.cast(table.schema)


def _unlike(cosine: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Say which images are unlike all of other folds, by what those are to each other."""
    found = np.full(len(fold), np.nan)
    for number in np.unique(fold[fold > 0]):
        mine = fold == number
        found[mine] = cosine[mine] < least_alike(cosine[(fold > 0) & ~mine])
    return found


def _by_rater(task: _Task, ratings: pl.DataFrame, plan: Plan) -> list[Row]:
    scored, rated = task.scored, task.rated
    try:
        seed = seed_of(scored.seed, "raters")
        test, made = raters_held_out(rated, ratings, plan.settings, seed)
    except TooFewGroupsError as error:
        return [scored.no_score("raters", str(error), len(rated))]
    return score_rows(scored, test, made, "raters", note="means of held-out raters")


def _published(task: _Task, ratings: pl.DataFrame, plan: Plan) -> list[Row]:
    """Split as was published, in the order of the images' names."""
    scored, rated = task.scored, task.rated
    named = ratings.drop_nulls("image_id").group_by("image_id").agg(pl.col("image_name").min())
    names = dict(named.iter_rows())
    name = np.array([names.get(one) or one for one in rated.image_ids.tolist()], dtype=str)
    ordered = rated.take(np.lexsort((rated.image_ids, name)))
    try:
        train, test, _ = published_split(ordered.scores, PUBLISHED_SHARE)
    except ValueError as error:
        return [scored.no_score("published", str(error), len(rated))]
    if len(train) < 3:
        return [scored.no_score("published", f"{len(train)} to learn from", len(rated))]
    held_out = ordered.take(test)
    made = predict(ordered.take(train), held_out, plan.settings)
    return score_rows(scored, held_out, made, "published", note=PUBLISHED)


def _ceiling(agreement: pl.DataFrame) -> Ceiling:
    """Read what R² people's own disagreement leaves."""
    told = agreement.filter(measure="ceiling_r2").to_dicts()
    if not told:
        return Ceiling()
    row = told[0]
    return Ceiling(row["value"], row["lower"], row["upper"], row["note"] or Ceiling.note)
