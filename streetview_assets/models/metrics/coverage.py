"""Whether prediction intervals hold, in every place and kind of area, or on average alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from streetview_assets.areas.standing import DECILES, deciles_among
from streetview_assets.text.counted import counted

ALL = "all"
COUNT_CLASSES = ((1, 2), (3, 5), (6, 10), (11, 20), (21, 40), (41, np.inf))
LEAST_AREAS_TO_TELL = 20
"""With fewer, coverage is measured and not judged."""
OVERALL_TOLERANCE, LOCAL_TOLERANCE = 0.02, 0.05
"""So much below the level coverage may lie: of all areas and by image count; in one place or tenth
of the target, where intervals that look at no value can promise less."""
LEAST_AREAS_OF_A_BLOCK = 5
PERMUTATIONS = 500


@dataclass(frozen=True)
class Group:
    """Areas whose coverage is measured.

    Attributes
    ----------
    areas
        Which ones: a mask of shape (n,).
    tolerance
        How far their coverage may fall short.
    parts
        The number of the group of its kind that each area is in, (n,): misses are compared with
        those of neighbours in the same one.
    """

    areas: np.ndarray
    tolerance: float
    parts: np.ndarray


@dataclass(frozen=True)
class Coverage:
    """Of one group of areas.

    Attributes
    ----------
    value, lower, upper
        Share of areas inside their intervals, and its own interval; None without intervals.
    area_count
        Areas of the group.
    least
        The coverage meant, less the tolerance.
    p_value
        The chance of so few inside, were the least meant held; None where there are too few areas.
    """

    value: float | None
    lower: float | None
    upper: float | None
    area_count: int
    least: float
    p_value: float | None


def coverage_groups(
    authority_codes: Sequence[str],
    image_counts: np.ndarray,
    observed: np.ndarray,
    study_values: np.ndarray,
    overall_tolerance: float = OVERALL_TOLERANCE,
    *,
    are_deciles: bool = False,
) -> dict[str, Group]:
    """Group areas: all, by authority where there are several, by image count, by target.

    Parameters
    ----------
    authority_codes, image_counts, observed
        Of each area, shape (n,).
    study_values
        The values whose tenths count, shape (m,).
    overall_tolerance
        How far the coverage of all of them may fall short; of one place, as in a place.
    are_deciles
        Whether the values are deciles, which are not cut again.

    Returns
    -------
    dict
        Name to group, `all` first; none is empty.
    """
    whole = np.zeros(len(observed), dtype=np.int64)
    groups = {ALL: Group(whole == 0, overall_tolerance, whole)}
    codes = np.array(authority_codes, dtype=str)
    if len(names := np.unique(codes)) > 1:
        groups |= {str(name): Group(codes == name, LOCAL_TOLERANCE, whole) for name in names}
    of_count = np.searchsorted([most for _, most in COUNT_CLASSES], image_counts)
    for number, (least, most) in enumerate(COUNT_CLASSES):
        name = f"{least} to {most} images" if np.isfinite(most) else f"{least} images or more"
        groups[name] = Group(of_count == number, OVERALL_TOLERANCE, of_count)
    tenth = deciles_among(observed, study_values, are_deciles=are_deciles)
    for number in range(1, DECILES + 1):
        groups[f"decile {number}"] = Group(tenth == number, LOCAL_TOLERANCE, tenth)
    return {name: group for name, group in groups.items() if group.areas.any()}


def coverage_by_group(
    inside: np.ndarray,
    groups: Mapping[str, Group],
    block: np.ndarray,
    authority_codes: Sequence[str],
    level: float,
) -> dict[str, Coverage]:
    """Measure the coverage of each group, and how likely one so low is by chance.

    Neighbours are inside or outside together: a group counts for as many areas as tell the same
    independently (Kish's design effect), by the correlation within blocks.

    Parameters
    ----------
    inside
        Whether each value lies in its interval, (n,), NaN where there is none.
    groups
        What `coverage_groups` gives.
    block, authority_codes
        Of each area, (n,); correlation within blocks is that within authorities and within the
        groups of a kind: one in which intervals fail does not make its own failure look like
        chance, and one whose neighbours fail together pays for that.
    level
        Share that is meant to be inside; the level of the intervals of coverage too.
    """
    together: dict[int, float] = {}
    found = {}
    for name, group in groups.items():
        if id(group.parts) not in together:
            together[id(group.parts)] = _alike(inside, block, authority_codes, group.parts)
        found[name] = _coverage(inside, group, block, together[id(group.parts)], level)
    return found


def coverage_spread(inside: np.ndarray, block: np.ndarray) -> tuple[float | None, str]:
    """Give the standard deviation of the coverage over spatial blocks of five areas or more.

    Parameters
    ----------
    inside
        Whether each value lies in its interval, (n,), NaN where there is none.
    block
        Number of each area's square, (n,).

    Returns
    -------
    tuple
        The spread, None with fewer than two such blocks, and a note: how many blocks there are
        and the lowest and highest coverage; or why there is no spread.
    """
    has_one = np.isfinite(inside)
    shares, blocks = _shares(inside[has_one][None], block[has_one])
    if blocks < 2:
        few = counted(blocks, "block")
        return None, f"not defined: {few} of {LEAST_AREAS_OF_A_BLOCK} areas or more"
    note = f"{counted(blocks, 'block')}, coverage {shares.min():.2f} to {shares.max():.2f}"
    return float(shares.std()), note


def spread_by_chance(inside: np.ndarray, block: np.ndarray, seed: int) -> np.ndarray:
    """Draw the spread over blocks of these sizes, were it all the same where an area lies.

    Parameters
    ----------
    inside
        Whether each value lies in its interval, (n,), NaN where there is none.
    block
        Number of each area's square, (n,); two or more have five areas.
    seed
        Of the permutations.

    Returns
    -------
    numpy.ndarray
        What `coverage_spread` gives of as many areas inside, dealt out anew; (permutations,).
    """
    has_one = np.isfinite(inside)
    rng = np.random.default_rng(seed)
    dealt = rng.permuted(np.tile(inside[has_one], (PERMUTATIONS, 1)), axis=1)
    shares, _ = _shares(dealt, block[has_one])
    return np.asarray(shares.std(axis=1))


def _shares(inside: np.ndarray, block: np.ndarray) -> tuple[np.ndarray, int]:
    """Give the coverage of each large block, (draws, blocks), and how many there are."""
    from scipy.sparse import csr_matrix

    _, member, sizes = np.unique(block, return_inverse=True, return_counts=True)
    large = sizes >= LEAST_AREAS_OF_A_BLOCK
    at, shape = (member.reshape(-1), np.arange(len(block))), (len(sizes), len(block))
    counted = (csr_matrix((np.ones(len(block)), at), shape=shape) @ inside.T).T
    return counted[:, large] / sizes[large], int(large.sum())


def _coverage(
    inside: np.ndarray, group: Group, block: np.ndarray, together: float, level: float
) -> Coverage:
    from scipy.special import betainc
    from scipy.stats import beta

    known = group.areas & np.isfinite(inside)
    least, areas = max(level - group.tolerance, level / 2), int(group.areas.sum())
    if not known.any():
        return Coverage(None, None, None, areas, least, None)
    value = float(inside[known].mean())
    _, sizes = np.unique(block[known], return_counts=True)
    effect = 1 + together * max(0.0, (sizes**2).sum() / sizes.sum() - 1)
    count = known.sum() / effect
    held, tail = value * count, (1 - level) / 2
    missed = count - held
    lower = float(beta.ppf(tail, held, missed + 1)) if held > 0 else 0.0
    upper = float(beta.ppf(1 - tail, held + 1, missed)) if missed > 0 else 1.0
    p_value = float(betainc(missed, held + 1, 1 - least)) if missed > 0 else 1.0
    told = p_value if known.sum() >= LEAST_AREAS_TO_TELL else None
    return Coverage(value, lower, upper, areas, least, told)


def _alike(
    inside: np.ndarray, block: np.ndarray, authority_codes: Sequence[str], parts: np.ndarray
) -> float:
    """Estimate the correlation within blocks, of areas in one part and one authority."""
    known = np.isfinite(inside)
    square, authority = (
        np.unique(names, return_inverse=True)[1].reshape(-1) for names in (block, authority_codes)
    )
    cell, stratum = (at * (parts.max() + 1) + parts for at in (square, authority))
    return _within_blocks(inside[known], cell[known], stratum[known])


def _within_blocks(inside: np.ndarray, block: np.ndarray, stratum: np.ndarray) -> float:
    """Estimate the correlation within blocks (analysis of variance), 0 to 1.

    Of differences from the mean of the stratum.
    """
    _, stratum = np.unique(stratum, return_inverse=True)
    _, member, sizes = np.unique(block, return_inverse=True, return_counts=True)
    stratum, member = stratum.reshape(-1), member.reshape(-1)
    between, within = len(sizes) - stratum.max(initial=-1) - 1, len(inside) - len(sizes)
    if between < 1 or within < 1:
        return 0.0
    mean = np.bincount(stratum, weights=inside) / np.bincount(stratum)
    off = inside - mean[stratum]
    of_block = np.bincount(member, weights=off) / sizes
    around = float(((off - of_block[member]) ** 2).sum()) / within
    among = float((sizes * of_block**2).sum()) / between
    usual = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / max(len(sizes) - 1, 1)
    whole = among + (usual - 1) * around
    return float(np.clip((among - around) / whole, 0, 1)) if whole > 0 else 0.0
