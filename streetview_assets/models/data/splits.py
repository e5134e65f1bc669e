"""How areas are held out: at random, by spatial block, a fifth once, by whole authority.

A random fold leaves the neighbours of a held-out area in the training part, and deprivation is
spatially autocorrelated, so that it may flatter (Roberts et al. 2017, Ecography 40: 913-929).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.text.counted import counted
from streetview_assets.validations import Validation

MOST_AUTHORITY_FOLDS = 20
MANY_AREAS = 4_000
"""Of more areas, what would grow faster than they do is made of groups, landmarks and those around.
"""
LEAST_TO_LEARN_FROM = 5


class TooFewGroupsError(ValueError):
    """The areas cannot be split this way; the text says why and becomes the note of a score."""


@dataclass(frozen=True)
class Split:
    """What is held out, and what is learned from: masks of shape (n,).

    Attributes
    ----------
    learning, held_out
        An area near to those held out may be neither.
    """

    learning: np.ndarray
    held_out: np.ndarray


def seed_of(seed: int, *words: object) -> int:
    """Derive the seed of one part of the work, so that parts do not share a random stream.

    Parameters
    ----------
    seed
        The study's, or one derived from it before.
    *words
        What names the part: by other words another seed.
    """
    text = "/".join(str(word) for word in words).encode()
    return int(np.random.SeedSequence([seed % 2**64, *text]).generate_state(1)[0])


def random_folds(area_codes: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """Deal areas out to folds of equal size, at random.

    Parameters
    ----------
    area_codes
        Codes of the areas, each once.
    folds
        The most folds.
    seed
        Of the deal.

    Returns
    -------
    numpy.ndarray
        The fold of each area, 1 to at most `folds`; independent of the order of the areas.
    """
    order = np.argsort(np.array(area_codes, dtype=str), kind="stable")
    shuffled = np.random.default_rng(seed).permutation(order)
    fold = np.empty(len(order), dtype=np.int64)
    fold[shuffled] = np.arange(len(order)) % folds + 1
    return fold


def holdout_split(
    area_codes: Sequence[str], share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the areas of a single hold-out, as scikit-learn's train_test_split does.

    The areas are sorted by code first, so that a seed names one split. Those to learn from keep
    the order that they are given in: trees on a part of the rows hang on it, and what was
    published has rows in this one.

    Parameters
    ----------
    area_codes
        Codes of all areas, in any order, each once.
    share
        Of the areas that are held out, 0 to 1; their number is rounded up.
    seed
        Of scikit-learn's `train_test_split`, as it is.

    Returns
    -------
    tuple
        Positions of the areas to learn from, in the order of `train_test_split`, and of those
        that are held out, rising.

    Raises
    ------
    TooFewGroupsError
        Where hardly any area would be left to learn from.
    """
    from sklearn.model_selection import train_test_split

    order = np.argsort(np.array(area_codes, dtype=str), kind="stable")
    left = len(order) - int(np.ceil(len(order) * share))
    if left < LEAST_TO_LEARN_FROM:
        raise TooFewGroupsError(
            f"the hold-out leaves {left} of {counted(len(order), 'area')} to learn from, "
            f"at least {LEAST_TO_LEARN_FROM} needed"
        )
    train, test = train_test_split(order, test_size=share, random_state=seed % 2**32)
    return np.asarray(train, dtype=np.int64), np.sort(np.asarray(test, dtype=np.int64))


def beyond_buffer(
    place_m: np.ndarray, held_out: np.ndarray, buffer_m: float | np.ndarray
) -> np.ndarray:
    """Say which areas are learned from: none that is held out, nor near to one that is.

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    held_out
        Which areas are held out, shape (n,), boolean.
    buffer_m
        An area within so many metres of one held out is left out too; of each area its own,
        shape (n,), or one for all.

    Returns
    -------
    numpy.ndarray
        Shape (n,), boolean.
    """
    learning: np.ndarray = ~held_out
    width_m = np.broadcast_to(buffer_m, held_out.shape)
    for radius_m in np.unique(width_m[held_out & (width_m > 0)]):
        around = cKDTree(place_m[held_out & (width_m == radius_m)])
        left, beyond_m = np.flatnonzero(learning), np.nextafter(radius_m, np.inf)
        distance_m, _ = around.query(place_m[left], distance_upper_bound=beyond_m)
        learning[left[distance_m <= radius_m]] = False
    return learning


def blocks_of(place_m: np.ndarray, block_km: float) -> np.ndarray:
    """Give the square of a grid that each place lies in.

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    block_km
        Side of a square. The grid starts at the CRS's origin, so that an area keeps its square
        whichever other areas are in.

    Returns
    -------
    numpy.ndarray
        Number of the square, from 0, in the order of easting, then northing; shape (n,).
    """
    cells = np.floor(np.asarray(place_m) / (block_km * 1000)).astype(np.int64)
    _, block = np.unique(cells, axis=0, return_inverse=True)
    return np.asarray(block, dtype=np.int64).reshape(-1)


def group_folds(groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Deal whole groups out to at most `folds` folds of about equal size.

    The largest group goes first, each to the fold that is smallest so far; the seed decides
    between groups of one size.

    Parameters
    ----------
    groups
        Group of each row, of any type that sorts; (n,).
    folds
        The most folds.
    seed
        Of the order of groups of one size.

    Returns
    -------
    numpy.ndarray
        The fold of each row, from 1.

    Raises
    ------
    TooFewGroupsError
        With fewer than two groups.
    """
    names, member, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise TooFewGroupsError(f"{len(names)} group, at least 2 needed")
    drawn = np.random.default_rng(seed).permutation(len(names))
    largest_first = drawn[np.argsort(-sizes[drawn], kind="stable")]
    filled = np.zeros(min(folds, len(names)), dtype=np.int64)
    fold_of_group = np.empty(len(names), dtype=np.int64)
    for group in largest_first:
        smallest = int(np.argmin(filled))
        fold_of_group[group] = smallest + 1
        filled[smallest] += sizes[group]
    return fold_of_group[member.reshape(-1)]


def block_folds(place_m: np.ndarray, folds: int, block_km: float, seed: int) -> np.ndarray:
    """Hold out squares of a grid: every area of a square is in one fold.

    Parameters
    ----------
    place_m
        Easting and northing, metres; shape (n, 2).
    folds
        The most folds.
    block_km
        Side of a square.
    seed
        Of the order of squares with as many areas.

    Raises
    ------
    TooFewGroupsError
        Where all areas lie in one square.
    """
    block = blocks_of(place_m, block_km)
    if block.size == 0 or block.max() == 0:
        raise TooFewGroupsError(
            f"the areas lie in {min(block.size, 1)} block of {block_km:g} km, at least 2 needed"
        )
    return group_folds(block, folds, seed)


def authority_folds(
    authority_codes: Sequence[str], seed: int, most: int = MOST_AUTHORITY_FOLDS
) -> np.ndarray:
    """Hold out whole authorities: one fold each, above `most` authorities so many groups of them.

    Parameters
    ----------
    authority_codes
        Code of each area's authority.
    seed
        Of the groups, where there are more than `most`.
    most
        The most folds.

    Raises
    ------
    TooFewGroupsError
        With one authority.
    """
    codes = np.array(authority_codes, dtype=str)
    names, member = np.unique(codes, return_inverse=True)
    if len(names) < 2:
        raise TooFewGroupsError(f"{len(names)} authority, at least 2 needed")
    if len(names) <= most:
        return np.asarray(member, dtype=np.int64).reshape(-1) + 1
    return group_folds(codes, most, seed)


def held_out_together(authority_codes: Sequence[str], authority_code: str, seed: int) -> set[str]:
    """Name the authorities that are held out with this one, itself among them.

    The groups depend on the set of authorities alone, not on how many areas of each have
    imagery, so that every partition finds the same ones.

    Parameters
    ----------
    authority_codes
        Codes of all authorities of the study; repeats count once.
    authority_code
        Code of this one.
    seed
        The study's, the same in every partition.
    """
    names = sorted(set(authority_codes))
    if len(names) <= MOST_AUTHORITY_FOLDS:
        return {authority_code}
    fold = group_folds(np.array(names, dtype=str), MOST_AUTHORITY_FOLDS, seed)
    mine = fold[names.index(authority_code)]
    return {name for name, other in zip(names, fold, strict=True) if other == mine}


def grid_shift_m(block_km: float, seed: int) -> np.ndarray:
    """Draw how far a grid is shifted, easting and northing in metres; shape (2,).

    Parameters
    ----------
    block_km
        Side of a square.
    seed
        Of the draw.
    """
    return np.random.default_rng(seed).uniform(0, 1000 * block_km, size=2)


def outer_folds(
    data: AreaDataset,
    validation: Validation,
    folds: int,
    block_km: float,
    seed: int,
    shift_m: np.ndarray | None = None,
) -> np.ndarray:
    """Split areas for a validation.

    Parameters
    ----------
    data
        Areas with imagery and a value.
    validation
        `random`, `blocks` or `authorities`.
    folds
        The most folds.
    block_km
        Side of a square of the grid.
    seed
        Of the deal.
    shift_m
        How far the grid is shifted, metres, shape (2,); default: it starts at the CRS's origin.

    Raises
    ------
    TooFewGroupsError
        Where they cannot be split that way, or hardly any area would be left to learn from.
    """
    match validation:
        case "random":
            fold = random_folds(data.area_codes, min(folds, len(data)), seed)
        case "blocks":
            place_m = data.place_m if shift_m is None else data.place_m + shift_m
            fold = block_folds(place_m, folds, block_km, seed)
        case "authorities":
            fold = authority_folds(data.authority_codes, seed)
        case "holdout" | "knndm":
            raise ValueError(f"{validation} has folds of its own; see out_of_fold.folds_of")
    check_rest(fold, "one fold")
    return fold


def splits_of(
    fold: np.ndarray, place_m: np.ndarray | None = None, buffer_m: float | np.ndarray = 0.0
) -> list[Split]:
    """Give what each fold holds out, and what it learns from.

    Parameters
    ----------
    fold
        The fold of each area, shape (n,).
    place_m
        Easting and northing, metres, shape (n, 2); needed for a buffer.
    buffer_m
        Areas so near to one held out are not learned from; see `beyond_buffer`.
    """
    masks = [fold == number for number in np.unique(fold)]
    if place_m is None:
        return [Split(~mask, mask) for mask in masks]
    return [Split(beyond_buffer(place_m, mask, buffer_m), mask) for mask in masks]


def check_rest(fold: np.ndarray, named: str) -> None:
    """Refuse folds of which one leaves hardly any area to learn from.

    Parameters
    ----------
    fold
        The fold of each area, shape (n,).
    named
        What such a fold is called.

    Raises
    ------
    TooFewGroupsError
        Where the largest fold leaves too few.
    """
    left = smallest_training(fold)
    if left < LEAST_TO_LEARN_FROM:
        raise TooFewGroupsError(
            f"{named} holds {len(fold) - left} of {counted(len(fold), 'area')}, which leaves "
            f"{left} to learn from, at least {LEAST_TO_LEARN_FROM} needed"
        )


def smallest_training(fold: np.ndarray) -> int:
    """Count the areas that are left when the largest fold is held out."""
    _, sizes = np.unique(fold, return_counts=True)
    return len(fold) - int(sizes.max())
