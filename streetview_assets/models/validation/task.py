"""What the models are for, how far away that is, and which validation answers to it."""

from dataclasses import replace

import numpy as np

from streetview_assets.models.data.dataset import AreaDataset, DistancesToPredict
from streetview_assets.models.data.distance_matching import (
    MatchedFolds,
    match_distances,
    nearest_m,
    nearest_others_m,
)
from streetview_assets.models.data.variogram import practical_range_m
from streetview_assets.study.models import Models, Task
from streetview_assets.text.counted import counted

ENOUGH_GAPS = 10
"""Of fewer areas that were not sampled, distances are no distribution."""


def distances_to_predict(data: AreaDataset, task: Task) -> DistancesToPredict:
    """Say how far what is to be predicted lies from the areas that are sampled.

    Parameters
    ----------
    data
        The sampled areas; where they know their distances already, those.
    task
        The key `models.task`.

    Returns
    -------
    DistancesToPredict
        To fill gaps, of the study's areas that were not sampled; where all were, of each area
        from its nearest other. For a new town, of each area from the nearest of another
        authority; of a single one, the range of the target: beyond, any town is as far.
    """
    if data.to_predict is not None:
        return data.to_predict
    if task == "fill gaps":
        return _gaps(data)
    codes = np.array(data.authority_codes, dtype=str)
    names = np.unique(codes)
    if len(names) > 1:
        apart = [nearest_m(data.place_m[codes == n], data.place_m[codes != n]) for n in names]
        note = "a new town: as far as each area is from the nearest of another authority"
        return DistancesToPredict(np.concatenate(apart), note=note)
    range_m = practical_range_m(data.observed, data.place_m).range_m
    if not range_m:
        note = "a new town: the target has no range, so that distance does not matter"
        return DistancesToPredict(nearest_others_m(data.place_m), note=note)
    note = f"a new town: one authority, so that the target's range of {range_m / 1000:.1f} km "
    note += "stands for the distance to another; farther counts as that far"
    return DistancesToPredict(np.array([range_m]), range_m, note)


def for_places(train: AreaDataset, place_m: np.ndarray) -> AreaDataset:
    """Let a training part know how far from it those lie that it is to predict.

    So that it is tuned for that distance; their values it does not know.

    Parameters
    ----------
    train
        Areas to learn from; where no distances are to be matched, they stay as they are.
    place_m
        Easting and northing of the areas held out, metres; shape (n, 2).
    """
    if train.to_predict is None:
        return train
    distance_m = nearest_m(place_m, train.place_m)
    return replace(train, to_predict=replace(train.to_predict, distance_m=distance_m))


def matched_folds(data: AreaDataset, settings: Models, seed: int) -> MatchedFolds:
    """Hold areas out as far from the others as what is to be predicted lies from all.

    Parameters
    ----------
    data
        The sampled areas.
    settings
        The part `models` of the study file: task and folds.
    seed
        Of what is dealt out by chance.

    Raises
    ------
    TooFewGroupsError
        Where no way to deal them out leaves a third to learn from.
    """
    wanted = distances_to_predict(data, settings.task)
    return match_distances(data.place_m, data.authority_codes, wanted, settings.folds, seed)


def _gaps(data: AreaDataset) -> DistancesToPredict:
    gaps = len(data.unsampled_m)
    if gaps >= ENOUGH_GAPS:
        note = f"gaps: as far as {gaps:,} areas that were not sampled are from those that were"
        return DistancesToPredict(nearest_m(data.unsampled_m, data.place_m), note=note)
    note = f"gaps: {counted(gaps, 'area was', 'areas were')} not sampled, so that the distance "
    note += "of each sampled area from its nearest other stands for them"
    return DistancesToPredict(nearest_others_m(data.place_m), note=note)
