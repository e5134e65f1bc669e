"""What a validation needs to know of the areas before it starts: blocks and buffer."""

from dataclasses import dataclass, replace

import numpy as np

from streetview_assets.models.data.block_proposal import BlockProposal, propose_blocks
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import TooFewGroupsError, random_folds, seed_of, splits_of
from streetview_assets.models.data.variogram import Variogram, practical_range_m
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.ridge_cv import RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models


@dataclass(frozen=True)
class Ranges:
    """How far the target, and the residuals of a quick model of the images, are alike."""

    target: Variogram
    residuals: Variogram


def with_blocks(
    data: AreaDataset, settings: Models, seed: int, ranges: Ranges | None = None
) -> Models:
    """Replace `auto` by the blocks and the buffer that these areas ask for.

    Parameters
    ----------
    data
        The areas that are validated, in any order.
    settings
        The part `models` of the study file; numbers stay as they are.
    seed
        The study's.
    ranges
        What `ranges_of` gives; default: found here.
    """
    if "auto" not in (settings.block_km, settings.buffer_km):
        return settings
    proposed = proposal(data, settings, ranges or ranges_of(data, settings, seed), seed)
    update = {"block_km": proposed.block_km, "buffer_km": proposed.buffer_km}
    return settings.model_copy(
        update={key: value for key, value in update.items() if getattr(settings, key) == "auto"}
    )


def block_side_km(settings: Models, values: np.ndarray, place_m: np.ndarray) -> float:
    """Give the side of the blocks for values that no model of areas predicts.

    Parameters
    ----------
    settings
        The part `models` of the study file; a number stays as it is.
    values
        Of the areas, shape (n,).
    place_m
        Easting and northing of the areas, metres; shape (n, 2).
    """
    if settings.block_km != "auto":
        return settings.block_km
    if len(place_m) < 2:
        return 1.0
    alike = practical_range_m(values, place_m)
    return propose_blocks(place_m, alike, alike, settings.folds, seed=0).block_km


def planned(data: AreaDataset, scoring: Scoring, ranges: Ranges | None = None) -> Scoring:
    """Give the scoring with numbers in place of `auto`; see `with_blocks`.

    Parameters
    ----------
    data
        The areas that are validated, in any order.
    scoring
        How they are scored.
    ranges
        What `ranges_of` gives; default: found here.
    """
    settings = with_blocks(data, scoring.settings, scoring.seed, ranges)
    return replace(scoring, settings=settings)


def proposal(data: AreaDataset, settings: Models, ranges: Ranges, seed: int) -> BlockProposal:
    """Propose blocks and buffer of known ranges.

    Parameters
    ----------
    data
        The areas that are validated.
    settings
        The part `models` of the study file.
    ranges
        What `ranges_of` gives.
    seed
        The study's.
    """
    if len(data) < 2:
        return BlockProposal(1.0, 0.0, f"{len(data)} area")
    return propose_blocks(data.place_m, ranges.target, ranges.residuals, settings.folds, seed)


def ranges_of(data: AreaDataset, settings: Models, seed: int) -> Ranges:
    """Fit variograms to the target and to the residuals of ridge, out of random folds.

    Parameters
    ----------
    data
        The areas that are validated, in any order. Where ridge cannot learn from them, the
        target stands for its residuals.
    settings
        The part `models` of the study file.
    seed
        The study's.
    """
    data = data.by_area_code()
    target = practical_range_m(data.observed, data.place_m)
    residuals = _ridge_residuals(data, settings, seed)
    if residuals is None:
        return Ranges(target, target)
    return Ranges(target, practical_range_m(residuals, data.place_m))


def _ridge_residuals(data: AreaDataset, settings: Models, seed: int) -> np.ndarray | None:
    folds = min(settings.folds, len(data))
    if folds < 2:
        return None
    try:
        ridge = ridge_path(data, settings)
    except TooFewGroupsError:
        return None
    residuals = np.empty(len(data))
    fold = random_folds(data.area_codes, folds, seed_of(seed, "ranges"))
    with fitting_context(len(data)):
        for split in splits_of(fold):
            train, test = data.take(split.learning), data.take(split.held_out)
            residuals[split.held_out] = test.observed - predict_by(ridge, train, test, seed)[RIDGE]
    return residuals
