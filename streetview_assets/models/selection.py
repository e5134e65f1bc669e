"""Which model tells most of the target from the look of an area, and how sure that is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from streetview_assets.models.dataset import AreaDataset
from streetview_assets.models.folds import TooFewGroupsError, Validation
from streetview_assets.models.score_rows import (
    Labels,
    Row,
    cross_conformal,
    no_score,
    predictions_frame,
    score_rows,
    scores_frame,
)
from streetview_assets.models.spatial import neighbour_weights
from streetview_assets.models.validation import (
    LEAST_AREAS,
    TUNED,
    Competitors,
    OutOfFold,
    competitors_for,
    cross_validate,
)
from streetview_assets.study import Models
from streetview_assets.tables import TABLES

VALIDATIONS: tuple[Validation, ...] = ("random", "blocks")
HEADLINE: Validation = "blocks"


@dataclass(frozen=True)
class Selection:
    """The result of a selection.

    Attributes
    ----------
    scores
        Rows of the table `model_scores`.
    predictions
        Rows of the table `predictions`: out of fold.
    trials
        Every trial, for tracking: validation, fold, model, number, error on the inner folds,
        parameters.
    note
        Why there is no model, or None.
    """

    scores: pl.DataFrame
    predictions: pl.DataFrame
    trials: list[dict[str, Any]] = field(default_factory=list)
    note: str | None = None


def too_few(area_count: int) -> str | None:
    """Say that there are too few areas for a model, where there are."""
    if area_count >= LEAST_AREAS:
        return None
    return f"too few areas: {area_count}, at least {LEAST_AREAS} needed"


def no_candidate(competing: Competitors) -> str | None:
    """Say why no candidate competes, where none does."""
    if competing.candidates:
        return None
    return "; ".join(f"{name} {why}" for name, why in competing.left_out.items())


def select_models(
    data: AreaDataset,
    settings: Models,
    *,
    target: str,
    encoder: str,
    features: str,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Selection:
    """Validate every candidate and baseline at random and by blocks.

    The headline is the model `tuned` under validation `blocks`: inside each fold every candidate
    is tuned and the best of them is taken, so that its score pays for the choice.

    Parameters
    ----------
    data
        Areas with imagery and a value, in any order.
    settings
        The chapter `models` of the study file. A budget in seconds is dealt out evenly over all
        tunings.
    target, encoder, features
        What the rows are labelled with.
    on_progress
        Called with tunings done and in total.

    Returns
    -------
    Selection
        With fewer than ten areas no model, and one row of scores that says so.
    """
    labels = Labels(target, encoder, features, settings.interval_level)
    data = data.by_area_code()
    competing = competitors_for(data, settings)
    note = too_few(len(data)) or no_candidate(competing)
    if note:
        row = no_score(labels, HEADLINE, len(data), note)
        return Selection(scores_frame([row]), TABLES["predictions"].frame(), note=note)
    report = _Steps(len(VALIDATIONS) * settings.folds, on_progress)
    splits, refused = _validate(competing, data, settings, labels, seed, report)
    half_widths = {
        validation: cross_conformal(data, split, labels.interval_level)
        for validation, split in splits.items()
    }
    weights = neighbour_weights(data.geometry)
    rows = [
        row
        for validation, split in splits.items()
        for row in score_rows(labels, data, split, half_widths[validation], weights, seed)
    ]
    report.finish()
    return Selection(
        scores=scores_frame(refused + rows),
        predictions=predictions_frame(labels, data, splits.values(), half_widths),
        trials=[trial for split in splits.values() for trial in split.trials],
    )


def headline(scores: pl.DataFrame, metric: str = "r2") -> dict[str, Any] | None:
    """Give the pooled score of the model `tuned` under the strictest validation there is.

    Returns
    -------
    dict or None
        The row under authorities held out (in a table of held-out scores) or under blocks; its
        value is None where the score is not defined. None without such a row.
    """
    found = scores.filter(
        pl.col("model") == TUNED,
        pl.col("validation").is_in(["authorities", HEADLINE]),
        pl.col("fold") == 0,
        pl.col("metric") == metric,
    ).sort("validation")
    return found.row(0, named=True) if found.height else None


class _Steps:
    """Counts tunings for a progress bar."""

    def __init__(self, total: int, on_progress: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._on_progress = 0, total, on_progress

    def step(self) -> None:
        self._report(self._done + 1)

    def finish(self) -> None:
        self._report(self._total)

    def _report(self, done: int) -> None:
        self._done = done
        if self._on_progress:
            self._on_progress(done, self._total)


def _validate(
    competing: Competitors,
    data: AreaDataset,
    settings: Models,
    labels: Labels,
    seed: int,
    report: _Steps,
) -> tuple[dict[Validation, OutOfFold], list[Row]]:
    """Split by each validation; a row for each that these areas do not allow."""
    splits: dict[Validation, OutOfFold] = {}
    refused: list[Row] = []
    budget_s = share_of_budget(settings, settings.folds)
    for validation in VALIDATIONS:
        try:
            splits[validation] = cross_validate(
                competing, data, settings, validation, seed, timeout_s=budget_s, on_fold=report.step
            )
        except TooFewGroupsError as error:
            refused.append(no_score(labels, validation, len(data), f"no score: {error}"))
    return splits, refused


def share_of_budget(settings: Models, tunings: int) -> float | None:
    """Give the seconds that so many tunings may take; None where there is no such budget."""
    if settings.timeout_s is None:
        return None
    return settings.timeout_s * tunings / (len(VALIDATIONS) * settings.folds + 1)
