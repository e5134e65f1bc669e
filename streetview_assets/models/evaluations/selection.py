"""Which model tells most of the target from the look of an area, and how sure that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError
from streetview_assets.models.metrics.morans_i import neighbour_weights
from streetview_assets.models.results.deals import averaged
from streetview_assets.models.results.rows import Row, scores_frame
from streetview_assets.models.results.validation_facts import (
    TO_PREDICT,
    held_out_distances,
    validation_facts,
)
from streetview_assets.models.results.validation_rows import (
    no_score,
    predictions_frame,
    repeat_rows,
    score_rows,
)
from streetview_assets.models.scoring import POOLED, Scoring
from streetview_assets.models.validation.competitors import Competitors, competitors_for
from streetview_assets.models.validation.nested_cv import OutOfFold, cross_validate
from streetview_assets.models.validation.plan import planned, ranges_of
from streetview_assets.models.validation.task import distances_to_predict
from streetview_assets.models.validation.tuned_models import LEAST_AREAS, TUNED
from streetview_assets.processes.on_progress import OnProgress, counter, untold
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import VALIDATIONS, Validation, strict_first

BLOCKS: Validation = "blocks"


@dataclass(frozen=True)
class Selection:
    """The result of a selection.

    Attributes
    ----------
    scores
        Rows of the table `model_scores`.
    predictions
        Rows of the table `predictions`: out of fold.
    validations
        Rows of the table `validations`.
    distances
        Validation to the distances of held-out areas to the nearest learned from, metres; and
        under `TO_PREDICT` those of what is to be predicted to the nearest sampled area.
    trials
        Every trial, for tracking: validation, fold, model, number, error on the inner folds,
        parameters.
    note
        Why there is no model, or None.
    """

    scores: pl.DataFrame
    predictions: pl.DataFrame
    validations: pl.DataFrame = field(default_factory=lambda: TABLES["validations"].frame())
    distances: dict[str, np.ndarray] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)
    note: str | None = None


def too_few(area_count: int) -> str | None:
    """Say that there are too few areas for a model, where there are."""
    if area_count >= LEAST_AREAS:
        return None
    return f"too few areas: {area_count}, at least {LEAST_AREAS} needed"


def why_no_model(data: AreaDataset, competing: Competitors) -> str | None:
    """Say why there is no model of these areas: too few of them, or no candidate competes.

    Parameters
    ----------
    data
        All areas.
    competing
        Who competes on them.
    """
    return too_few(len(data)) or no_candidate(competing)


def no_candidate(competing: Competitors) -> str | None:
    """Say why no candidate competes, where none does."""
    if competing.candidates:
        return None
    return "; ".join(f"{name} {why}" for name, why in competing.left_out.items())


def select_models(
    data: AreaDataset, scoring: Scoring, on_progress: OnProgress = untold
) -> Selection:
    """Validate every candidate and baseline at random, by distance, by blocks, on one hold-out.

    The headline is the model `tuned` under the validation that answers to the study's task:
    inside each fold every candidate is tuned and the best of them is taken, so that its score
    pays for the choice.

    Parameters
    ----------
    data
        Areas with imagery and a value, in any order.
    scoring
        How they are scored. A budget in seconds is dealt out evenly over all tunings.
    on_progress
        Called with tunings done and in total.

    Returns
    -------
    Selection
        With fewer than ten areas no model, and one row of scores that says so.
    """
    data = data.by_area_code()
    competing = competitors_for(data, scoring.settings)
    note = why_no_model(data, competing)
    if note:
        row = no_score(scoring, BLOCKS, len(data), note)
        return Selection(scores_frame([row]), TABLES["predictions"].frame(), note=note)
    ranges = ranges_of(data, scoring.settings, scoring.seed)
    scoring = planned(data, scoring, ranges)
    total = tuning_count(scoring.settings)
    splits, refused = _validate(competing, data, scoring, counter(total, on_progress))
    rows = _rows(scoring, data, splits)
    on_progress(total, total)
    return Selection(
        scores=scores_frame(refused + rows),
        predictions=predictions_frame(scoring, splits),
        validations=validation_facts(
            data, scoring, ranges, splits, {row["validation"]: row["note"] for row in refused}
        ),
        distances={
            **held_out_distances(data, splits, scoring.seed),
            TO_PREDICT: distances_to_predict(data, scoring.settings.task).distance_m,
        },
        trials=[trial for split in splits for trial in split.trials],
    )


def validated_rows(
    competing: Competitors,
    data: AreaDataset,
    scoring: Scoring,
    validation: Validation,
    *,
    timeout_s: float | None = None,
    on_fold: Callable[[], None] | None = None,
) -> list[Row]:
    """Score models under one validation; one row that says why, where the areas do not allow it.

    Parameters
    ----------
    competing
        Who competes on these areas, at least one candidate among them.
    data
        Rows sorted by area.
    scoring
        How they are scored.
    validation
        How areas are held out.
    timeout_s
        For all folds together.
    on_fold
        Called after each fold.
    """
    try:
        split = cross_validate(
            competing, data, scoring.settings, validation, scoring.seed,
            timeout_s=timeout_s, on_fold=on_fold,
        )  # fmt: skip
    except TooFewGroupsError as error:
        return [no_score(scoring, validation, len(data), f"no score: {error}")]
    return score_rows(scoring, split, neighbour_weights(split.areas.geometry))


def headline(scores: pl.DataFrame, metric: str = "r2") -> dict[str, Any] | None:
    """Give the pooled score of the model `tuned` under the validation that counts.

    Parameters
    ----------
    scores
        The table `model_scores`.
    metric
        Name of the metric.

    Returns
    -------
    dict or None
        The row under authorities held out (in a table of held-out scores), under distances
        matched to the study's task, or under blocks; its value is None where the score is not
        defined. None without such a row.
    """
    found = scores.filter(**POOLED, model=TUNED, metric=metric)
    strict = [name for name in strict_first(found["validation"]) if VALIDATIONS[name].is_spatial]
    return found.row(by_predicate=pl.col("validation") == strict[0], named=True) if strict else None


def _validate(
    competing: Competitors, data: AreaDataset, scoring: Scoring, on_fold: Callable[[], None]
) -> tuple[list[OutOfFold], list[Row]]:
    """Split by each validation; a row for each that these areas do not allow."""
    splits: list[OutOfFold] = []
    refused: list[Row] = []
    settings = scoring.settings
    for validation, repeat in _splits(settings):
        tunings = 1 if validation == "holdout" else settings.folds
        try:
            split = cross_validate(
                competing, data, settings, validation, scoring.seed,
                timeout_s=share_of_budget(settings, tunings), on_fold=on_fold, repeat=repeat,
            )  # fmt: skip
        except TooFewGroupsError as error:
            refused.append(no_score(scoring, validation, len(data), f"no score: {error}"))
        else:
            splits.append(split)
    return splits, refused


def _splits(settings: Models) -> list[tuple[Validation, int]]:
    """List the validations with their repeats: random folds and blocks may be drawn anew."""
    splits: list[tuple[Validation, int]] = [
        ("random", number) for number in range(1, settings.repeats + 1)
    ]
    splits.append(("knndm", 1))
    splits += [("blocks", number) for number in range(1, settings.deals + 1)]
    return splits if settings.holdout is None else [*splits, ("holdout", 1)]


def _rows(scoring: Scoring, data: AreaDataset, splits: Sequence[OutOfFold]) -> list[Row]:
    rows: list[Row] = []
    weights = neighbour_weights(data.geometry)
    for split in splits:
        if split.repeat == 1 and split.validation != "blocks":
            near = weights if split.areas is data else neighbour_weights(split.areas.geometry)
            rows += score_rows(scoring, split, near, data.observed)
    deals = [one for one in splits if one.validation == "blocks"]
    rows += averaged([score_rows(scoring, deal, weights, data.observed) for deal in deals])
    return rows + repeat_rows(scoring, [one for one in splits if one.validation == "random"])


def tuning_count(settings: Models) -> int:
    """Count the tunings of a selection."""
    return sum(1 if name == "holdout" else settings.folds for name, _ in _splits(settings))


def share_of_budget(settings: Models, tunings: int) -> float | None:
    """Give the seconds that so many tunings may take; None where there is no such budget."""
    if settings.timeout_s is None:
        return None
    return settings.timeout_s * tunings / (tuning_count(settings) + 1)
