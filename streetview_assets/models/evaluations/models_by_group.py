"""One model for each group of images: what a cluster, or a text label, tells of areas.

A group is scored twice: on the areas that all groups have in common, where only the images
differ, and on all areas of its own, where the areas differ too. Clusters are those of the tables,
found without the target in all images, those of held-out areas among them; the strict way, with
clusters found inside the fold, is the feature `by_cluster`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from streetview_assets.metrics import REGRESSION, measure, resampled_scores, why_undefined
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
from streetview_assets.models.metrics.bootstrap import NO_INTERVAL, interval_of, resample
from streetview_assets.models.results.rows import Labels, Row, score_row
from streetview_assets.models.results.validation_rows import RESAMPLES, scores_frame
from streetview_assets.models.validation.nested_cv import (
    LEAST_AREAS,
    bootstrap_groups,
    learned_from,
)
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

Outcome = tuple[dict[str, float | None], dict[str, np.ndarray], str]
"""Scores, their resamples, and why one of them is not defined."""


@dataclass(frozen=True)
class _Setting:
    """What one target is validated with; what was fitted once is not fitted again."""

    labels: Labels
    validation: Validation
    fold_of: Mapping[str, int]
    settings: Models
    seed: int
    found: dict[tuple[str, tuple[str, ...]], dict[str, Outcome]] = field(default_factory=dict)


def score_group_models(
    datasets: Mapping[str, AreaDataset],
    groups: Sequence[Group],
    settings: Models,
    *,
    target: str,
    encoder: str,
    features: str,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
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
    settings
        The chapter `models` of the study file; of its candidates ridge alone competes, tuned by
        closed form.
    target
        The chosen target.
    encoder, features
        What the rows are labelled with.
    seed
        Of the folds, which all groups share, of the tuning and of the resamples.
    on_progress
        Called with validations done and in total.

    Returns
    -------
    polars.DataFrame
        Table `group_model_scores`; a group that cannot be scored is one row that says why.
    """
    settings = settings.model_copy(update={"features": ("pooled",)})
    datasets = {name: data.by_area_code() for name, data in datasets.items()}
    plan: list[tuple[str, Validation]] = [(target, "random")]
    plan += [(name, "blocks") for name in datasets]
    rows: list[Row] = []
    for done, (name, validation) in enumerate(plan, start=1):
        setting = _Setting(
            Labels(name, encoder, features, settings.interval_level),
            validation,
            _folds(datasets, validation, settings, seed),
            settings,
            seed,
        )
        with fitting_context(len(datasets[name])):
            for grouping in GROUPINGS:
                mine = [group for group in groups if group.grouping == grouping]
                if mine:
                    rows += _grouping_rows(datasets, name, grouping, mine, setting)
        if on_progress:
            on_progress(done, len(plan))
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
            fold = block_folds(place_m, settings.folds, settings.block_km, drawn_by)
        except TooFewGroupsError:
            fold = np.ones(len(codes), dtype=np.int64)
    return dict(zip(codes, fold.tolist(), strict=True))


def _grouping_rows(
    datasets: Mapping[str, AreaDataset],
    target: str,
    grouping: str,
    groups: Sequence[Group],
    setting: _Setting,
) -> list[Row]:
    data = datasets[target]
    common, rare = common_areas(datasets, groups)
    in_common = data.take([row for row, code in enumerate(data.area_codes) if code in common])
    rows: list[Row] = []
    for area_set, areas in ((COMMON, in_common), (OWN, data)):
        extra = {"grouping": grouping, "area_set": area_set}
        found = [row | extra for row in _all_rows(areas, setting)]
        for group in groups:
            if area_set == COMMON and group.name in rare:
                found.append(_no_row(setting, group.name, 0, rare[group.name]) | extra)
                continue
            found += [row | extra for row in _group_rows(areas, group, setting)]
        rows += found
    return rows


def _all_rows(areas: AreaDataset, setting: _Setting) -> list[Row]:
    try:
        outcomes = _outcomes(areas, ALL, setting)
    except TooFewGroupsError as error:
        return [_no_row(setting, ALL, len(areas), str(error))]
    return [
        *_metric_rows(areas, setting, ALL, RIDGE, outcomes[RIDGE], _images(areas), None),
        *_metric_rows(areas, setting, ALL, MEAN, outcomes[MEAN], 0, None),
    ]


def _group_rows(areas: AreaDataset, group: Group, setting: _Setting) -> list[Row]:
    seen = group.seen_in(areas)
    try:
        outcomes = _outcomes(seen, f"{group.grouping}/{group.name}", setting)
    except TooFewGroupsError as error:
        return [_no_row(setting, group.name, len(seen), str(error))]
    codes = set(seen.area_codes)
    same = areas.take([row for row, code in enumerate(areas.area_codes) if code in codes])
    whole = _outcomes(same, ALL, setting)
    name, note = group.name, FOUND_IN_ALL if group.grouping == CLUSTER else None
    return [
        *_metric_rows(seen, setting, name, RIDGE, outcomes[RIDGE], _images(seen), note),
        *_metric_rows(seen, setting, name, RIDGE_ALL, whole[RIDGE], _images(same), None),
        *_metric_rows(seen, setting, name, MEAN, outcomes[MEAN], 0, None),
        _gain_row(seen, setting, name, outcomes[RIDGE], whole[RIDGE], note),
    ]


def _outcomes(data: AreaDataset, images: str, setting: _Setting) -> dict[str, Outcome]:
    """Score ridge and the mean, out of fold, on areas as they are seen through some images.

    Raises
    ------
    TooFewGroupsError
        Where the areas are too few, or cannot be split.
    """
    key = (images, tuple(data.area_codes))
    if key not in setting.found:
        predicted = _held_out(data, setting)
        groups = bootstrap_groups(data, setting.validation, setting.settings.block_km)
        counts = resample(groups, RESAMPLES, seed_of(setting.seed, "bootstrap", setting.validation))
        setting.found[key] = {
            model: (
                measure(data.observed, values),
                resampled_scores(data.observed, values, counts),
                why_undefined(data.observed, values),
            )
            for model, values in predicted.items()
        }
    return setting.found[key]


def _held_out(data: AreaDataset, setting: _Setting) -> dict[str, np.ndarray]:
    """Predict every area by models of the areas of the other folds."""
    if len(data) < LEAST_AREAS:
        raise TooFewGroupsError(f"too few areas: {len(data)}, at least {LEAST_AREAS} needed")
    fold = np.array([setting.fold_of[code] for code in data.area_codes])
    left = smallest_training(fold)
    if left < LEAST_TO_LEARN_FROM:
        raise TooFewGroupsError(
            f"no score: one fold of {setting.validation} holds {len(data) - left} of {len(data)} "
            f"areas, which leaves {left} to learn from, at least {LEAST_TO_LEARN_FROM} needed"
        )
    ridge, left_out = ridge_path(data, setting.settings)
    if ridge is None:
        raise TooFewGroupsError(f"ridge {left_out}")
    predicted: dict[str, np.ndarray] = {}
    for number in np.unique(fold):
        held_out = fold == number
        learning = learned_from(data, held_out, setting.validation, setting.settings)
        seed = seed_of(setting.seed, setting.validation, number)
        found = predict_by(ridge, data.take(learning), data.take(held_out), seed)
        for model, values in found.items():
            predicted.setdefault(model, np.empty(len(data)))[held_out] = values
    return predicted


def _metric_rows(
    data: AreaDataset,
    setting: _Setting,
    group_name: str,
    model: str,
    outcome: Outcome,
    image_count: int,
    note: str | None,
) -> list[Row]:
    scores, resampled, undefined = outcome
    rows = []
    for metric in REGRESSION:
        value = scores[metric]
        interval = NO_INTERVAL
        if value is not None:
            interval = interval_of(resampled[metric], setting.labels.interval_level)
        row = score_row(
            setting.labels, model, setting.validation, metric, value, len(data),
            group_name=group_name, interval=interval,
            note=note if value is not None else undefined,
        )  # fmt: skip
        rows.append(row | {"image_count": image_count})
    return rows


def _gain_row(
    data: AreaDataset,
    setting: _Setting,
    group_name: str,
    own: Outcome,
    whole: Outcome,
    note: str | None,
) -> Row:
    """Compare R² with that of all images, on the same resamples (a paired bootstrap)."""
    value, interval = None, NO_INTERVAL
    mine, other = own[0]["r2"], whole[0]["r2"]
    if mine is not None and other is not None:
        value = mine - other
        interval = interval_of(own[1]["r2"] - whole[1]["r2"], setting.labels.interval_level)
    row = score_row(
        setting.labels, RIDGE, setting.validation, GAIN, value, len(data),
        group_name=group_name, interval=interval, note=note if value is not None else own[2],
    )  # fmt: skip
    return row | {"image_count": _images(data)}


def _no_row(setting: _Setting, group_name: str, area_count: int, why: str) -> Row:
    row = score_row(
        setting.labels, RIDGE, setting.validation, "r2", None, area_count,
        group_name=group_name, note=why,
    )  # fmt: skip
    return row | {"image_count": 0}


def _images(data: AreaDataset) -> int:
    return int(data.image_counts.sum())
