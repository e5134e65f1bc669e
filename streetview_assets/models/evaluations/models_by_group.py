"""One model for each group of images: what a cluster, or a text label, tells of areas.

A group is scored twice: on the areas that all groups have in common, where only the images
differ, and on all areas of its own, where the areas differ too. Clusters are those of the tables,
found without the target in all images, those of held-out areas among them; the strict way, with
clusters found inside the fold, is the feature `by_cluster`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from streetview_assets.metrics import measure, resampled_scores, why_undefined
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.group_vectors import CLUSTER, GROUPINGS, Group
from streetview_assets.models.data.splits import (
    LEAST_TO_LEARN_FROM,
    TooFewGroupsError,
    Validation,
    block_folds,
    random_folds,
    seed_of,
    smallest_training,
)
from streetview_assets.models.metrics.bootstrap import Resamples, resample_weights
from streetview_assets.models.progress import OnProgress, steps
from streetview_assets.models.results.rows import Row, metric_rows, score_row, scores_frame
from streetview_assets.models.results.validation_rows import RESAMPLES
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.nested_cv import LEAST_AREAS
from streetview_assets.models.validation.out_of_fold import buffer_m, numbered_folds, out_of_fold
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.ridge_cv import MEAN, RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models

TABLE = "group_model_scores"
COMMON, OWN = "common", "own"
ALL = "all"
RIDGE_ALL = "ridge_all_images"
"""Ridge that sees all images of the same areas."""
GAIN = "r2_gain_over_all_images"
ENOUGH = 0.5
"""Share of areas that a group is in, for the common areas to be held to it."""
FOUND_IN_ALL = "clusters found in all images, without the target, held-out areas among them"


@dataclass(frozen=True)
class _Outcome:
    """Areas as they are seen through some images, predicted out of fold.

    Attributes
    ----------
    predicted
        Model to predictions, shape (n,).
    drawn
        Model to what `draws` gave of it.
    """

    areas: AreaDataset
    predicted: dict[str, np.ndarray]
    drawn: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def r2(self) -> float | None:
        """Give R² of ridge."""
        return measure(self.areas.observed, self.predicted[RIDGE])["r2"]

    def draws(self, model: str, resamples: Resamples) -> dict[str, np.ndarray]:
        """Score a model by the weights of these areas: metric to values, shape (resamples,)."""
        if model not in self.drawn:
            values = self.areas.observed, self.predicted[model]
            self.drawn[model] = resampled_scores(*values, resamples.weights)
        return self.drawn[model]


@dataclass(frozen=True)
class _Setting:
    """What one target is validated with; what was fitted once is not fitted again."""

    scoring: Scoring
    validation: Validation
    fold_of: Mapping[str, int]
    found: dict[tuple[str, tuple[str, ...]], _Outcome] = field(default_factory=dict)
    weighted: dict[tuple[str, ...], Resamples] = field(default_factory=dict)

    def about(self, group_name: str, model: str = RIDGE) -> Row:
        """Say what a row is of."""
        return self.scoring.about(model, self.validation, group_name=group_name)


def score_group_models(
    datasets: Mapping[str, AreaDataset],
    groups: Sequence[Group],
    scoring: Scoring,
    on_progress: OnProgress | None = None,
) -> pl.DataFrame:
    """Validate ridge on each group's images, beside ridge on all images of the same areas.

    Every target is validated by spatial blocks, the chosen one by random folds too. An area is
    in the same fold for every group, target and set of areas.

    Parameters
    ----------
    datasets
        Target to its areas, with the vectors of all their images.
    groups
        What `groups_of` gives.
    scoring
        How they are scored, with the chosen target. Of the candidates ridge alone competes, tuned
        by closed form; all groups share the folds.
    on_progress
        Called with validations done and in total.

    Returns
    -------
    polars.DataFrame
        Table `group_model_scores`; a group that cannot be scored is one row that says why.
    """
    settings = scoring.settings.model_copy(update={"features": ("pooled",)})
    datasets = {name: data.by_area_code() for name, data in datasets.items()}
    scoring = planned(datasets[scoring.target], replace(scoring, settings=settings))
    plan: list[tuple[str, Validation]] = [(scoring.target, "random")]
    plan += [(name, "blocks") for name in datasets]
    rows: list[Row] = []
    for name, validation in steps(plan, on_progress):
        fold_of = _folds(datasets, validation, scoring.settings, scoring.seed)
        setting = _Setting(replace(scoring, target=name), validation, fold_of)
        with fitting_context(len(datasets[name])):
            for grouping in GROUPINGS:
                mine = [group for group in groups if group.grouping == grouping]
                if mine:
                    rows += _grouping_rows(datasets, grouping, mine, setting)
    return scores_frame(rows, TABLE)


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
                f"not in the common areas: images in {len(there)} of {len(valued)} areas, "
                f"{needed} needed"
            )
        else:
            common &= there
    return common, rare


def _folds(
    datasets: Mapping[str, AreaDataset], validation: Validation, settings: Models, seed: int
) -> dict[str, int]:
    """Deal all areas out, whatever their targets; none where they lie in one block."""
    places = {
        code: place
        for data in datasets.values()
        for code, place in zip(data.area_codes, data.place_m, strict=True)
    }
    codes = sorted(places)
    drawn_by = seed_of(seed, validation)
    if validation == "random":
        fold = random_folds(codes, min(settings.folds, len(codes)), drawn_by)
    else:
        place_m = np.array([places[code] for code in codes])
        try:
            fold = block_folds(place_m, settings.folds, settings.block_side_km, drawn_by)
        except TooFewGroupsError:
            fold = np.ones(len(codes), dtype=np.int64)
    return dict(zip(codes, fold.tolist(), strict=True))


def _grouping_rows(
    datasets: Mapping[str, AreaDataset], grouping: str, groups: Sequence[Group], setting: _Setting
) -> list[Row]:
    data = datasets[setting.scoring.target]
    common, rare = common_areas(datasets, groups)
    rows: list[Row] = []
    for area_set, areas in ((COMMON, _in(data, common)), (OWN, data)):
        found = _group_rows(areas, None, setting)
        for group in groups:
            if area_set == COMMON and group.name in rare:
                found.append(_no_row(setting, group.name, 0, rare[group.name]))
            else:
                found += _group_rows(areas, group, setting)
        rows += [row | {"grouping": grouping, "area_set": area_set} for row in found]
    return rows


def _in(data: AreaDataset, codes: Collection[str]) -> AreaDataset:
    return data.take([row for row, code in enumerate(data.area_codes) if code in codes])


def _group_rows(areas: AreaDataset, group: Group | None, setting: _Setting) -> list[Row]:
    """Score areas by their images of a group; without one, by all of their images."""
    name, seen = (group.name, group.seen_in(areas)) if group else (ALL, areas)
    try:
        own = _outcome(seen, f"{group.grouping}/{name}" if group else ALL, setting)
    except TooFewGroupsError as error:
        return [_no_row(setting, name, len(seen), str(error))]
    whole = _outcome(_in(areas, set(seen.area_codes)), ALL, setting) if group else own
    resamples = _resamples(whole, setting)
    note = FOUND_IN_ALL if group and group.grouping == CLUSTER else None
    rows = _metric_rows(own, RIDGE, resamples, setting.about(name), note)
    rows += _metric_rows(own, MEAN, resamples, setting.about(name, MEAN))
    if group:
        rows += _metric_rows(whole, RIDGE, resamples, setting.about(name, RIDGE_ALL))
        rows.append(_gain_row(own, whole, resamples, setting.about(name), note))
    return rows


def _outcome(data: AreaDataset, images: str, setting: _Setting) -> _Outcome:
    """Predict areas as they are seen through some images.

    Raises
    ------
    TooFewGroupsError
        Where the areas are too few, or cannot be split.
    """
    key = (images, tuple(data.area_codes))
    if key not in setting.found:
        setting.found[key] = _Outcome(data, _held_out(data, setting))
    return setting.found[key]


def _resamples(whole: _Outcome, setting: _Setting) -> Resamples:
    """Weight areas once for all that is scored on them, by the errors that all images leave."""
    areas, key = whole.areas, tuple(whole.areas.area_codes)
    if key not in setting.weighted:
        seed = seed_of(setting.scoring.seed, "bootstrap", setting.validation)
        residuals = areas.observed - whole.predicted[RIDGE]
        setting.weighted.clear()  # They are large; groups of the same areas follow each other.
        setting.weighted[key] = resample_weights(areas.place_m, residuals, RESAMPLES, seed)
    return setting.weighted[key]


def _held_out(data: AreaDataset, setting: _Setting) -> dict[str, np.ndarray]:
    """Predict every area by models of the areas of the other folds."""
    if len(data) < LEAST_AREAS:
        raise TooFewGroupsError(f"too few areas: {len(data)}, at least {LEAST_AREAS} needed")
    number = np.array([setting.fold_of[code] for code in data.area_codes])
    left = smallest_training(number)
    if left < LEAST_TO_LEARN_FROM:
        raise TooFewGroupsError(
            f"no score: one fold of {setting.validation} holds {len(data) - left} of {len(data)} "
            f"areas, which leaves {left} to learn from, at least {LEAST_TO_LEARN_FROM} needed"
        )
    settings, seed = setting.scoring.settings, setting.scoring.seed
    ridge = ridge_path(data, settings)
    folds = numbered_folds(
        data, number, setting.validation, seed, buffer_m(setting.validation, settings)
    )
    _, predicted = out_of_fold(
        data, folds, lambda train, test, fold: predict_by(ridge, train, test, fold.seed)
    )
    return predicted


def _metric_rows(
    outcome: _Outcome, model: str, resamples: Resamples, about: Row, note: str | None = None
) -> list[Row]:
    image_count = 0 if model == MEAN else _images(outcome.areas)
    rows = metric_rows(
        about, outcome.areas.observed, outcome.predicted[model],
        draws=outcome.draws(model, resamples), note=_joined(note, resamples.note),
    )  # fmt: skip
    return [row | {"image_count": image_count} for row in rows]


def _gain_row(
    own: _Outcome, whole: _Outcome, resamples: Resamples, about: Row, note: str | None
) -> Row:
    """Compare R² with that of all images, on the same resamples (a paired bootstrap)."""
    mine, other = own.r2(), whole.r2()
    value = None if mine is None or other is None else mine - other
    note = _joined(note, resamples.note)
    if value is None:
        note = why_undefined(own.areas.observed, own.predicted[RIDGE])
    draws = own.draws(RIDGE, resamples)["r2"] - whole.draws(RIDGE, resamples)["r2"]
    row = score_row(about, GAIN, value, len(own.areas), draws=draws, note=note)
    return row | {"image_count": _images(own.areas)}


def _no_row(setting: _Setting, group_name: str, area_count: int, why: str) -> Row:
    row = score_row(setting.about(group_name), "r2", None, area_count, note=why)
    return row | {"image_count": 0}


def _joined(*notes: str | None) -> str | None:
    return "; ".join(filter(None, notes)) or None


def _images(data: AreaDataset) -> int:
    return int(data.image_counts.sum())
