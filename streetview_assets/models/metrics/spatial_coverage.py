"""Whether prediction intervals hold everywhere, or only on average over the study."""

from collections.abc import Sequence

import numpy as np

from streetview_assets.models.metrics.conformal import coverage

LEAST_AREAS_OF_A_BLOCK = 5


def coverage_by_group(
    inside: np.ndarray, groups: Sequence[str]
) -> dict[str, tuple[float | None, int]]:
    """Measure the coverage of each group of areas, such as an authority.

    Parameters
    ----------
    inside
        Whether each value lies in its interval, (n,), NaN where there is none.
    groups
        Group of each area.

    Returns
    -------
    dict
        Group to its coverage, None where it has no intervals, and its number of areas; sorted.
    """
    names = np.array(groups, dtype=str)
    return {
        str(name): (
            coverage(inside[names == name]),
            int((names == name).sum()),
        )
        for name in np.unique(names)
    }


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
    held = inside[has_one]
    _, member, sizes = np.unique(block[has_one], return_inverse=True, return_counts=True)
    large = sizes >= LEAST_AREAS_OF_A_BLOCK
    if large.sum() < 2:
        return None, (
            f"not defined: {large.sum()} block(s) of {LEAST_AREAS_OF_A_BLOCK} areas or more"
        )
    shares = (np.bincount(member.reshape(-1), weights=held) / sizes)[large]
    note = f"{large.sum()} blocks, coverage {shares.min():.2f} to {shares.max():.2f}"
    return float(shares.std()), note
