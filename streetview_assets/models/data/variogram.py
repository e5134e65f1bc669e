"""How far values resemble their neighbours': the variogram, its nugget, sill and range.

The empirical variogram is the robust one of Cressie and Hawkins (1980, Mathematical Geology 12:
115-125), in lags that widen with the distance; a model with nugget is fitted by least squares
weighted by pairs over the squared lag (Pebesma 2004, Computers & Geosciences 30: 683-691).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from streetview_assets.text.counted import counted

LEAST_PLACES = 20
MOST_PLACES = 2_500
"""Of more places so many are drawn: the pairs grow with the square."""
NEIGHBOURS = 8
_LAG_GROWTH = 1.25
_LEAST_PAIRS = 30
_ALPHA_Z = 1.645


@dataclass(frozen=True)
class Variogram:
    """A variogram model: half the mean squared difference of two values, by their distance.

    Attributes
    ----------
    nugget
        At distance 0, squared units of the values.
    sill
        Beyond the range, nugget included.
    range_m
        The practical range, metres: from there on values are no more alike than any two (95 % of
        the way from nugget to sill); 0 where neighbours are no more alike than chance has it.
    model
        `exponential`, `spherical`, or `nugget` alone.
    note
        What limits it, or None.
    """

    nugget: float
    sill: float
    range_m: float
    model: str = "nugget"
    note: str | None = None


def practical_range_m(values: np.ndarray, place_m: np.ndarray, seed: int = 0) -> Variogram:
    """Fit a variogram to values at places; its `range_m` says how far they are alike.

    Parameters
    ----------
    values
        Of a target or of residuals, finite, shape (n,).
    place_m
        Easting and northing, metres; shape (n, 2).
    seed
        Of the places drawn, where there are more than 2,500.

    Returns
    -------
    Variogram
        Of range 0 where there are too few places, or where Moran's I of the nearest eight
        neighbours does not exceed chance at 5 %: a range fitted to noise is any number. A range
        is never longer than the towns are wide: where the variogram has not levelled off there,
        the note says so.
    """
    values, place_m = _sampled(np.asarray(values, float), np.asarray(place_m, float), seed)
    variance = float(values.var(ddof=1)) if len(values) > 1 else 0.0
    if len(values) < LEAST_PLACES:
        note = f"no range: {counted(len(values), 'place')}, at least {LEAST_PLACES} needed"
        return Variogram(variance, variance, 0.0, note=note)
    nearest_m, neighbour = _neighbours(place_m)
    extent_m = _town_extent_m(place_m, nearest_m)
    if extent_m == 0:
        return Variogram(variance, variance, 0.0, note="no range: the places lie apart or in one")
    if variance == 0 or _morans_z(values, neighbour) < _ALPHA_Z:
        return Variogram(variance, variance, 0.0)
    lag_m, gamma, pairs = _empirical(values, place_m, float(np.median(nearest_m[:, 0])), extent_m)
    if len(lag_m) < 3:
        return Variogram(variance, variance, 0.0, note="no range: too few pairs of near places")
    return _fitted(lag_m, gamma, pairs, extent_m)


def _sampled(values: np.ndarray, place_m: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((values, place_m[:, 1], place_m[:, 0]))
    if len(order) > MOST_PLACES:
        order = np.sort(np.random.default_rng(seed).choice(order, MOST_PLACES, replace=False))
    return values[order], place_m[order]


def _neighbours(place_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the distances to the nearest others and which they are, each (n, 8)."""
    distance_m, neighbour = cKDTree(place_m).query(place_m, k=NEIGHBOURS + 1)
    return distance_m[:, 1:], neighbour[:, 1:]


def _morans_z(values: np.ndarray, neighbour: np.ndarray) -> float:
    """Give Moran's I of nearest neighbours, in standard deviations under normality."""
    count, k = neighbour.shape
    centred = values - values.mean()
    moran = float((centred[:, None] * centred[neighbour]).sum() / (k * (centred @ centred)))
    chosen = np.bincount(neighbour.ravel(), minlength=count)
    pair = np.sort(np.column_stack([np.repeat(np.arange(count), k), neighbour.ravel()]), axis=1)
    _, times = np.unique(pair, axis=0, return_counts=True)
    s0, s1, s2 = count * k, float((times**2).sum()), float(((k + chosen) ** 2).sum())
    expected = -1 / (count - 1)
    spread = (count**2 * s1 - count * s2 + 3 * s0**2) / ((count**2 - 1) * s0**2) - expected**2
    return float((moran - expected) / np.sqrt(spread))


def _town_extent_m(place_m: np.ndarray, nearest_m: np.ndarray) -> float:
    """Measure how wide a town is: between towns lies a gap that no variogram bridges.

    Towns are what hangs together at three times the distance at which nine of ten areas have
    their nearest neighbour. The diagonal of the box around the one that a median area is in.
    """
    tree = cKDTree(place_m)
    links = tree.sparse_distance_matrix(tree, 3 * float(np.quantile(nearest_m[:, 0], 0.9)))
    count, town = connected_components(links, directed=False)
    extent = [float(np.hypot(*np.ptp(place_m[town == one], axis=0))) for one in range(count)]
    return float(np.median(np.array(extent)[town]))


def _empirical(
    values: np.ndarray, place_m: np.ndarray, spacing_m: float, extent_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give mean lag, semivariance and number of pairs of each class of distance with pairs."""
    distance_m = pdist(place_m)
    first, last = max(spacing_m, extent_m / 500), extent_m / 2
    classes = max(3, int(np.ceil(np.log(last / first) / np.log(_LAG_GROWTH))))
    edges = np.concatenate([[0.0], np.geomspace(first, last, classes)])
    near = distance_m < last
    lag_class = np.searchsorted(edges, distance_m[near], side="right") - 1
    pairs = np.bincount(lag_class, minlength=classes)
    root = np.sqrt(pdist(values[:, None], "cityblock")[near])
    whole_m = np.bincount(lag_class, distance_m[near], minlength=classes)
    enough = (pairs >= _LEAST_PAIRS) & (whole_m > 0)
    lag_m = whole_m[enough] / pairs[enough]
    mean_root = np.bincount(lag_class, root, minlength=classes)[enough] / pairs[enough]
    gamma = mean_root**4 / (0.457 + 0.494 / pairs[enough]) / 2
    return lag_m, gamma, pairs[enough]


def _fitted(lag_m: np.ndarray, gamma: np.ndarray, pairs: np.ndarray, extent_m: float) -> Variogram:
    """Take the model and range of the least weighted error; nugget and sill follow from them."""
    weight = np.sqrt(pairs) / lag_m
    found: list[tuple[float, float, float, float, str]] = []
    for range_m in np.geomspace(lag_m[0] / 2, extent_m, 80):
        share = lag_m / range_m
        rises = {
            "exponential": 1 - np.exp(-3 * share),
            "spherical": np.where(share < 1, 1.5 * share - 0.5 * share**3, 1.0),
        }
        for name, rise in rises.items():
            design = np.column_stack([np.ones_like(rise), rise]) * weight[:, None]
            (nugget, partial_sill), error = nnls(design, gamma * weight)
            found.append((error, nugget, partial_sill, float(range_m), name))
    _, nugget, partial_sill, range_m, name = min(found)
    note = None
    if range_m >= extent_m * 0.99:
        note = f"the variogram does not level off within {extent_m / 1000:.1f} km"
    return Variogram(float(nugget), float(nugget + partial_sill), range_m, name, note)
