"""The most alike vectors of each vector: exact search by the cosine, in blocks of a matrix."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from os import cpu_count
from queue import SimpleQueue

import numpy as np

from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.processes.threads import limit_threads

Passed = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Rows of vectors, rows of others, and their cosines."""

BLOCK = 8192
"""Vectors that are compared with as many others before the best are chosen anew."""

STRIP = 512
"""Of these so many at once: their cosines with a block are 17 MB."""

DECIMALS = 9
"""Of a cosine: fewer than float64 rounds, which differs by machine, more than float32 has."""

SPARE = 8
"""Candidates by float32 beyond those that are asked for, whose order is then set by float64."""

_NUMBERS_AT_ONCE = 2**25
"""Cosines with all vectors, in float64: 268 MB."""

_NUMBERS_IN_CACHE = 2**19
"""Of vectors, in float64: 4 MB."""

_NOTHING: Passed = (
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.float32),
)

_FIRST = 1024
"""Vectors of a block that give it the first of the bars which others have to pass."""


def nearest(
    vectors: np.ndarray,
    count: int,
    *,
    block: int = BLOCK,
    on_progress: OnProgress = untold,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the most alike others of every vector.

    Cosines of all pairs are taken in float32, each pair once, and the best of each vector again in
    float64: neither the size of the blocks nor the order of the rows shows in the result. Memory
    is bounded by that, beside a few dozen numbers a vector.

    Parameters
    ----------
    vectors
        (n, d), float32, of unit length.
    count
        How many others; fewer where there are not as many.
    block
        Vectors at once.
    on_progress
        Told pairs of blocks done, and of how many.

    Returns
    -------
    tuple of numpy.ndarray
        Rows of the others (n, count), int64, the most alike first and of equals the smaller row;
        and their cosines, float64, to nine decimals. No row is among its own.

    Raises
    ------
    ValueError
        Where a vector holds a number that is not finite.
    """
    n = len(vectors)
    if not np.isfinite(vectors).all():
        raise ValueError("vectors hold numbers that are not finite")
    keep = min(count + SPARE, max(n - 1, 0))
    count = min(count, keep)
    if count == 0:
        return np.empty((n, 0), dtype=np.int64), np.empty((n, 0))
    places, cosines = _candidates(vectors, keep, block, on_progress)
    # Others than the candidates are at most as alike as the last of them, by float32.
    bars = cosines[:, count - 1] - _float32_error(vectors)
    unsure = np.flatnonzero((cosines[:, -1] >= bars) & (keep < n - 1))
    found = best_of(vectors, places, count)
    found[0][unsure], found[1][unsure] = nearest_of(vectors, unsure, count)
    return found


def nearest_of(vectors: np.ndarray, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the most alike others of some of the vectors, by float64 alone.

    Parameters
    ----------
    vectors
        (n, d), float32, of unit length.
    rows
        Rows of those whose others are wanted.
    count
        How many others, at most n - 1.

    Returns
    -------
    tuple of numpy.ndarray
        As of `nearest`, for these rows.
    """
    places = np.empty((len(rows), count), dtype=np.int64)
    cosines = np.empty((len(rows), count))
    lengths = lengths_of(vectors)
    rows_at_once = max(1, _NUMBERS_AT_ONCE // max(1, len(vectors)))
    for start in range(0, len(rows), rows_at_once):
        here = slice(start, start + rows_at_once)
        places[here], cosines[here] = _best_of_all(vectors, lengths, rows[here], count)
    return places, cosines


def best_of(
    vectors: np.ndarray, candidates: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the most alike of the candidates of every vector, by float64.

    Parameters
    ----------
    vectors
        (n, d), float32, of unit length.
    candidates
        (n, m), int64: rows of others, m at least `count`; -1 stands for none.
    count
        How many to choose for each vector.

    Returns
    -------
    tuple of numpy.ndarray
        As of `nearest`; a cosine of minus infinity where there were too few candidates.
    """
    cosines = np.full(candidates.shape, -np.inf)
    lengths = lengths_of(vectors)
    rows_at_once = max(1, _NUMBERS_IN_CACHE // (candidates.shape[1] * vectors.shape[1]))
    for start in range(0, len(vectors), rows_at_once):
        mine = candidates[start : start + rows_at_once]
        own = vectors[start : start + rows_at_once].astype(np.float64)
        products = np.einsum("nmd,nd->nm", vectors[mine].astype(np.float64), own)
        exact = products / lengths[mine] / lengths[start : start + rows_at_once, None]
        cosines[start : start + rows_at_once] = np.where(mine >= 0, exact, -np.inf)
    return _in_order(candidates, np.round(cosines, DECIMALS), count)


def _best_of_all(
    vectors: np.ndarray, lengths: np.ndarray, rows: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Compare some of the vectors with all: their cosines are in memory at once."""
    wanted = vectors[rows].astype(np.float64)
    cosines = np.empty((len(rows), len(vectors)))
    for start in range(0, len(vectors), BLOCK):
        others = vectors[start : start + BLOCK].astype(np.float64)
        np.matmul(wanted, others.T, out=cosines[:, start : start + BLOCK])
    cosines = np.round(cosines / lengths / lengths[rows, None], DECIMALS)
    cosines[np.arange(len(rows)), rows] = -np.inf
    places = np.empty((len(rows), count), dtype=np.int64)
    for row, mine in enumerate(cosines):
        last = np.partition(mine, -count)[-count]
        better, equal = np.flatnonzero(mine > last), np.flatnonzero(mine == last)
        places[row] = np.concatenate([better, equal[: count - len(better)]])
    return _in_order(places, np.take_along_axis(cosines, places, axis=1), count)


def _candidates(
    vectors: np.ndarray,
    keep: int,
    block: int,
    on_progress: OnProgress,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the `keep` most alike of every vector by float32, the most alike first."""
    n = len(vectors)
    places = np.full((n, keep), -1, dtype=np.int64)
    cosines = np.full((n, keep), -np.inf, dtype=np.float32)
    starts = range(0, n, block)
    # A block with itself first: from then on there is a bar that few of the others pass.
    pairs = [(start, start) for start in starts]
    pairs += [(one, other) for one in starts for other in starts if one < other]
    threads = cpu_count() or 1
    spaces: SimpleQueue[np.ndarray] = SimpleQueue()
    for _ in range(threads):
        spaces.put(np.empty(min(block, n) * min(STRIP, n), dtype=np.float32))

    def compare(strip: slice, others: slice) -> tuple[Passed, Passed]:
        space = spaces.get()
        try:
            return _compare(vectors, places, cosines, strip, others, space)
        finally:
            spaces.put(space)

    # Each strip by a thread of its own, which also scans it: a product by many waits for the last.
    with limit_threads(), ThreadPoolExecutor(threads) as pool:
        for done, (one, other) in enumerate(pairs, start=1):
            edges = [*range(one, min(one + block, n), STRIP), min(one + block, n)]
            strips = [slice(start, end) for start, end in pairwise(edges)]
            others = slice(other, min(other + block, n))
            found = list(pool.map(compare, strips, [others] * len(strips)))
            for passed in zip(*found, strict=True):
                _merge(places, cosines, *map(np.concatenate, zip(*passed, strict=True)))
            on_progress(done, len(pairs))
    return places, cosines


def _compare(
    vectors: np.ndarray,
    places: np.ndarray,
    cosines: np.ndarray,
    strip: slice,
    others: slice,
    space: np.ndarray,
) -> tuple[Passed, Passed]:
    """Compare a strip with a block: what passes the bars of the strip, and those of the block."""
    count = strip.stop - strip.start
    alike = space[: count * (others.stop - others.start)].reshape(count, -1)
    np.matmul(vectors[strip], vectors[others].T, out=alike)
    back = _NOTHING
    if others.start <= strip.start < others.stop:
        own = np.arange(count)
        alike[own, own + strip.start - others.start] = -np.inf
        _set_bars(places[strip], cosines[strip], alike, others.start)
    else:
        row, column, value = _above(alike, cosines[others, -1])
        back = (column + others.start, row + strip.start, value)
    row, column, value = _above(alike, cosines[strip, -1:])
    return (row + strip.start, column + others.start, value), back


def _set_bars(places: np.ndarray, cosines: np.ndarray, alike: np.ndarray, start: int) -> None:
    """Take the best among the first of a block's vectors, and strike these from the list."""
    keep = places.shape[1]
    first = alike[:, : max(_FIRST, 4 * keep)]
    if first.shape[1] <= keep:
        return
    best = np.argpartition(first, -keep, axis=1)[:, -keep:]
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(first, best, 1), axis=1), 1)
    cosines[:] = np.take_along_axis(first, best, axis=1)
    places[:] = best + start
    first[:] = -np.inf


def _above(alike: np.ndarray, bars: np.ndarray) -> Passed:
    """Find the numbers that are above their bars: rows, columns, and the numbers."""
    flat = np.flatnonzero(alike > bars)
    row, column = np.divmod(flat, alike.shape[1])
    return row, column, alike.ravel()[flat]


def _merge(
    places: np.ndarray,
    cosines: np.ndarray,
    rows: np.ndarray,
    others: np.ndarray,
    values: np.ndarray,
) -> None:
    """Let others of some rows take their places among the best of those rows."""
    if not len(rows):
        return
    keep = places.shape[1]
    order = np.lexsort((-values, rows))
    rows, others, values = rows[order], others[order], values[order]
    is_first = np.diff(rows, prepend=-1) > 0
    owner = np.cumsum(is_first) - 1
    turn = np.arange(len(rows)) - np.flatnonzero(is_first)[owner]
    wide = min(keep, int(turn.max()) + 1)
    owner, turn, others, values = (x[turn < wide] for x in (owner, turn, others, values))
    touched = rows[is_first]
    value = np.full((len(touched), keep + wide), -np.inf, dtype=np.float32)
    place = np.full(value.shape, -1, dtype=np.int64)
    value[:, :keep], place[:, :keep] = cosines[touched], places[touched]
    value[owner, keep + turn], place[owner, keep + turn] = values, others
    best = np.argsort(-value, axis=1)[:, :keep]
    cosines[touched] = np.take_along_axis(value, best, axis=1)
    places[touched] = np.take_along_axis(place, best, axis=1)


def _in_order(places: np.ndarray, cosines: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort the others of each row: the most alike first, of equals the smaller row."""
    order = np.lexsort((places, -cosines), axis=1)[:, :count]
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(cosines, order, axis=1)


def lengths_of(vectors: np.ndarray) -> np.ndarray:
    """Measure vectors (n, d) in float64; those of zeros as 1."""
    lengths = np.empty(len(vectors))
    for start in range(0, len(vectors), _FIRST):
        exact = vectors[start : start + _FIRST].astype(np.float64)
        lengths[start : start + _FIRST] = np.sqrt(np.einsum("nd,nd->n", exact, exact))
    return np.where(lengths > 0, lengths, 1.0)


def _float32_error(vectors: np.ndarray) -> float:
    """Bound by how much two cosines by float32 may be in the wrong order.

    Rounding errors of a sum of d products grow with the root of d (Higham and Mary, 2019, A new
    approach to probabilistic rounding error analysis); four of their standard deviations, twice.
    """
    return float(8 * np.sqrt(vectors.shape[1]) * 2.0**-24)
