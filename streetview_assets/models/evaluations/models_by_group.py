"""One model for each group of images: what a cluster, or a text label, tells of areas.

A group is scored twice: on the areas that all groups have in common, where only the images
differ, and on all areas of its own, where the areas differ too. Clusters are those of the tables,
found without the target in all images, those of held-out areas among them; the strict way, with
clusters found inside the fold, is the feature `by_cluster`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from streetview_assets.metrics import measure, resampled_scores, why_undefined
from streetview_assets.models.candidates.model_spec import PUBLISHED_SPEC
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.group_vectors import CLUSTER, GROUPINGS, Group
from streetview_assets.models.data.splits import TooFewGroupsError, seed_of
from streetview_assets.models.evaluations.group_predictors import MODEL_NAMES, group_predictor
from streetview_assets.models.metrics.bootstrap import Resamples, resample_weights
from streetview_assets.models.results.rows import Row, metric_rows, score_row, scores_frame
from streetview_assets.models.results.validation_rows import RESAMPLES
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.group_folds import (
    GroupPredictor,
    deal_areas,
    predict_held_out,
    validations_of,
)
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.ridge_cv import MEAN, RIDGE
from streetview_assets.models.validation.tuned_models import LEAST_AREAS
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.study.models import GroupModel
from streetview_assets.text.counted import counted
from streetview_assets.validations import Validation

TABLE = "group_model_scores"
COMMON, OWN = "common", "own"
ALL = "all"
ALL_IMAGES = "_all_images"
"""Ends the name of a model that sees all images of the same areas."""
GAIN = "r2_gain_over_all_images"
ENOUGH = 0.5
"""Share of areas that a group is in, for the common areas to be held to it."""
FOUND_IN_ALL = "clusters found in all images, without the target, held-out areas among them"


@dataclass(frozen=True)
class _Outcome:
    """Areas as they are seen through some images, predicted out of fold.

    Attributes
    ----------
    model
        The one that is fitted to groups.
    predicted
        Model to predictions, shape (n,).
    """

    areas: AreaDataset
    model: str
    predicted: dict[str, np.ndarray]

    @property
    def codes(self) -> tuple[str, ...]:
        """The areas that it is of."""
        return tuple(self.areas.area_codes)

    def r2(self) -> float | None:
        """Give R² of the model."""
        return measure(self.areas.observed, self.predicted[self.model])["r2"]

    @property
    def parameters(self) -> str | None:
        """Say where the model's parameters are from, where that flatters it."""
        return PUBLISHED_SPEC.caveat if self.model == PUBLISHED_SPEC.candidate else None


@dataclass(frozen=True)
class _Weighted:
    """Random weights of some areas, and what scores under them, drawn once."""

    resamples: Resamples
    drawn: dict[tuple[int, str], dict[str, np.ndarray]] = field(default_factory=dict)

    def draws(self, outcome: _Outcome, model: str) -> dict[str, np.ndarray]:
        """Score a model by the weights: metric to values, shape (resamples,)."""
        key = (id(outcome), model)
        if key not in self.drawn:
            values = outcome.areas.observed, outcome.predicted[model]
            self.drawn[key] = resampled_scores(*values, self.resamples.weights)
        return self.drawn[key]


@dataclass(frozen=True)
class _Setting:
    """What one target is validated with; what was fitted once is not fitted again."""

    scoring: Scoring
    validation: Validation
    fold_of: Mapping[str, int]
    model: str
    predict: GroupPredictor
    found: dict[tuple[str, tuple[str, ...]], _Outcome] = field(default_factory=dict)

    def about(self, group_name: str, model: str = "") -> Row:
        """Say what a row is of: default, of the model that is fitted to groups."""
        return self.scoring.about(model or self.model, self.validation, group_name=group_name)


def score_group_models(
    datasets: Mapping[str, AreaDataset],
    groups: Sequence[Group],
    scoring: Scoring,
    on_progress: OnProgress = untold,
    *,
    model: GroupModel = "ridge",
    on_predicted: Callable[[pl.DataFrame], None] = lambda _: None,
) -> pl.DataFrame:
    """Validate a model of each group's images, beside one of all images of the same areas.

    Every target is validated by spatial blocks, the chosen one by random folds too; the published
    recipe also on one hold-out. An area is in the same fold for every group, target and set of
    areas; of a hold-out, of whose areas a fifth is drawn.

    Parameters
    ----------
    datasets
        Target to its areas, with the vectors of all their images.
    groups
        What `groups_of` gives.
    scoring
        How they are scored, with the chosen target; all groups share the folds.
    on_progress
        Called with validations done and in total.
    model
        What is fitted; see `group_predictor`.
    on_predicted
        Given, of the chosen target held out by blocks, grouping, group_name, area_code, observed
        and predicted of each group's own areas, by the images of the group.

    Returns
    -------
    polars.DataFrame
        Table `group_model_scores`; a group that cannot be scored is one row that says why.
    """
    settings = scoring.settings.model_copy(update={"features": ("pooled",)})
    datasets = {name: data.by_area_code() for name, data in datasets.items()}
    scoring = planned(datasets[scoring.target], replace(scoring, settings=settings))
    plan = validations_of(model, scoring.target, list(datasets), scoring.settings)
    rows: list[Row] = []
    for name, validation in steps(plan, on_progress):
        fold_of = deal_areas(datasets, validation, scoring.settings, scoring.seed)
        predict = group_predictor(model, datasets[name], validation, fold_of, scoring)
        mine = replace(scoring, target=name)
        setting = _Setting(mine, validation, fold_of, MODEL_NAMES[model], predict)
        with fitting_context(len(datasets[name])):
            for grouping in GROUPINGS:
                of_kind = [group for group in groups if group.grouping == grouping]
                if of_kind:
                    rows += _grouping_rows(datasets, grouping, of_kind, setting)
        if (name, validation) == (scoring.target, "blocks"):
            on_predicted(_predictions(groups, datasets[name], setting))
    return scores_frame(rows, TABLE)


def _predictions(groups: Sequence[Group], data: AreaDataset, setting: _Setting) -> pl.DataFrame:
    """Gather what was predicted of each group's own areas, of those that were scored."""
    frames = []
    for group in groups:
        codes = tuple(group.seen_in(data).area_codes)
        found = setting.found.get((f"{group.grouping}/{group.name}", codes))
        if found is not None:
            columns = {"observed": found.areas.observed, "predicted": found.predicted[found.model]}
            named = {"grouping": group.grouping, "group_name": group.name, "area_code": codes}
            frames.append(pl.DataFrame({**named, **columns}))
    return pl.concat(frames) if frames else pl.DataFrame()


def common_areas(
    datasets: Mapping[str, AreaDataset], groups: Sequence[Group]
) -> tuple[set[str], dict[str, str]]:
    """Find the areas that have every target and every group that is in enough areas.

    Returns
    -------
    tuple
        The areas; and for each group that they are not held to, the reason.
    """
    valued = set.intersection(*(set(data.area_codes) for data in datasets.values()))
    needed = max(LEAST_AREAS, int(np.ceil(ENOUGH * len(valued))))
    common, rare = set(valued), {}
    for group in groups:
        there = valued & set(group.area_codes)
        if len(there) < needed:
            rare[group.name] = (
                f"not in the common areas: images in {len(there)} of "
                f"{counted(len(valued), 'area')}, {needed} needed"
            )
        else:
            common &= there
    return common, rare


def _grouping_rows(
    datasets: Mapping[str, AreaDataset], grouping: str, groups: Sequence[Group], setting: _Setting
) -> list[Row]:
    data = datasets[setting.scoring.target]
    common, rare = common_areas(datasets, groups)
    rows: list[Row] = []
    for area_set, areas in ((COMMON, _in(data, common)), (OWN, data)):
        reasons = rare if area_set == COMMON else {}
        found = [_no_row(setting, name, 0, why) for name, why in reasons.items()]
        pairs: dict[str, tuple[_Outcome, _Outcome]] = {}
        for group in (None, *groups):
            name, seen = (group.name, group.seen_in(areas)) if group else (ALL, areas)
            if name in reasons:
                continue
            try:
                pairs[name] = _pair(areas, seen, f"{grouping}/{name}" if group else ALL, setting)
            except TooFewGroupsError as error:
                found.append(_no_row(setting, name, len(seen), str(error)))
        note = FOUND_IN_ALL if grouping == CLUSTER else None
        found += _rows_of_pairs(pairs, note, setting)
        rows += [row | {"grouping": grouping, "area_set": area_set} for row in found]
    return rows


def _in(data: AreaDataset, codes: Collection[str]) -> AreaDataset:
    return data.take([row for row, code in enumerate(data.area_codes) if code in codes])


def _pair(
    areas: AreaDataset, seen: AreaDataset, images: str, setting: _Setting
) -> tuple[_Outcome, _Outcome]:
    """Predict areas by their images of a group, and the same areas by all of their images."""
    own = _outcome(seen, images, setting)
    return own, _outcome(_in(areas, set(seen.area_codes)), ALL, setting)


def _rows_of_pairs(
    pairs: Mapping[str, tuple[_Outcome, _Outcome]], note: str | None, setting: _Setting
) -> list[Row]:
    """Score groups, those of the same areas by the same weights.

    Errors are alike as far as those of whichever images tell most of the areas are.
    """
    rows: list[Row] = []
    names_of: dict[tuple[str, ...], list[str]] = {}
    for name, (own, _) in pairs.items():
        names_of.setdefault(own.codes, []).append(name)
    for names in names_of.values():
        outcomes = [outcome for name in names for outcome in pairs[name]]
        best = max(outcomes, key=lambda one: -np.inf if (r2 := one.r2()) is None else r2)
        weighted = _weighted(best, setting)
        for name in names:
            rows += _group_rows(name, *pairs[name], weighted, note, setting)
    return rows


def _weighted(best: _Outcome, setting: _Setting) -> _Weighted:
    told, place_m = best.predicted[best.model], best.areas.place_m
    seed = seed_of(setting.scoring.seed, "bootstrap", setting.validation)
    residuals = best.areas.observed - told
    return _Weighted(resample_weights(place_m, residuals, RESAMPLES, seed, told=told))


def _group_rows(
    name: str,
    own: _Outcome,
    whole: _Outcome,
    weighted: _Weighted,
    note: str | None,
    setting: _Setting,
) -> list[Row]:
    about = setting.about
    if name == ALL:
        return [
            row
            for model in (whole.model, MEAN)
            for row in _metric_rows(whole, model, weighted, about(name, model))
        ]
    beside = whole.model + ALL_IMAGES
    rows = _metric_rows(own, own.model, weighted, about(name), note)
    rows += _metric_rows(whole, MEAN, weighted, about(name, MEAN))
    rows += _metric_rows(whole, whole.model, weighted, about(name, beside))
    return [*rows, _gain_row(own, whole, weighted, about(name), note)]


def _outcome(data: AreaDataset, images: str, setting: _Setting) -> _Outcome:
    """Predict areas as they are seen through some images.

    Raises
    ------
    TooFewGroupsError
        Where the areas are too few, or cannot be split.
    """
    key = (images, tuple(data.area_codes))
    if key not in setting.found:
        areas, predicted = predict_held_out(
            data, setting.validation, setting.fold_of, setting.scoring, setting.predict
        )
        setting.found[key] = _Outcome(areas, setting.model, predicted)
    return setting.found[key]


def _metric_rows(
    outcome: _Outcome, model: str, weighted: _Weighted, about: Row, note: str | None = None
) -> list[Row]:
    is_mean = model == MEAN
    image_count = 0 if is_mean else _images(outcome.areas)
    rows = metric_rows(
        about, outcome.areas.observed, outcome.predicted[model],
        draws=weighted.draws(outcome, model),
        note=_joined(note, None if is_mean else outcome.parameters, weighted.resamples.note),
    )  # fmt: skip
    return [row | {"image_count": image_count} for row in rows]


def _gain_row(
    own: _Outcome, whole: _Outcome, weighted: _Weighted, about: Row, note: str | None
) -> Row:
    """Compare R² with that of all images, on the same resamples (a paired bootstrap)."""
    mine, other = own.r2(), whole.r2()
    value = None if mine is None or other is None else mine - other
    note = _joined(note, own.parameters, weighted.resamples.note)
    if value is None:
        note = why_undefined(own.areas.observed, own.predicted[own.model])
    draws = weighted.draws(own, own.model)["r2"] - weighted.draws(whole, whole.model)["r2"]
    row = score_row(about, GAIN, value, len(own.areas), draws=draws, note=note)
    return row | {"image_count": _images(own.areas)}


def _no_row(setting: _Setting, group_name: str, area_count: int, why: str) -> Row:
    row = score_row(setting.about(group_name), "r2", None, area_count, note=why)
    return row | {"image_count": 0}


def _joined(*notes: str | None) -> str | None:
    return "; ".join(filter(None, notes)) or None


def _images(data: AreaDataset) -> int:
    return int(data.image_counts.sum())


def fitted_model(scores: pl.DataFrame) -> str:
    """Name the model that was fitted to groups, as a table of their scores has it."""
    beside = scores.filter(pl.col("model").str.ends_with(ALL_IMAGES))["model"].unique()
    names = {name.removesuffix(ALL_IMAGES) for name in beside}
    return names.pop() if len(names) == 1 else RIDGE
