"""The most alike vectors of each vector, by walking a graph: where all pairs are too many.

Malkov and Yashunin (2020), Efficient and robust approximate nearest neighbor search using
hierarchical navigable small world graphs; by the library usearch.
"""

from typing import TYPE_CHECKING, cast

import numpy as np

from streetview_assets.embeddings.similarity.exact_search import SPARE, best_of, nearest_of
from streetview_assets.processes.on_progress import OnProgress, untold

if TYPE_CHECKING:
    from usearch.index import BatchMatches

CONNECTIVITY = 24
EXPANSION_ADD, EXPANSION_SEARCH = 128, 192
"""Links of a vector, and how widely the graph is searched: more find more, and take longer."""

AT_ONCE = 16384
SAMPLE = 200
"""Vectors for which the exact search tells how much is found; 200 tell it to 1 % or better."""


def nearest_by_index(
    vectors: np.ndarray,
    count: int,
    *,
    on_progress: OnProgress = untold,
) -> tuple[np.ndarray, np.ndarray]:
    """Find nearly all of the most alike others of every vector.

    The graph is made by one thread, in the order of the vectors, so that it is the same each time;
    it is searched by all. It holds the vectors in bfloat16, which takes half the memory and a third
    of the time; what it finds is scored by float64 as in the exact search. A vector for which it
    finds too few is searched exactly.

    Parameters
    ----------
    vectors
        (n, d), float32, of unit length; two at least.
    count
        How many others, at most n - 1.
    on_progress
        Told vectors done, and of how many: each is put into the graph, then searched.

    Returns
    -------
    tuple of numpy.ndarray
        As of `nearest_vectors.nearest`.
    """
    from usearch.index import Index

    n = len(vectors)
    index = Index(
        ndim=vectors.shape[1],
        metric="ip",
        dtype="bf16",
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        expansion_search=EXPANSION_SEARCH,
    )
    candidates = np.full((n, count + SPARE + 1), -1, dtype=np.int64)
    # In equal pieces: the library answers a single vector in another form than several.
    pieces = np.array_split(np.arange(n), -(-n // AT_ONCE))
    for rows in pieces:
        index.add(rows, vectors[rows], threads=1)
        on_progress(int(rows[-1]) + 1, 2 * n)
    for rows in pieces:
        matches = cast("BatchMatches", index.search(vectors[rows], candidates.shape[1]))
        there = np.arange(candidates.shape[1]) < matches.counts[:, None]
        candidates[rows] = np.where(there, matches.keys.astype(np.int64), -1)
        on_progress(n + int(rows[-1]) + 1, 2 * n)
    candidates[candidates == np.arange(n)[:, None]] = -1
    places, cosines = best_of(vectors, candidates, count)
    short = np.flatnonzero(np.isneginf(cosines[:, -1]))
    places[short], cosines[short] = nearest_of(vectors, short, count)
    return places, cosines


def recall(vectors: np.ndarray, cosines: np.ndarray, *, seed: int) -> float:
    """Measure which share of the most alike others was found.

    Parameters
    ----------
    vectors
        (n, d), float32, of unit length.
    cosines
        (n, count): of those that were found.
    seed
        Draws the sample of vectors that are searched exactly.

    Returns
    -------
    float
        0 to 1; one that is as alike as the last of the exact ones counts as found.
    """
    drawn = np.random.default_rng(seed).permutation(len(vectors))[:SAMPLE]
    rows = np.sort(drawn)
    _, exact = nearest_of(vectors, rows, cosines.shape[1])
    return float((cosines[rows] >= exact[:, -1:]).mean())
