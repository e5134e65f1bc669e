"""Lines without a direction: a street drawn from either end is the same street."""

import numpy as np
import numpy.typing as npt
import shapely

Lines = npt.NDArray[np.object_]


def in_one_direction(lines: Lines) -> Lines:
    """Turn lines so that a line and its reverse come out the same.

    Parameters
    ----------
    lines
        LineStrings. A closed line keeps the point at which it starts.

    Returns
    -------
    numpy.ndarray
        The same lines, some of them reversed.
    """
    there, back = wkb(lines), wkb(shapely.reverse(lines))
    turned = np.fromiter((b < a for a, b in zip(there, back, strict=True)), bool, len(lines))
    return np.where(turned, shapely.reverse(lines), lines)


def wkb(lines: Lines) -> list[bytes]:
    """Write lines as WKB, the same bytes on every machine."""
    return list(shapely.to_wkb(lines, byte_order=1))
