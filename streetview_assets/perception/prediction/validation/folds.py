"""Folds of rated images that do not leak: what was rated as one is held out as one, in any mode."""

from typing import Literal

import numpy as np

from streetview_assets.models.data.splits import (
    TooFewGroupsError,
    authority_folds,
    block_folds,
    random_folds,
    seed_of,
    smallest_training,
)
from streetview_assets.models.data.variogram import practical_range_m
from streetview_assets.models.validation.plan import propose_blocks
from streetview_assets.perception.prediction.rated import RatedImages, unit_means

Mode = Literal["random", "blocks", "authorities"]
MODES: tuple[Mode, ...] = ("random", "blocks", "authorities")
FOLDS = 10
LEAST_RATED = 30
"""Units without which nothing is learned."""
LEAST_TO_LEARN_FROM = 10


def folds_of(rated: RatedImages, mode: Mode, block_km: float, seed: int) -> np.ndarray:
    """Deal rated images out to folds.

    Parameters
    ----------
    rated
        The images.
    mode
        `random`: by unit; `blocks`: by square of a grid; `authorities`: by authority. A unit lies
        where the mean of its images lies, and in the authority whose code comes first.
    block_km
        Side of a square.
    seed
        Of the deal.

    Returns
    -------
    numpy.ndarray
        The fold of each image from 1, (n,), independent of the order of the images; 0 of one that
        has no place, where places are held out: it is neither learned from nor tested.

    Raises
    ------
    TooFewGroupsError
        Where the images cannot be split that way; the text says why.
    """
    names, member = np.unique(rated.units, return_inverse=True)
    if len(names) < LEAST_RATED:
        raise TooFewGroupsError(f"{len(names)} rated, at least {LEAST_RATED} needed")
    match mode:
        case "random":
            fold = random_folds(names.tolist(), FOLDS, seed)
        case "blocks":
            fold = _by_block(rated, block_km, seed)
        case "authorities":
            fold = authority_folds(_of_first(rated.authority_codes, rated.units), seed, FOLDS)
    left = smallest_training(fold[fold > 0])
    if left < LEAST_TO_LEARN_FROM:
        raise TooFewGroupsError(
            f"one fold leaves {left} rated to learn from, at least {LEAST_TO_LEARN_FROM} needed"
        )
    return np.asarray(fold[member])


def _of_first(codes: np.ndarray, units: np.ndarray) -> list[str]:
    """Give the first of the codes of each unit, in the order of their names."""
    order = np.lexsort((codes, units))
    _, first = np.unique(units[order], return_index=True)
    return [str(code) for code in codes[order][first]]


def block_side_km(rated: RatedImages, seed: int) -> float:
    """Find how long blocks have to be: as far as the variogram finds scores alike.

    Parameters
    ----------
    rated
        The images.
    seed
        By which blocks are dealt out.

    Raises
    ------
    TooFewGroupsError
        Where the places of too few are known.
    """
    placed, place_m = _placed(rated)
    alike = practical_range_m(unit_means(rated.scores, rated.units)[placed], place_m)
    return propose_blocks(place_m, alike, alike, FOLDS, seed).block_km


def _by_block(rated: RatedImages, block_km: float, seed: int) -> np.ndarray:
    placed, place_m = _placed(rated)
    fold = np.zeros(len(placed), dtype=np.int64)
    fold[placed] = block_folds(place_m, FOLDS, block_km, seed_of(seed, "blocks"))
    return fold


def _placed(rated: RatedImages) -> tuple[np.ndarray, np.ndarray]:
    """Say which units have a place, and give theirs."""
    place_m = unit_means(rated.place_m, rated.units)
    placed = np.isfinite(place_m).all(axis=1)
    if placed.sum() < LEAST_RATED:
        raise TooFewGroupsError(
            f"{int(placed.sum())} rated whose place is known, at least {LEAST_RATED} needed"
        )
    return placed, place_m[placed]
