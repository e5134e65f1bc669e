"""What a caller gives, checked once: shapes, finite numbers, lengths that agree."""

from typing import Any

import numpy as np
import numpy.typing as npt

from streetview_assets.text.counted import counted

Numbers = npt.NDArray[np.float64]


def vectors_of(given: Any, name: str) -> Numbers:
    """Take a matrix of finite numbers.

    Parameters
    ----------
    given
        Anything that numpy makes an array of.
    name
        Of the argument, for the message.

    Raises
    ------
    ValueError
        Where it is no matrix with a row and a column, or holds a number that is not finite.
    """
    found = _numbers(given, name)
    if found.ndim != 2 or not found.size:
        raise ValueError(f"{name} has the shape {found.shape}; a matrix (n, d) is needed")
    return _finite(found, name)


def values_of(given: Any, name: str, count: int | None = None) -> Numbers:
    """Take a list of finite numbers, of a length where one is given.

    Parameters
    ----------
    given
        Anything that numpy makes an array of.
    name
        Of the argument, for the message.
    count
        How many there must be.

    Raises
    ------
    ValueError
        Where it is no list, of another length, or holds a number that is not finite.
    """
    found = _numbers(given, name)
    if found.ndim != 1 or count not in (None, len(found)):
        wanted = "(n,)" if count is None else f"({count},)"
        raise ValueError(f"{name} has the shape {found.shape}; {wanted} is needed")
    return _finite(found, name)


def places_of(given: Any, count: int | None = None) -> Numbers:
    """Take easting and northing in metres, shape (n, 2).

    Parameters
    ----------
    given
        Anything that numpy makes an array of.
    count
        How many there must be.

    Raises
    ------
    ValueError
        Where they are no pairs, not as many, not finite, or look like degrees.
    """
    found = vectors_of(given, "place_m")
    if found.shape[1] != 2 or count not in (None, len(found)):
        wanted = "(n, 2)" if count is None else f"({count}, 2)"
        raise ValueError(f"place_m has the shape {found.shape}; {wanted} is needed")
    if np.abs(found[:, 0]).max() <= 180 and np.abs(found[:, 1]).max() <= 90:
        raise ValueError(
            "place_m lies within 180 and 90: these look like degrees. Give metres, such as those "
            "of GeoSeries.to_crs(27700)."
        )
    return found


def labels_of(given: Any, name: str, count: int) -> npt.NDArray[Any]:
    """Take one label a row: texts or whole numbers, none missing.

    Parameters
    ----------
    given
        Anything that numpy makes an array of.
    name
        Of the argument, for the message.
    count
        How many there must be.

    Raises
    ------
    ValueError
        Where there are not as many, or one is missing.
    """
    found = np.asarray(given)
    if found.shape != (count,):
        raise ValueError(f"{name} has the shape {found.shape}; ({count},) is needed")
    missing = sum(one is None or one != one for one in found.tolist())
    if missing:
        raise ValueError(f"{name}: {missing} of {count} are missing")
    return found.astype(str) if found.dtype == object else found


def _numbers(given: Any, name: str) -> Numbers:
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} holds something else than numbers: {error}") from error


def _finite(found: Numbers, name: str) -> Numbers:
    wrong = found.size - int(np.isfinite(found).sum())
    if wrong:
        raise ValueError(f"{name}: not finite: {wrong} of {counted(found.size, 'number')}")
    return found
