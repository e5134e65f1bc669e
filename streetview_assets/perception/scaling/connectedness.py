"""Which images comparisons tie together: scores of others cannot be compared."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components


def components(left: np.ndarray, right: np.ndarray, count: int) -> np.ndarray:
    """Give each image its part of a graph of comparisons.

    Parameters
    ----------
    left, right
        Place of each of the two images, 0 to count − 1; shape (comparisons,).
    count
        Images.

    Returns
    -------
    numpy.ndarray
        The part of each image, shape (count,), int64. Of equal size, the one with the first image
        comes first.
    """
    joined = csr_matrix((np.ones(len(left)), (left, right)), shape=(count, count))
    _, found = connected_components(joined, directed=False)
    _, first, size = np.unique(found, return_index=True, return_counts=True)
    rank = np.empty(len(size), dtype=np.int64)
    rank[np.lexsort((first, -size))] = np.arange(1, len(size) + 1)
    return np.asarray(rank[found])
