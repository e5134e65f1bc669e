"""What qualities of areas add to where areas lie: paired gains over kriging, blocks held out.

A quality that only follows the map, as a target does too, correlates with the target and still
tells nothing of an area that its place does not tell. Kriging does not reach far into a block: a
map that follows the target in there, however smooth, does add to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.models.candidates.place_process import PlaceProcess
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError, seed_of
from streetview_assets.models.evaluations.gains import RESAMPLES, Gain, paired_gain
from streetview_assets.models.metrics.bootstrap import LEAST_GROUPS, resample_weights
from streetview_assets.models.validation.out_of_fold import (
    Fold,
    errors_that_move,
    folds_of,
    out_of_fold,
)
from streetview_assets.models.validation.plan import with_blocks
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models
from streetview_assets.text.counted import counted

ALL = "all"
"""All qualities together, where there are several."""
OF_QUALITY, OF_PLACE, GAIN = MEASURES = ("r2_of_quality", "r2_of_place", "gain_over_place")


@dataclass(frozen=True)
class ByPlace:
    """Areas, how they are held out, and what place alone predicts of them.

    Attributes
    ----------
    data
        The areas; vectors have a column a quality.
    deals
        The folds of each deal of blocks.
    predicted
        By place, shape (deals, n).
    influence
        Of areas on the errors of that, as of `OutOfFold`; shape (deals, n).
    """

    data: AreaDataset
    deals: list[list[Fold]]
    predicted: np.ndarray
    influence: np.ndarray


def gains_over_place(
    perceived: pl.DataFrame,
    targets: pl.DataFrame,
    areas: pl.DataFrame,
    settings: Models,
    *,
    crs: str,
    seed: int,
) -> list[dict[str, Any]]:
    """Predict targets of held-out blocks from place, and from place with qualities.

    Blocks and buffer are those that `with_blocks` proposes for the areas that have the quality,
    or every quality. Place is `PlaceProcess`, and so is place with qualities.

    Parameters
    ----------
    perceived
        Table ``area_perception`` of one encoder, of all authorities.
    targets
        Table ``targets``, likewise.
    areas
        Table ``areas``, likewise.
    settings
        Of the part `models` of the study file what says how blocks are held out, and the level
        of intervals; the rest, which is of images, as by default.
    crs
        In metres.
    seed
        Of folds and resamples.

    Returns
    -------
    list of dict
        Rows of ``perception_relations`` without `encoder`: for each target and quality, and for
        all qualities as `all`, the measures `r2_of_quality`, `r2_of_place`, `gain_over_place`.
    """
    means = perceived.drop_nulls("mean")
    qualities = means["quality"].unique().sort().to_list()
    asked: dict[tuple[str, ...], str] = {(quality,): quality for quality in qualities}
    if len(qualities) > 1 and ALL not in qualities:
        asked[tuple(qualities)] = ALL
    rows: list[dict[str, Any]] = []
    for target in targets["target"].unique().sort():
        data = _assembled(means, qualities, targets.filter(target=target), areas, crs)
        of_target = seed_of(seed, "gain over place", target)
        by_names = _measured(data, qualities, list(asked), settings, of_target)
        for names, found in by_names.items():
            key = {"quality": asked[names], "target": target}
            rows += [key | row for row in found]
    return rows


def _assembled(
    means: pl.DataFrame, qualities: list[str], targets: pl.DataFrame, areas: pl.DataFrame, crs: str
) -> AreaDataset:
    """Give the areas with a value, by code; vectors are the qualities' means, NaN where none."""
    valued = targets.filter(pl.col("value").is_finite()).unique("area_code")
    rows = (
        areas.select("authority_code", "area_code", "longitude", "latitude")
        .unique("area_code")
        .join(valued.select("area_code", "value"), on="area_code")
        .sort("area_code")
    )
    place = {code: number for number, code in enumerate(rows["area_code"])}
    seen = np.full((rows.height, len(qualities)), np.nan)
    for code, quality, mean in means.select("area_code", "quality", "mean").iter_rows():
        if code in place:
            seen[place[code], qualities.index(quality)] = mean
    place_m = points_in_metres(rows, crs)
    return AreaDataset(
        area_codes=rows["area_code"].to_list(),
        authority_codes=rows["authority_code"].to_list(),
        vectors=seen,
        observed=rows["value"].to_numpy(),
        place_m=place_m,
        image_counts=np.zeros(rows.height),
        mean_colour=np.full((rows.height, 6), np.nan),
        geometry=list(shapely.points(place_m)),
    )


def _measured(
    data: AreaDataset,
    qualities: list[str],
    asked: Sequence[tuple[str, ...]],
    settings: Models,
    seed: int,
) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """Measure each set of qualities on the areas that have all of it; the same areas once."""

    @cache
    def by_place(chosen: tuple[int, ...]) -> ByPlace:
        return _by_place(data.take(np.array(chosen, dtype=np.intp)), settings, seed)

    found = {}
    for names in asked:
        columns = [qualities.index(name) for name in names]
        chosen = np.flatnonzero(~np.isnan(data.vectors[:, columns]).any(axis=1))
        try:
            place = by_place(tuple(chosen.tolist()))
        except TooFewGroupsError as error:
            told = {"area_count": len(chosen), "note": f"not told: {error}"}
            found[names] = [told | {"measure": measure} for measure in MEASURES]
        else:
            found[names] = _compared(place, columns, settings.interval_level, seed)
    return found


def _by_place(data: AreaDataset, settings: Models, seed: int) -> ByPlace:
    if len(data) < LEAST_GROUPS:
        raise TooFewGroupsError(f"{counted(len(data), 'area')}, at least {LEAST_GROUPS} needed")
    told = ~np.isnan(data.vectors).any(axis=0)
    planned = with_blocks(replace(data, vectors=data.vectors[:, told]), settings, seed)
    deals = [folds_of(data, "blocks", planned, seed, repeat + 1) for repeat in range(planned.deals)]
    return ByPlace(data, deals, *_predicted(data, deals, []))


def _predicted(
    data: AreaDataset, deals: Sequence[Sequence[Fold]], columns: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Predict held-out areas by place and these qualities, within the values learned from.

    With the influence of areas on errors in other folds; both (deals, n).
    """
    influence = np.zeros((len(deals), len(data)))

    def inputs(areas: AreaDataset) -> np.ndarray:
        return np.hstack([areas.place_m, areas.vectors[:, columns]])

    def predict(
        pulls: np.ndarray, train: AreaDataset, test: AreaDataset, fold: Fold
    ) -> dict[str, np.ndarray]:
        process = PlaceProcess(seed=fold.seed).fit(inputs(train), train.observed)
        seen, told = (train.observed.min(), train.observed.max()), process.predict(inputs(test))
        errors = errors_that_move(test.observed, told, seen)
        pulls[fold.learning] += process.influence(inputs(test), errors)
        return {GAIN: np.clip(told, *seen)}

    with fitting_context(len(data)):
        told = [
            out_of_fold(data, folds, partial(predict, pulls))[1][GAIN]
            for folds, pulls in zip(deals, influence, strict=True)
        ]
    return np.array(told), influence


def _compared(place: ByPlace, columns: list[int], level: float, seed: int) -> list[dict[str, Any]]:
    data, alone = place.data, place.predicted
    both, influence = _predicted(data, place.deals, columns)

    def gain(one: np.ndarray, other: np.ndarray | None) -> Gain:
        told = one.mean(axis=0)
        drawn = resample_weights(data.place_m, data.observed - told, RESAMPLES, seed, told=told)
        influences = None if other is None else (influence, place.influence)
        return paired_gain(data.observed, one, other, drawn, level, influences)

    pairs = {OF_QUALITY: (both, None), OF_PLACE: (alone, None), GAIN: (both, alone)}
    return [
        _row(measure, gain(one, other), len(data), level) for measure, (one, other) in pairs.items()
    ]


def _row(measure: str, gain: Gain, area_count: int, level: float) -> dict[str, Any]:
    return {
        "measure": measure,
        "value": gain.value,
        "lower": gain.lower,
        "upper": gain.upper,
        "interval_level": None if gain.lower is None else level,
        "area_count": area_count,
        "note": gain.note,
    }
