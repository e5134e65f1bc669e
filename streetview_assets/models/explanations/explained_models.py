"""The models whose predictions are explained, fitted again as they were when they were scored.

Of an area that models learn from, the model that did not see it is meant: that of its fold under
the validation that counts, whose prediction is the one that is published of the area. What the
final fit says of an area is partly what it was told of it. It is meant where an area has no value
of the target, and so was in no fold.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Params, predicted
from streetview_assets.models.candidates.preprocessing import preparation_of, prepared
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.explanations.features_left import FoundClusters
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.out_of_fold import folds_of
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.strict_json import to_json
from streetview_assets.validations import Validation

FINAL = 0
"""Stands for the fold of the final fit."""
_NO_PARAMETER = frozenset(
    {"validation", "repeat", "fold", "model", "trial", "rmse", "pruned", "own_r2"}
)


@dataclass(frozen=True)
class ExplainedModel:
    """A fitted model, and which one it is.

    Attributes
    ----------
    name
        The candidate.
    validation, fold
        The fold that it did not see; None and `FINAL` of the final fit.
    pipeline
        Fitted; of features, those by clusters among them.
    clusters
        That it found, where features are made of them.
    in_steps
        Whether it answers in steps: it is made of trees, or stacks some.
    """

    name: str
    validation: Validation | None
    fold: int
    pipeline: Pipeline
    clusters: FoundClusters | None = None
    in_steps: bool = False

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predict areas by their features (m, width); (m,), in units of the target."""
        with fitting_context(len(features)):
            return predicted(self.pipeline, features)


def fold_models(trials: Sequence[Mapping[str, Any]], scoring: Scoring) -> pl.DataFrame:
    """Name the candidate that each fold took, with its parameters; table `fold_models`.

    Parameters
    ----------
    trials
        Of all tunings, each with its validation, repeat and fold; those of a candidate after
        those of another that is taken of equals.
    scoring
        What the rows are labelled with.
    """
    best: dict[tuple[str, int, int], Mapping[str, Any]] = {}
    for trial in trials:
        split = (trial["validation"], trial["repeat"], trial["fold"])
        if split not in best or trial["rmse"] < best[split]["rmse"]:
            best[split] = trial
    rows = [
        _labels(scoring)
        | dict(zip(("validation", "repeat", "fold"), split, strict=True))
        | {"model": trial["model"], "params": params_text(trial), "inner_rmse": trial["rmse"]}
        for split, trial in best.items()
    ]
    table = TABLES["fold_models"]
    return table.frame(rows).sort(table.key)


def final_model(candidate: str | None, params: Params, scoring: Scoring) -> pl.DataFrame:
    """Name what was fitted to all areas; table `final_model`, without a row where nothing was.

    Parameters
    ----------
    candidate, params
        What was chosen.
    scoring
        What the row is labelled with.
    """
    row = _labels(scoring) | {"model": candidate, "params": params_text(params)}
    return TABLES["final_model"].frame([row] if candidate else [])


def params_text(params: Mapping[str, Any]) -> str:
    """Write parameters as JSON; numbers come back as they were."""
    return to_json({name: value for name, value in params.items() if name not in _NO_PARAMETER})


def models_of_folds(
    data: AreaDataset, scoring: Scoring, validation: Validation, taken: pl.DataFrame
) -> list[ExplainedModel]:
    """Fit again the models of the folds of a validation, each to what it learned from.

    Parameters
    ----------
    data
        The areas that were learned from, in any order.
    scoring
        How models were scored.
    validation
        The one that counts, in its first repeat.
    taken
        Table `fold_models`.
    """
    data = data.by_area_code()
    settings = planned(data, scoring).settings
    chosen = taken.filter(validation=validation, repeat=1, features=scoring.features)
    of_fold = {row["fold"]: row for row in chosen.iter_rows(named=True)}
    made = []
    for fold in folds_of(data, validation, settings, scoring.seed):
        row = of_fold[fold.number]
        fitted = _fitted(data.take(fold.learning), data, row, scoring, fold.seed)
        about = row["model"], validation, fold.number
        made.append(ExplainedModel(*about, *fitted, in_steps=_answers_in_steps(row)))
    return made


def model_of_all(
    data: AreaDataset, scoring: Scoring, chosen: pl.DataFrame
) -> ExplainedModel | None:
    """Fit again what was fitted to all areas.

    Parameters
    ----------
    data
        The areas that were learned from, in any order.
    scoring
        How models were scored.
    chosen
        Table `final_model`; without a row there is no model.
    """
    if chosen.is_empty():
        return None
    data, row = data.by_area_code(), chosen.row(0, named=True)
    fitted = _fitted(data, data, row, scoring, seed_of(scoring.seed, "final"))
    return ExplainedModel(row["model"], None, FINAL, *fitted, in_steps=_answers_in_steps(row))


def folds_by_area(predictions: pl.DataFrame, validation: Validation) -> dict[str, int]:
    """Say in which fold of a validation each area was held out.

    Parameters
    ----------
    predictions
        The table of that name.
    validation
        The one that counts, in its first repeat.
    """
    held_out = predictions.filter(model=TUNED, validation=validation, repeat=1)
    return dict(held_out.select("area_code", "fold").iter_rows())


def _answers_in_steps(row: Mapping[str, Any]) -> bool:
    members = json.loads(row["params"]).get("members", ())
    return any(CANDIDATES[name].in_steps for name in (row["model"], *members))


def _fitted(
    train: AreaDataset, data: AreaDataset, row: Mapping[str, Any], scoring: Scoring, seed: int
) -> tuple[Pipeline, FoundClusters | None]:
    """Fit a candidate to areas, its features prepared as those of all areas ask for."""
    (candidate,) = prepared([CANDIDATES[row["model"]]], preparation_of(data, scoring.settings))
    with fitting_context(len(data)):
        pipeline = candidate.build(json.loads(row["params"]), seed)
        pipeline.fit(candidate.inputs(train), train.observed)
    if (images := data.images) is None:
        return pipeline, None
    centres = images.centres(np.unique(images.rows_of(train.area_codes)).astype(np.int64))
    found = FoundClusters(centres, images.k, frozenset(images.image_ids))
    return Pipeline(pipeline.steps[1:]), found


def _labels(scoring: Scoring) -> dict[str, Any]:
    names = ("target", "encoder", "features")
    return {name: getattr(scoring, name) for name in names}
