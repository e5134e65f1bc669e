"""Held-out predictions as rows of the score and prediction tables."""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from streetview_assets.areas.standing import deciles_among
from streetview_assets.metrics import DECILE, REGRESSION, measure, resampled_scores
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.metrics.bootstrap import Resamples, resample_weights
from streetview_assets.models.metrics.morans_i import morans_i, morans_p
from streetview_assets.models.results.coverage_rows import coverage_rows
from streetview_assets.models.results.rows import Row, metric_rows, score_row
from streetview_assets.models.results.tail_rows import OBSERVED, tail_rows
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted
from streetview_assets.validations import Validation

RESAMPLES = 1_000
TRUNCATED = "truncated: the budget in seconds ended before all trials were made"

Draws = dict[str, dict[str, np.ndarray]]
"""Model to metric to its values on resampled areas, the same resamples for all."""


def no_score(
    scoring: Scoring, validation: Validation, area_count: int, note: str, model: str = TUNED
) -> Row:
    """Make the row that says why there is no score.

    Parameters
    ----------
    scoring
        What the row is labelled with.
    validation
        The column of that name.
    area_count
        Areas that there were.
    note
        The reason.
    model
        Which model has none.
    """
    return score_row(scoring.about(model, validation), "r2", None, area_count, note=note)


def score_rows(
    scoring: Scoring, split: OutOfFold, weights: csr_matrix, study_values: np.ndarray | None = None
) -> list[Row]:
    """Score every model of a split: pooled with intervals, by fold, in deciles, in space.

    Parameters
    ----------
    scoring
        What the rows are labelled with; its seed is that of the weights of areas and of the
        permutations of Moran's I.
    split
        The predictions out of fold, model by model.
    weights
        Which areas are neighbours.
    study_values
        The values whose deciles count; default: those of the split.
    """
    observed = split.areas.observed
    resamples = resamples_of(split, scoring.seed)
    draws = {
        model: resampled_scores(observed, predicted, resamples.weights)
        for model, predicted in split.predicted.items()
    }
    rows: list[Row] = []
    for model, predicted in split.predicted.items():
        rows += _regression_rows(scoring, split, model, draws, resamples.note)
        rows += _moran_rows(scoring, split, model, observed - predicted, weights)
    rows += _decile_rows(scoring, split, resamples, study_values)
    rows += tail_rows(scoring, split, resamples)
    rows += coverage_rows(scoring, split, study_values)
    rows += _moran_rows(scoring, split, OBSERVED, observed, weights)
    left_out = split.competing.left_out.items()
    return rows + [
        no_score(scoring, split.validation, len(observed), why, model) for model, why in left_out
    ]


def resamples_of(split: OutOfFold, seed: int) -> Resamples:
    """Draw the weights under which all models of a split are scored.

    Errors are alike as far as those of the model `tuned` are: what it cannot tell of an area is
    what would come out otherwise another time, for every model.

    Parameters
    ----------
    split
        The predictions out of fold, model by model.
    seed
        Of the study; a split draws by its validation too.
    """
    areas = split.areas
    best = split.predicted[TUNED] if TUNED in split.predicted else areas.observed.mean()
    drawn_by = seed_of(seed, "bootstrap", split.validation)
    told = split.predicted.get(TUNED)
    residuals = areas.observed - best
    return resample_weights(areas.place_m, residuals, RESAMPLES, drawn_by, told=told)


def repeat_rows(scoring: Scoring, splits: Sequence[OutOfFold]) -> list[Row]:
    """Score the further repeats of a validation, and say how the pooled scores spread over all.

    Parameters
    ----------
    scoring
        What the rows are labelled with.
    splits
        Every repeat, the first among them, whose own rows `score_rows` makes.

    Returns
    -------
    list
        None for one repeat; the mean and the standard deviation over repeats are rows of repeat 1
        and of the metrics `r2_mean_of_repeats`, `r2_sd_of_repeats` and so on.
    """
    if len(splits) < 2:
        return []
    rows: list[Row] = []
    for model in splits[0].predicted:
        for split in splits[1:]:
            rows += _regression_rows(scoring, split, model)
        measured = [measure(one.areas.observed, one.predicted[model]) for one in splits]
        about = _about(scoring, splits[0], model)
        for metric in REGRESSION:
            values = [value for scores in measured if (value := scores[metric]) is not None]
            whole = len(values) == len(splits)
            of_all = f"of {len(splits)} repeats"
            scored = counted(len(values), f"{of_all} has a score", f"{of_all} have a score")
            note = counted(len(splits), "repeat") if whole else scored
            for name, compute in (("mean", np.mean), ("sd", np.std)):
                value = float(compute(values)) if whole else None
                metric_name = f"{metric}_{name}_of_repeats"
                rows.append(score_row(about, metric_name, value, len(split.areas), note=note))
    return rows


def predictions_frame(
    scoring: Scoring, splits: Iterable[OutOfFold], table: str = "predictions"
) -> pl.DataFrame:
    """Give every model's prediction of every held-out area, with its interval, sorted by key.

    Parameters
    ----------
    scoring
        What the rows are labelled with.
    splits
        The predictions out of fold, one split a validation and repeat.
    table
        Which table's contract the rows have: `predictions` or `held_out_predictions`.
    """
    contract = TABLES[table]
    parts = [
        _predictions_of(scoring, split, model).select(contract.schema.names())
        for split in splits
        for model in split.predicted
    ]
    return pl.concat([contract.frame(), *parts]).sort(contract.key)


def is_tuned(split: OutOfFold, model: str) -> bool:
    """Say whether a model is a candidate, or the best of them, and no baseline."""
    return model == TUNED or model in {one.name for one in split.competing.candidates}


def _about(scoring: Scoring, split: OutOfFold, model: str) -> Row:
    return scoring.about(model, split.validation, repeat=split.repeat)


def _predictions_of(scoring: Scoring, split: OutOfFold, model: str) -> pl.DataFrame:
    unknown = np.full(len(split.areas), np.nan)
    return pl.DataFrame(
        {
            **_about(scoring, split, model),
            "area_code": split.areas.area_codes,
            "fold": split.fold,
            "observed": split.areas.observed,
            "predicted": split.predicted[model],
            "lower": pl.Series(split.lower[model]).fill_nan(None),
            "upper": pl.Series(split.upper[model]).fill_nan(None),
            "influence": pl.Series(split.influence.get(model, unknown)).fill_nan(None),
        },
        schema_overrides={"repeat": pl.Int64},
    ).with_columns(
        interval_level=pl.when(pl.col("lower").is_not_null()).then("interval_level"),
        residual=pl.col("observed") - pl.col("predicted"),
    )


def _regression_rows(
    scoring: Scoring,
    split: OutOfFold,
    model: str,
    draws: Draws | None = None,
    no_interval: str | None = None,
) -> list[Row]:
    """Score a model over all folds, with intervals where there are draws, and in each fold."""
    observed, predicted = split.areas.observed, split.predicted[model]
    about = _about(scoring, split, model)
    truncated = TRUNCATED if draws and split.truncated and is_tuned(split, model) else None
    note = "; ".join(filter(None, (truncated, no_interval))) or None
    rows = metric_rows(about, observed, predicted, draws=draws[model] if draws else None, note=note)
    numbers = np.unique(split.fold)
    for number in numbers if len(numbers) > 1 else ():
        inside = split.fold == number
        rows += metric_rows(about | {"fold": int(number)}, observed[inside], predicted[inside])
    return rows


def _moran_rows(
    scoring: Scoring, split: OutOfFold, model: str, values: np.ndarray, weights: csr_matrix
) -> list[Row]:
    found = {
        "morans_i": morans_i(values, weights),
        "morans_p": morans_p(values, weights, seed_of(scoring.seed, "moran")),
    }
    note = "not defined: the values are all the same" if found["morans_i"] is None else None
    about = _about(scoring, split, model)
    return [score_row(about, name, value, len(values), note=note) for name, value in found.items()]


def _decile_rows(
    scoring: Scoring, split: OutOfFold, resamples: Resamples, study_values: np.ndarray | None
) -> list[Row]:
    """Compare deciles within the study, or within the split, where no values are given."""
    values = split.areas.observed if study_values is None else study_values
    among = partial(deciles_among, among=values, are_deciles=split.areas.is_decile)
    truth = among(split.areas.observed)
    rows: list[Row] = []
    for model, predicted in split.predicted.items():
        guess = among(predicted)
        rows += metric_rows(
            _about(scoring, split, model), truth, guess, DECILE,
            draws=resampled_scores(truth, guess, resamples.weights, DECILE),
            note=resamples.note, undefined="not defined: all in one decile",
        )  # fmt: skip
    return rows
