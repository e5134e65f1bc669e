"""Every target of a study, predicted from the same areas in the same way."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from streetview_assets.models.candidates.baselines import Baseline, baselines_for
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError, Validation
from streetview_assets.models.metrics.morans_i import neighbour_weights
from streetview_assets.models.results.validation_rows import (
    Labels,
    Row,
    cross_conformal,
    no_score,
    score_rows,
    scores_frame,
)
from streetview_assets.models.validation.nested_cv import Competitors, cross_validate
from streetview_assets.models.validation.ridge_cv import RIDGE, ridge_path
from streetview_assets.study.models import Models

TABLE = "target_scores"
VALIDATIONS: tuple[Validation, ...] = ("random", "blocks")
BASELINES = ("mean", "coordinates")
_EVERY = 4
"""One in so many of a baseline's settings is tried: there are many targets."""


def on_common_areas(datasets: Mapping[str, AreaDataset]) -> dict[str, AreaDataset]:
    """Keep the areas that have a value of every target, sorted by area.

    Parameters
    ----------
    datasets
        Target to its areas.
    """
    if not datasets:
        return {}
    common = set.intersection(*(set(data.area_codes) for data in datasets.values()))
    return {
        target: data.take([row for row, code in enumerate(data.area_codes) if code in common])
        .by_area_code()
        for target, data in datasets.items()
    }  # fmt: skip


def score_targets(
    datasets: Mapping[str, AreaDataset],
    settings: Models,
    *,
    encoder: str,
    features: str,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Validate ridge, the mean and the coordinates on every target, on their common areas.

    Parameters
    ----------
    datasets
        Target to its areas; what is not common to all is left out here.
    settings
        The chapter `models` of the study file. Of its candidates ridge alone competes, tuned by
        closed form, so that `tuned` is the same model.
    encoder, features
        What the rows are labelled with.
    seed
        Of the folds, which all targets share, and of the resamples.
    on_progress
        Called with validations done and in total.

    Returns
    -------
    polars.DataFrame
        Table `target_scores`; a target that cannot be scored is one row that says why.
    """
    rows: list[Row] = []
    total = len(datasets) * len(VALIDATIONS)
    done = 0
    for target, data in on_common_areas(datasets).items():
        labels = Labels(target, encoder, features, settings.interval_level)
        for validation in VALIDATIONS:
            rows += _rows_of(labels, data, settings, validation, seed)
            done += 1
            if on_progress:
                on_progress(done, total)
    return scores_frame(rows, TABLE)


def _rows_of(
    labels: Labels, data: AreaDataset, settings: Models, validation: Validation, seed: int
) -> list[Row]:
    ridge, left_out = ridge_path(data, settings)
    if ridge is None:
        return [no_score(labels, validation, len(data), f"ridge {left_out}")]
    competing = Competitors([ridge], _few_baselines(data), {})
    one_trial = settings.model_copy(update={"candidates": (RIDGE,), "trials": 1})
    try:
        split = cross_validate(competing, data, one_trial, validation, seed)
    except TooFewGroupsError as error:
        return [no_score(labels, validation, len(data), f"no score: {error}")]
    half_widths = cross_conformal(data, split, labels.interval_level)
    return score_rows(labels, data, split, half_widths, neighbour_weights(data.geometry), seed)


def _few_baselines(data: AreaDataset) -> list[Baseline]:
    """Give the baselines that say whether images tell more than the place does."""
    chosen, _ = baselines_for(data)
    return [_with_few_settings(one) for one in chosen if one.name in BASELINES]


def _with_few_settings(baseline: Baseline) -> Baseline:
    return replace(baseline, settings=lambda size: baseline.settings(size)[::_EVERY])
