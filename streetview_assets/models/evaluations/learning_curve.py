"""How much better the model gets with more areas to learn from."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.metrics import measure, why_undefined
from streetview_assets.models.candidates.registry import Candidate
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import (
    LEAST_TO_LEARN_FROM,
    TooFewGroupsError,
    Validation,
    outer_folds,
    seed_of,
)
from streetview_assets.models.validation.nested_cv import learned_from
from streetview_assets.models.validation.ridge_cv import RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES

TABLE = "learning_curve"
METRICS = ("r2", "spearman", "rmse")
VALIDATIONS: tuple[Validation, ...] = ("random", "blocks")
SIZES = 5
REPEATS = 5
_SMALLEST_SHARE = 1 / 16

Row = dict[str, Any]


def learn_by_size(
    data: AreaDataset,
    settings: Models,
    *,
    target: str,
    encoder: str,
    features: str,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Score ridge and the mean when they learn from few areas, from more, from all.

    The folds that are held out stay the same, those of the model selection; of each training
    part so many areas are drawn, and a larger draw holds the smaller ones of its repeat.

    Parameters
    ----------
    data
        Areas with imagery and a value, in any order.
    settings
        The chapter `models` of the study file.
    target, encoder, features
        What the rows are labelled with.
    seed
        Of the folds and of the draws; a draw of one validation, fold and repeat has one of its
        own.
    on_progress
        Called with draws done and in total.

    Returns
    -------
    polars.DataFrame
        Table `learning_curve`, pooled out of fold; a validation that these areas do not allow is
        one row that says why.
    """
    labels: Row = {"target": target, "encoder": encoder, "features": features}
    data = data.by_area_code()
    ridge, left_out = ridge_path(data, settings)
    rows: list[Row] = []
    with fitting_context(len(data)):
        for place, validation in enumerate(VALIDATIONS):
            if ridge is None:
                rows.append(_no_row(validation, len(data), f"ridge {left_out}"))
                continue
            try:
                parts = _parts_of(data, settings, validation, seed)
            except TooFewGroupsError as error:
                rows.append(_no_row(validation, len(data), f"no score: {error}"))
                continue
            for repeat in range(1, REPEATS + 1):
                rows += _repeat_rows(data, ridge, validation, parts, repeat, seed)
                if on_progress:
                    on_progress(place * REPEATS + repeat, len(VALIDATIONS) * REPEATS)
    return TABLES[TABLE].frame([labels | row for row in rows]).sort(TABLES[TABLE].key)


def training_sizes(most: int) -> list[int]:
    """Give five sizes of a training part, each a like multiple of the one before.

    Fewer where so few areas have no five; the last is the largest that every fold can give.
    """
    least = min(most, max(LEAST_TO_LEARN_FROM, round(most * _SMALLEST_SHARE)))
    return sorted({round(size) for size in np.geomspace(least, most, SIZES)})


def _parts_of(
    data: AreaDataset, settings: Models, validation: Validation, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Give for each fold the positions held out, and those that may be learned from."""
    drawn_by = seed_of(seed, validation)
    fold = outer_folds(data, validation, settings.folds, settings.block_km, drawn_by)
    return [
        (
            np.flatnonzero(fold == number),
            np.flatnonzero(learned_from(data, fold == number, validation, settings)),
        )
        for number in np.unique(fold)
    ]


def _repeat_rows(
    data: AreaDataset,
    ridge: Candidate,
    validation: Validation,
    parts: list[tuple[np.ndarray, np.ndarray]],
    repeat: int,
    seed: int,
) -> list[Row]:
    sizes = training_sizes(min(len(learning) for _, learning in parts))
    predicted: dict[tuple[int, str], np.ndarray] = {}
    for number, (held_out, learning) in enumerate(parts, start=1):
        test = data.take(held_out)
        drawn_by = seed_of(seed, "learning curve", validation, number, repeat)
        order = np.random.default_rng(drawn_by).permutation(learning)
        for size in sizes:
            train = data.take(np.sort(order[:size]))
            for model, values in predict_by(ridge, train, test, seed).items():
                whole = predicted.setdefault((size, model), np.empty(len(data)))
                whole[held_out] = values
    return [
        row
        for (size, model), values in predicted.items()
        for row in _score_rows(data.observed, values, model, validation, size, repeat)
    ]


def _score_rows(
    observed: np.ndarray,
    predicted: np.ndarray,
    model: str,
    validation: Validation,
    train_count: int,
    repeat: int,
) -> list[Row]:
    scores = measure(observed, predicted)
    return [
        {
            "model": model,
            "validation": validation,
            "train_count": train_count,
            "repeat": repeat,
            "metric": metric,
            "value": scores[metric],
            "area_count": len(observed),
            "note": None if scores[metric] is not None else why_undefined(observed, predicted),
        }
        for metric in METRICS
    ]


def _no_row(validation: Validation, area_count: int, why: str) -> Row:
    return {
        "model": RIDGE,
        "validation": validation,
        "train_count": 0,
        "repeat": 1,
        "metric": "r2",
        "value": None,
        "area_count": area_count,
        "note": why,
    }
