"""A selection's candidates and baselines, each as a run of its own beneath the selection's."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from streetview_assets.models.evaluations.selection import Selection
from streetview_assets.models.results.tail_rows import OBSERVED
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.orchestration.tracking.tracked_run import TrackedRun

HEADLINE = ("r2", "rmse", "mae", "spearman")
"""Metrics that a run has; all others are in the table of scores of the selection."""

ABOUT_A_TRIAL = frozenset(
    {"validation", "repeat", "fold", "model", "trial", "rmse", "state", "pruned"}
)
"""What a trial has besides its parameters."""


def candidate_runs(selection: Selection) -> tuple[TrackedRun, ...]:
    """Make a run of each model: its scores, and its trial with the lowest error in each fold.

    Parameters
    ----------
    selection
        What `select_models` found.

    Returns
    -------
    tuple
        Sorted by name. Metrics are `<validation>.<metric>` of `HEADLINE`, R² with the ends of its
        interval; parameters `<validation>.<fold>.<parameter>`, a repeat after the first before the
        fold.
    """
    best = _best_trials(selection.trials)
    tried = {model for model, _ in best} | {TUNED}
    scored = set(selection.scores.drop_nulls("value")["model"]) - {OBSERVED}
    return tuple(
        TrackedRun(
            name=model,
            tags={"kind": "candidate" if model in tried else "baseline"},
            params=_params(best, model),
            metrics=_metrics(selection.scores.filter(model=model)),
        )
        for model in sorted(scored)
    )


def flat_params(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give parameters of parameters names of their own: `members.ridge.alpha`."""
    flat: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            flat |= flat_params(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def pooled_scores(scores: pl.DataFrame) -> pl.DataFrame:
    """Give validation, model, metric, value, lower and upper: pooled over folds and areas.

    Of repeats the mean.
    """
    return (
        scores.filter(pl.col("value").is_not_null(), fold=0, group_name="all")
        .group_by("validation", "model", "metric", maintain_order=True)
        .agg(pl.col("value", "lower", "upper").mean())
    )


def _metrics(scores: pl.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in pooled_scores(scores).filter(pl.col("metric").is_in(HEADLINE)).to_dicts():
        name = f"{row['validation']}.{row['metric']}"
        with_ends = ("lower", "upper") if row["metric"] == "r2" else ()
        ends = {f"{name}.{end}": row[end] for end in with_ends if row[end] is not None}
        found |= {name: row["value"], **ends}
    return found


def _best_trials(trials: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Take the best trial of each model in each fold, under the fold's name."""
    best: dict[tuple[str, str], Mapping[str, Any]] = {}
    for trial in trials:
        key = (str(trial["model"]), _fold_name(trial))
        error = trial.get("rmse")
        if error is not None and (key not in best or error < best[key]["rmse"]):
            best[key] = trial
    return best


def _fold_name(trial: Mapping[str, Any]) -> str:
    repeat = trial.get("repeat", 1)
    again = f"repeat {repeat}." if repeat > 1 else ""
    return f"{trial['validation']}.{again}{trial['fold']}"


def _params(best: Mapping[tuple[str, str], Mapping[str, Any]], model: str) -> dict[str, Any]:
    return flat_params(
        {
            fold: {name: value for name, value in trial.items() if name not in ABOUT_A_TRIAL}
            for (whose, fold), trial in best.items()
            if whose == model
        }
    )
