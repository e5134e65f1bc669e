"""Vectors between polars and numpy: a list column is a matrix, and back."""

import numpy as np
import polars as pl

from streetview_assets.text.counted import counted


def matrix(column: pl.Series) -> np.ndarray:
    """Read a column of vectors as a matrix.

    Parameters
    ----------
    column
        List(Float32), every vector of the same length, none null.

    Returns
    -------
    np.ndarray
        (n, d), float32; (0, 0) for an empty column.

    Raises
    ------
    ValueError
        Where a vector is null, or lengths differ.
    """
    if column.null_count():
        raise ValueError(
            f"{column.name}: {counted(column.null_count(), 'vector is', 'vectors are')} null; "
            "leave out what has none"
        )
    lengths = column.list.len().unique()
    if not len(lengths):
        return np.empty((0, 0), dtype=np.float32)
    if len(lengths) > 1:
        raise ValueError(f"{column.name}: vectors of several lengths, {sorted(lengths)}")
    flat = column.explode().to_numpy()
    return flat.astype(np.float32, copy=False).reshape(len(column), int(lengths[0]))


def vector_series(name: str, array: np.ndarray) -> pl.Series:
    """Make a column of vectors, List(Float32), of the rows of a matrix (n, d).

    Parameters
    ----------
    name
        Of the column.
    array
        (n, d); cast to float32.
    """
    dtype = pl.List(pl.Float32)
    if array.size == 0:
        return pl.Series(name, [[]] * len(array), dtype=dtype)
    return pl.Series(name, np.ascontiguousarray(array, dtype=np.float32)).cast(dtype)


def unit(array: np.ndarray) -> np.ndarray:
    """Scale the rows of a matrix (n, d) to unit length, as float32; a row of zeros stays so."""
    exact = array.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    scaled: np.ndarray = (exact / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled
