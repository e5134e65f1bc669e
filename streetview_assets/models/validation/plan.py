"""What a validation needs to know of the areas before it starts: blocks and buffer.

Blocks as long as the range of what is autocorrelated keep a held-out area from being told by its
neighbours (Roberts et al. 2017, Ecography 40: 913-929; Valavi et al. 2019, Methods Ecol. Evol.
10: 225-232).
"""

from dataclasses import dataclass, replace

import numpy as np

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.distance_matching import nearest_others_m
from streetview_assets.models.data.splits import (
    TooFewGroupsError,
    beyond_buffer,
    block_folds,
    blocks_of,
    random_folds,
    seed_of,
    splits_of,
)
from streetview_assets.models.data.variogram import Variogram, practical_range_m
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.ridge_cv import RIDGE, predict_by, ridge_path
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.models import Models

LEAST_BLOCKS = 10
LEAST_SHARE = 0.5
"""Of the areas, that a buffer has to leave to learn from in every fold."""
_STEP = 0.9
_MOST_STEPS = 60


@dataclass(frozen=True)
class Ranges:
    """How far the target, and the residuals of a quick model of the images, are alike."""

    target: Variogram
    residuals: Variogram


@dataclass(frozen=True)
class BlockProposal:
    """Side and buffer of spatial blocks, km, and why they are no longer.

    Attributes
    ----------
    block_km, buffer_km
        Of two digits.
    note
        What they come from.
    """

    block_km: float
    buffer_km: float
    note: str


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


def propose_blocks(
    place_m: np.ndarray, of_target: Variogram, of_residuals: Variogram, folds: int, seed: int
) -> BlockProposal:
    """Make blocks as long as the target's range, and a buffer as wide as the residuals'.

    A block as long as the target's range leaves few areas whose neighbours' values tell their
    own; a buffer as wide as the residuals' keeps the errors of a model of images independent of
    what it learned from. Both shrink to the largest that leave ten blocks (of few areas, half as
    many blocks as areas), and half of the areas to learn from in every fold.

    Parameters
    ----------
    place_m
        Easting and northing of all areas, metres; shape (n, 2), at least two.
    of_target, of_residuals
        Variograms of the target, and of the residuals of a quick model of the images.
    folds, seed
        By which the blocks are dealt out.
    """
    side_km, note = _side(place_m, of_target.range_m / 1000)
    buffer_km = _buffer(place_m, side_km, of_residuals.range_m / 1000, folds, seed)
    wanted_km = of_residuals.range_m / 1000
    note += f"; the residuals' range is {wanted_km:.1f} km"
    if buffer_km < 0.9 * wanted_km:
        note += f": a buffer of {buffer_km:g} km is the widest that leaves half of the areas"
    return BlockProposal(side_km, buffer_km, note)


def _side(place_m: np.ndarray, range_km: float) -> tuple[float, str]:
    spacing_km = float(np.median(nearest_others_m(place_m))) / 1000
    wanted_km = max(range_km, 2 * spacing_km) or 1.0
    least = min(LEAST_BLOCKS, len(place_m) // 2)
    side_km = wanted_km
    for _ in range(_MOST_STEPS):
        if len(np.unique(blocks_of(place_m, _rounded(side_km)))) >= least:
            break
        side_km *= _STEP
    note = f"the target's range is {range_km:.1f} km"
    if range_km < wanted_km:
        note += ": blocks of twice the distance between neighbours"
    elif side_km < wanted_km:
        note += f": blocks of {_rounded(side_km):g} km are the largest that are {least} or more"
    return _rounded(side_km), note


def _buffer(place_m: np.ndarray, side_km: float, wanted_km: float, folds: int, seed: int) -> float:
    if blocks_of(place_m, side_km).max() == 0:
        return 0.0
    fold = block_folds(place_m, folds, side_km, seed)
    for step in range(_MOST_STEPS // 2):
        buffer_km = _rounded(wanted_km * _STEP**step)
        learning = [
            beyond_buffer(place_m, fold == number, 1000 * buffer_km).sum()
            for number in np.unique(fold)
        ]
        if min(learning) >= LEAST_SHARE * len(place_m):
            return buffer_km
    return 0.0


def _rounded(distance_km: float) -> float:
    return float(f"{distance_km:.2g}")
