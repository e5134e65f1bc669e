"""How large spatial blocks should be, and how wide a buffer: as far as values are alike.

Blocks as long as the range of what is autocorrelated keep a held-out area from being told by its
neighbours (Roberts et al. 2017, Ecography 40: 913-929; Valavi et al. 2019, Methods Ecol. Evol.
10: 225-232).
"""

from dataclasses import dataclass

import numpy as np

from streetview_assets.models.data.distance_matching import nearest_others_m
from streetview_assets.models.data.splits import beyond_buffer, block_folds, blocks_of
from streetview_assets.models.data.variogram import Variogram

LEAST_BLOCKS = 10
LEAST_SHARE = 0.5
"""Of the areas, that a buffer has to leave to learn from in every fold."""
_STEP = 0.9
_MOST_STEPS = 60


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
