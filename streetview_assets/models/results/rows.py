"""Rows of scores: the one place that says what a row of a table of scores holds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.metrics import REGRESSION, Metric, measure, why_undefined
from streetview_assets.models.metrics.bootstrap import interval_of
from streetview_assets.tables.registry import TABLES

Row = dict[str, Any]
"""Values by column; a table takes the columns that it has."""


def score_row(
    about: Row,
    metric: str,
    value: float | None,
    area_count: int,
    *,
    draws: np.ndarray | None = None,
    note: str | None = None,
) -> Row:
    """Make one row of scores.

    Parameters
    ----------
    about
        What is scored: the other columns of the key, and the `interval_level`.
    metric
        The column of that name.
    value
        The score; None where it is not defined.
    area_count
        Areas that it rests on.
    draws
        The same score under random weights of the areas, shape (draws,), for its interval; None:
        it has none.
    note
        Why there is no score, or what to bear in mind.
    """
    lower = upper = None
    if value is not None and draws is not None:
        lower, upper = interval_of(draws, about["interval_level"], centre=value)
    return about | {
        "metric": metric,
        "value": value,
        "lower": lower,
        "upper": upper,
        "interval_level": None if lower is None else about["interval_level"],
        "area_count": area_count,
        "note": note,
    }


def metric_rows(
    about: Row,
    observed: np.ndarray,
    predicted: np.ndarray,
    metrics: Mapping[str, Metric] = REGRESSION,
    *,
    draws: Mapping[str, np.ndarray] | None = None,
    note: str | None = None,
    undefined: str | None = None,
) -> list[Row]:
    """Score predictions: a row a metric, which says why where the metric is not defined.

    Parameters
    ----------
    about
        What is scored: the other columns of the key, and the `interval_level`.
    observed, predicted
        Values, or deciles where the metrics are of deciles; shape (n,).
    metrics
        Which ones.
    draws
        Metric to its values under random weights of the areas, for the intervals; default: none.
    note
        What to bear in mind.
    undefined
        Why a metric may not be defined; default: what `why_undefined` says.
    """
    return [
        score_row(
            about,
            metric,
            value,
            len(observed),
            draws=None if draws is None else draws[metric],
            note=note if value is not None else undefined or why_undefined(observed, predicted),
        )
        for metric, value in measure(observed, predicted, metrics).items()
    ]


def scores_frame(rows: list[Row], table: str = "model_scores") -> pl.DataFrame:
    """Make a frame of a table of scores, sorted by its key.

    Parameters
    ----------
    rows
        What `score_row` and its like give.
    table
        Whose contract the rows have.
    """
    return TABLES[table].frame(rows).sort(TABLES[table].key)
