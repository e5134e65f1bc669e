"""Which model tells most of the target from the look of an area, and how sure that is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError, Validation
from streetview_assets.models.metrics.morans_i import neighbour_weights
from streetview_assets.models.results.validation_rows import (
    Labels,
    Row,
    cross_conformal,
    no_score,
    predictions_frame,
    repeat_rows,
    score_rows,
    scores_frame,
)
from streetview_assets.models.validation.nested_cv import (
    LEAST_AREAS,
    TUNED,
    Competitors,
    OutOfFold,
    competitors_for,
    cross_validate,
    hold_out,
)
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES

VALIDATIONS: tuple[Validation, ...] = ("random", "blocks", "holdout")
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
    """Validate every candidate and baseline at random, by blocks and on one hold-out.

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
    seed
        Of the folds, the tuning and the resamples of areas; each draws from a seed of its own that
        is derived from it.
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
    report = _Steps(tuning_count(settings), on_progress)
    parts, refused = _validate(competing, data, settings, labels, seed, report)
    rows = _rows(labels, data, parts, seed)
    report.finish()
    frames = [
        predictions_frame(
            labels, part.areas, [part.split], {part.split.validation: part.half_widths}
        )
        for part in parts
    ]
    predictions = TABLES["predictions"]
    return Selection(
        scores=scores_frame(refused + rows),
        predictions=pl.concat([predictions.frame(), *frames]).sort(predictions.key),
        trials=[trial for part in parts for trial in part.split.trials],
    )


def headline(scores: pl.DataFrame, metric: str = "r2") -> dict[str, Any] | None:
    """Give the pooled score of the model `tuned` under the strictest validation there is.

    Parameters
    ----------
    scores
        The table `model_scores`.
    metric
        Name of the metric.

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
        pl.col("repeat") == 1,
        pl.col("group_name") == "all",
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


@dataclass(frozen=True)
class _Part:
    """One split with the areas that it holds predictions of."""

    areas: AreaDataset
    split: OutOfFold
    half_widths: dict[str, np.ndarray]


def _validate(
    competing: Competitors,
    data: AreaDataset,
    settings: Models,
    labels: Labels,
    seed: int,
    report: _Steps,
) -> tuple[list[_Part], list[Row]]:
    """Split by each validation; a row for each that these areas do not allow."""
    parts: list[_Part] = []
    refused: list[Row] = []
    budget_s = share_of_budget(settings, settings.folds)
    for validation, repeat in _splits(settings):
        try:
            if validation == "holdout":
                rows, split, half_widths = hold_out(
                    competing, data, settings, seed, timeout_s=share_of_budget(settings, 1)
                )
                parts.append(_Part(data.take(rows), split, half_widths))
                report.step()
                continue
            split = cross_validate(
                competing, data, settings, validation, seed,
                timeout_s=budget_s, on_fold=report.step, repeat=repeat,
            )  # fmt: skip
            half_widths = cross_conformal(data, split, labels.interval_level)
            parts.append(_Part(data, split, half_widths))
        except TooFewGroupsError as error:
            refused.append(no_score(labels, validation, len(data), f"no score: {error}"))
    return parts, refused


def _splits(settings: Models) -> list[tuple[Validation, int]]:
    """List the validations with their repeats: only random folds are drawn more than once."""
    random: list[tuple[Validation, int]] = [
        ("random", number) for number in range(1, settings.repeats + 1)
    ]
    once = [name for name in VALIDATIONS if name != "random"]
    if settings.holdout is None:
        once.remove("holdout")
    return [*random, *((name, 1) for name in once)]


def _rows(labels: Labels, data: AreaDataset, parts: list[_Part], seed: int) -> list[Row]:
    rows: list[Row] = []
    weights = neighbour_weights(data.geometry)
    for part in parts:
        if part.split.repeat > 1:
            continue
        near = weights if part.areas is data else neighbour_weights(part.areas.geometry)
        rows += score_rows(
            labels, part.areas, part.split, part.half_widths, near, seed,
            study_values=data.observed,
        )  # fmt: skip
    repeats = [part.split for part in parts if part.split.validation == "random"]
    return rows + repeat_rows(labels, data, repeats)


def tuning_count(settings: Models) -> int:
    """Count the tunings of a selection."""
    return sum(1 if name == "holdout" else settings.folds for name, _ in _splits(settings))


def share_of_budget(settings: Models, tunings: int) -> float | None:
    """Give the seconds that so many tunings may take; None where there is no such budget."""
    if settings.timeout_s is None:
        return None
    return settings.timeout_s * tunings / (tuning_count(settings) + 1)
