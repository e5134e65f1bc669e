"""Splitting a training part for tuning, by the principle by which its test part was held out."""

import numpy as np

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import (
    Split,
    authority_folds,
    block_folds,
    blocks_of,
    random_folds,
    smallest_training,
    splits_of,
)
from streetview_assets.models.validation.task import matched_folds
from streetview_assets.study.models import Models
from streetview_assets.validations import Validation

_MOST_HALVINGS = 12


def inner_splits(
    data: AreaDataset, validation: Validation, settings: Models, seed: int
) -> list[Split]:
    """Split a training part for tuning, in the way its test part was held out.

    Each fold has to leave a third of the areas to learn from. Where whole authorities do not,
    blocks are held out; where blocks do not, blocks of half the side, a quarter and so on; only
    areas that share one place fall to chance. The buffer is that of the outer blocks, or the
    largest of its half, its quarter and so on that leaves as much. Under distance matching, areas
    are held out as far from the others as `data.to_predict` says.

    Parameters
    ----------
    data
        The training part.
    validation
        How its test part is held out; of `holdout`, at random.
    settings
        The part `models` of the study file: folds, blocks and buffer.
    seed
        Of the deal.
    """
    if validation == "knndm":
        matched = matched_folds(data, settings, seed)
        return splits_of(matched.fold, data.place_m, matched.buffer_m)
    fold = _inner_folds(data, validation, settings, seed)
    if validation != "blocks":
        return splits_of(fold)
    for halvings in range(_MOST_HALVINGS):
        buffer_m = 1000 * settings.buffer_width_km / 2**halvings
        splits = splits_of(fold, data.place_m, buffer_m)
        if min(split.learning.sum() for split in splits) >= len(data) / 3:
            return splits
    return splits_of(fold)


def _inner_folds(
    data: AreaDataset, validation: Validation, settings: Models, seed: int
) -> np.ndarray:
    least, folds = len(data) / 3, settings.folds
    if validation == "authorities" and len(set(data.authority_codes)) > 1:
        fold = authority_folds(data.authority_codes, seed, folds)
        if smallest_training(fold) >= least:
            return fold
    if validation in ("blocks", "authorities"):
        for halvings in range(_MOST_HALVINGS):
            side_km = settings.block_side_km / 2**halvings
            if blocks_of(data.place_m, side_km).max() > 0:
                fold = block_folds(data.place_m, folds, side_km, seed)
                if smallest_training(fold) >= least:
                    return fold
    return random_folds(data.area_codes, min(folds, len(data)), seed)
