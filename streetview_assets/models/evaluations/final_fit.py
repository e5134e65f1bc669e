"""The model fitted to all areas, and what it says of every area: in sample, never a headline."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from streetview_assets.models.candidates.base import Params, predicted
from streetview_assets.models.candidates.preprocessing import (
    image_inputs,
    preparation_of,
    prepared,
    without_own_steps,
)
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import NO_IMAGERY, AreaDataset
from streetview_assets.models.data.features import AreaFeatures, area_features
from streetview_assets.models.data.splits import authority_folds, seed_of, splits_of
from streetview_assets.models.evaluations.selection import share_of_budget, why_no_model
from streetview_assets.models.metrics.applicability import Applicability, area_of_applicability
from streetview_assets.models.metrics.conformal import Calibration, HeldOut, calibrate, for_unseen
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.fold_fits import fold_fits, inner_predictions
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.tuned_models import TUNED, tune_all
from streetview_assets.models.validation.tuning import Tuned, fitting_context
from streetview_assets.study.models import Task
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import Validation, headline_validation


@dataclass(frozen=True)
class Choice:
    """What is fitted to all areas.

    Attributes
    ----------
    candidate, params
        The candidate, None where there is no model, and its parameters, tuned on all areas.
    calibration
        Of the prediction intervals, from the out-of-fold errors under the validation that counts,
        wider for authorities not learned from by what is missed of those
        learned from, each held out; None where there are too few areas.
    authority_codes
        The authorities learned from, sorted.
    trials
        Every trial, for tracking.
    note
        Why there is no model, or None.
    folds
        The fold in which each area was held out under the validation that counts.
    """

    candidate: str | None
    params: Params = field(default_factory=dict)
    calibration: Calibration | None = None
    authority_codes: tuple[str, ...] = ()
    trials: list[dict[str, Any]] = field(default_factory=list)
    note: str | None = None
    folds: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FinalModel:
    """A fitted model with all that is needed to use it again.

    Attributes
    ----------
    estimator
        Takes features of shape (n, width), NaN where an area has none: those that the scoring
        names, in its order, made of vectors by its encoder, pooled by `statistic`.
    choice
        What it is, with which parameters, and what gives its predictions their intervals.
    scoring
        What it predicts, and from what.
    statistic
        How vectors of images became one of an area.
    width
        Numbers that it takes of an area.
    area_codes
        The areas it was fitted to, sorted.
    applicability
        How unlike those an area may be, by their folds; None where they have none.
    """

    estimator: Pipeline
    choice: Choice
    scoring: Scoring
    statistic: str
    width: int
    area_codes: tuple[str, ...]
    applicability: Applicability | None = None


def choose_final(data: AreaDataset, predictions: pl.DataFrame, scoring: Scoring) -> Choice:
    """Tune every candidate on all areas, held out inside as for the headline.

    Parameters
    ----------
    data
        Areas with imagery and a value, in any order.
    predictions
        Table `predictions` of the study: the out-of-fold errors of the model `tuned` calibrate the
        intervals.
    scoring
        How models are scored; its seed is that of the inner folds and of the tuning.
    """
    data, settings = data.by_area_code(), scoring.settings
    competing = competitors_for(data, settings)
    if note := why_no_model(data, competing):
        return Choice(None, note=note)
    settings = planned(data, scoring).settings
    validation, counted = of_headline(predictions, data, settings.task)
    with fitting_context(len(data)):
        models = tune_all(
            replace(competing, baselines=[], others={}),
            data,
            settings,
            validation,
            seed_of(scoring.seed, "final"),
            timeout_s=share_of_budget(settings, 1),
        )
        held_out = counted.filter(model=TUNED)
        calibration = _calibrated(held_out, data, models.best, scoring)
    return Choice(
        candidate=models.best.model.name,
        params=models.best.params,
        calibration=calibration,
        authority_codes=tuple(sorted(set(data.authority_codes))),
        trials=models.trials(validation, fold=0),
        folds=dict(held_out.select("area_code", "fold").sort("area_code").iter_rows()),
    )


def of_headline(
    predictions: pl.DataFrame, data: AreaDataset, task: Task
) -> tuple[Validation, pl.DataFrame]:
    """Give the validation that counts, and the first repeat of the predictions under it.

    Parameters
    ----------
    predictions
        The table of that name.
    data
        The areas that are learned from.
    task
        What the models are for.
    """
    there = set(predictions.filter(model=TUNED)["validation"])
    validation = headline_validation(task, len(set(data.authority_codes)), there)
    return validation, predictions.filter(validation=validation, repeat=1)


def _calibrated(
    held_out: pl.DataFrame, data: AreaDataset, best: Tuned, scoring: Scoring
) -> Calibration | None:
    """Calibrate intervals by held-out errors, and by those on authorities held out whole."""
    counts = pl.DataFrame({"area_code": data.area_codes, "count": data.image_counts})
    known = held_out.join(counts, on="area_code").sort("area_code")
    errors = HeldOut(*(known[name].to_numpy() for name in ("observed", "predicted", "count")))
    level = scoring.settings.interval_level
    calibration = calibrate(errors, data.target_limits, level)
    if calibration is None or len(set(data.authority_codes)) < 2:
        return calibration
    seed = seed_of(scoring.seed, "authorities")
    apart = splits_of(authority_folds(data.authority_codes, seed))
    folds = fold_fits(best.model, best.model.inputs(data), data.observed, apart, seed)
    unseen = inner_predictions(folds, best.params)
    assert unseen is not None, "nothing stops it"
    codes = np.array(data.authority_codes, dtype=str)
    return for_unseen(calibration, HeldOut(data.observed, unseen, data.image_counts), codes)


def fit_final(
    data: AreaDataset, choice: Choice, scoring: Scoring, *, statistic: str
) -> FinalModel | None:
    """Fit the chosen candidate to all areas.

    Parameters
    ----------
    data
        The areas that the choice was made on, in any order; where features are made of clusters,
        as `preprocessing.frozen_features` gives them.
    choice
        What was chosen, with its parameters and the calibration of its intervals.
    scoring
        What the model carries with it: target, encoder, features; its seed is that of the fit,
        where the candidate draws anything.
    statistic
        How vectors of images became one of an area, likewise.

    Returns
    -------
    FinalModel or None
        None where no model was chosen; the note of the choice says why.
    """
    if choice.candidate is None:
        return None
    data = data.by_area_code()
    fitted = fitted_candidate(data, choice, scoring)
    with fitting_context(len(data)):
        fold = np.array([choice.folds.get(code, 0) for code in data.area_codes])
        applicability = area_of_applicability(fitted, image_inputs(data), fold)
    return FinalModel(
        estimator=fitted,
        choice=choice,
        scoring=scoring,
        statistic=statistic,
        width=data.vectors.shape[1],
        area_codes=tuple(data.area_codes),
        applicability=applicability,
    )


def fitted_candidate(data: AreaDataset, choice: Choice, scoring: Scoring) -> Pipeline:
    """Fit what was chosen to areas; steps of this package are scikit-learn's in it.

    Parameters
    ----------
    data
        The areas, sorted.
    choice, scoring
        As of `fit_final`; there is a candidate.
    """
    assert choice.candidate is not None
    preparation = preparation_of(data, scoring.settings)
    (candidate,) = prepared([CANDIDATES[choice.candidate]], preparation)
    with fitting_context(len(data)):
        unfitted = candidate.build(choice.params, seed_of(scoring.seed, "final"))
        return without_own_steps(unfitted.fit(candidate.inputs(data), data.observed))


def predict_areas(
    final: FinalModel | None,
    areas: pl.DataFrame,
    area_embeddings: pl.DataFrame,
    *,
    target: str,
    why_no_model: str | None = None,
    why_unseen: Mapping[str, str] | None = None,
    features: AreaFeatures | None = None,
) -> pl.DataFrame:
    """Predict every area that has a vector, and say of the others why not.

    An area without a value of the target is predicted all the same.

    Parameters
    ----------
    final
        The model; None where there is none.
    areas
        Table `areas`: every area of the study. Those of authorities not learned from have wider
        intervals.
    area_embeddings
        Its table, of the model's encoder among others.
    target
        Name of the target.
    why_no_model
        The reason given where `final` is None.
    why_unseen
        Why areas have no vector, by area code, as `dataset.unseen` finds it.
    features
        What the model sees of the areas with a vector; default: the pooled vector.

    Returns
    -------
    polars.DataFrame
        Table `area_predictions`, one row an area, sorted by area.
    """
    table, why = TABLES["area_predictions"], why_unseen or {}
    about: dict[str, object] = {"target": target}
    known: dict[str, dict[str, object]] = {}
    if final is None:
        no_model: dict[str, object] = {"reason": why_no_model or "no model"}
        known = dict.fromkeys(area_embeddings["area_code"], no_model)
    else:
        about["target"] = final.scoring.target
        encoder, statistic = final.scoring.encoder, final.statistic
        seen = features or area_features(
            ("pooled",), area_embeddings, statistic=statistic, encoder=encoder
        )
        known = _predicted(final, seen, areas, area_embeddings) if seen.area_codes else {}
    return table.frame(
        [
            {"area_code": code, **about, **known.get(code, {"reason": why.get(code, NO_IMAGERY)})}
            for code in areas["area_code"].sort()
        ]
    )


def _predicted(
    final: FinalModel, seen: AreaFeatures, areas: pl.DataFrame, area_embeddings: pl.DataFrame
) -> dict[str, dict[str, object]]:
    """Give rows by area code: the prediction inside the target's limits, and its interval."""
    of_areas = area_embeddings.filter(statistic=final.statistic, encoder=final.scoring.encoder)
    rows = (
        pl.DataFrame({"area_code": seen.area_codes})
        .join(areas, on="area_code", how="left", maintain_order="left")
        .join(of_areas, on="area_code", how="left", maintain_order="left")
        .select("area_code", "authority_code", "image_count")
    )
    with fitting_context(len(seen.values)):
        guesses = predicted(final.estimator, seen.values)
    values = {"predicted": guesses}
    if (calibration := final.choice.calibration) is not None:
        unseen = ~rows["authority_code"].is_in(final.choice.authority_codes).to_numpy()
        counts = rows["image_count"].to_numpy()
        values["predicted"] = calibration.within(guesses)
        values["lower"], values["upper"] = calibration.interval(guesses, counts, unseen=unseen)
        values["interval_level"] = np.full(len(rows), calibration.level)
    if (applicability := final.applicability) is not None:
        values["dissimilarity"] = _dissimilarity(final, applicability, seen)
        values["is_applicable"] = applicability.applies(values["dissimilarity"])
    about: dict[str, object] = {
        "model": final.choice.candidate,
        "features": final.scoring.features,
        "encoder": final.scoring.encoder,
    }
    told = pl.DataFrame(values).to_dicts()
    return {code: about | row for code, row in zip(seen.area_codes, told, strict=True)}


def _dissimilarity(
    final: FinalModel, applicability: Applicability, seen: AreaFeatures
) -> np.ndarray:
    """Tell how unlike what was learned from an area is; one learned from, all of other folds."""
    with fitting_context(len(seen.values)):
        found = applicability.dissimilarity(seen.values)
    held_out = dict(zip(final.area_codes, applicability.held_out, strict=True))
    return np.array(
        [held_out.get(code, own) for code, own in zip(seen.area_codes, found, strict=True)]
    )
