"""Every target of a study, predicted from the same areas in the same way."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from types import MappingProxyType

import polars as pl

from streetview_assets.models.candidates.baselines import PLACE, Baseline, baselines_for
from streetview_assets.models.candidates.other_features import (
    candidates_on_others,
    others_beside_place,
)
from streetview_assets.models.candidates.place_and_images import place_and_images
from streetview_assets.models.candidates.preprocessing import preparation_of
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError
from streetview_assets.models.evaluations.gains import (
    IMAGES,
    NOTHING,
    Gain,
    Predicted,
    gain_row,
    gain_rows,
)
from streetview_assets.models.evaluations.selection import validated_rows
from streetview_assets.models.results.rows import Row, scores_frame
from streetview_assets.models.results.validation_rows import no_score
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.ridge_cv import PLAIN_RIDGE, RIDGE, ridge_path
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import Validation

TABLE, GAINS = "target_scores", "target_gains"
BLOCKS: Validation = "blocks"
VALIDATIONS: tuple[Validation, ...] = ("random", "blocks")
BASELINES = ("mean", PLACE)


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
    datasets: Mapping[str, AreaDataset], scoring: Scoring, on_progress: OnProgress = untold
) -> pl.DataFrame:
    """Validate ridge, the mean and place on every target, on their common areas.

    Parameters
    ----------
    datasets
        Target to its areas; what is not common to all is left out here.
    scoring
        How they are scored, whichever target it names. Of the candidates ridge alone competes,
        tuned by closed form, so that `tuned` is the same model. All targets share the folds.
    on_progress
        Called with validations done and in total.

    Returns
    -------
    polars.DataFrame
        Table `target_scores`; a target that cannot be scored is one row that says why.
    """
    common = on_common_areas(datasets)
    if common:
        scoring = planned(common.get(scoring.target) or next(iter(common.values())), scoring)
    pairs = list(product(common.items(), VALIDATIONS))
    rows: list[Row] = []
    for (target, data), validation in steps(pairs, on_progress):
        rows += _rows_of(data, replace(scoring, target=target), validation)
    return scores_frame(rows, TABLE)


def _rows_of(data: AreaDataset, scoring: Scoring, validation: Validation) -> list[Row]:
    try:
        ridge = ridge_path(data, scoring.settings)
    except TooFewGroupsError as error:
        return [no_score(scoring, validation, len(data), str(error))]
    one_trial = scoring.settings.model_copy(update={"candidates": (RIDGE,), "trials": 1})
    competing = Competitors([ridge], _few_baselines(data), {})
    return validated_rows(competing, data, replace(scoring, settings=one_trial), validation)


def gains_of_targets(
    datasets: Mapping[str, AreaDataset],
    scoring: Scoring,
    on_progress: OnProgress = untold,
    domains: Mapping[str, str | None] = MappingProxyType({}),
) -> pl.DataFrame:
    """Compare what images, place and whatever else is known tell of every target, in blocks.

    Parameters
    ----------
    datasets, scoring
        As `score_targets` takes them.
    on_progress
        Called with targets done and in total.
    domains
        Target to what it belongs to.

    Returns
    -------
    polars.DataFrame
        Table `target_gains`; of a target that cannot be scored one row that says why.
    """
    common = on_common_areas(datasets)
    if common:
        scoring = planned(common.get(scoring.target) or next(iter(common.values())), scoring)
    rows: list[Row] = []
    for target, data in steps(list(common.items()), on_progress):
        gains = _gains_of(data, replace(scoring, target=target))
        rows += [row | {"domain": domains.get(target)} for row in gains]
    return TABLES[GAINS].frame(rows).sort(TABLES[GAINS].key)


def _gains_of(data: AreaDataset, scoring: Scoring) -> list[Row]:
    try:
        ridge = ridge_path(data, scoring.settings)
        preparation = preparation_of(data, scoring.settings)
        beside = others_beside_place(data, preparation, each=False)
        baselines = [*_few_baselines(data), place_and_images(preparation), *beside]
        others = candidates_on_others(data, [PLAIN_RIDGE], preparation)
        settings = scoring.settings.model_copy(update={"candidates": (RIDGE,), "trials": 1})
        competing = Competitors([ridge], baselines, {}, others)
        split = cross_validate(competing, data, settings, BLOCKS, scoring.seed)
    except TooFewGroupsError as error:
        why = Gain(None, None, None, 0, str(error))
        return [gain_row(scoring, BLOCKS, (IMAGES, NOTHING), len(data), why)]
    named = {name: IMAGES if name == TUNED else name for name in split.predicted}
    by = {named[name]: predicted[None] for name, predicted in split.predicted.items()}
    influence = {name: found[None] for name, found in split.influence.items()}
    under = Predicted(by, split.areas.observed, split.areas.place_m, influence=influence)
    return gain_rows(scoring, under, BLOCKS)


def _few_baselines(data: AreaDataset) -> list[Baseline]:
    """Give the baselines that say whether images tell more than the place does."""
    chosen, _ = baselines_for(data)
    return [one for one in chosen if one.name in BASELINES]
