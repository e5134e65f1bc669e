"""Systematic sampling of a road network: every metre of road has the same chance of a point.

The streets are laid end to end in one walk, class by class and neighbour after neighbour, and the
walk is cut into parts of one length; each part has one point, so that what is left over of a street
is carried into the next, and each class and quarter has its share (sampling with implicit
stratification: Cochran, Sampling Techniques, 1977, chapter 8). Where streets lie so close that the
parts cannot all have a point without two being too near, all parts are made longer alike.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from streetview_assets.points.network_distance import Indices, Network, Numbers, locate

FILLED = 0.98
"""Share of the parts that must have a point before their length is settled."""

WORTH_MOVING = 0.85
"""Share of the parts that have one before points are moved to make room: below, most need more."""

CANDIDATES_IN_REACH = 10
"""Candidate places on as much road as two points are apart at least."""

NO_PLACE = -1


@dataclass(frozen=True)
class _Parts:
    """Candidate places of each part of the walk, from its middle outward, shape (parts, places).

    Attributes
    ----------
    at_m
        On the network's axis.
    metres
        On the ground, shape (parts, places, 2).
    cell
        Column and row of the cell in which each lies, as large as two points are apart at least.
    least_m
        How far two points are apart at least.
    """

    at_m: Numbers
    metres: Numbers
    cell: Indices
    least_m: float


def systematic_sample(
    network: Network, road_class: npt.NDArray[np.str_], spacing_m: float, least_m: float
) -> Numbers:
    """Choose places on a network, one in each part of it, none too near to another.

    Parameters
    ----------
    network
        The streets.
    road_class
        Class of each piece of road.
    spacing_m
        Length of the parts; longer where so many points do not fit.
    least_m
        No two places are nearer than this, as the crow flies.

    Returns
    -------
    numpy.ndarray
        Places on the network's axis, in the order of the walk.
    """
    walk = _walk(network, road_class)
    ends_m = np.cumsum((network.street_to_m - network.street_from_m)[walk])
    part_m = spacing_m
    while True:
        parts = _cut(network, walk, ends_m, part_m, least_m)
        place = _one_each(parts)
        at_m: Numbers = parts.at_m[place != NO_PLACE, place[place != NO_PLACE]]
        if len(at_m) >= FILLED * len(place):
            return at_m
        part_m = float(ends_m[-1]) / len(at_m)


def _walk(network: Network, road_class: npt.NDArray[np.str_]) -> Indices:
    """Order the streets by the class of their middle, and within a class along a Hilbert curve."""
    middles, piece = locate(network, (network.street_from_m + network.street_to_m) / 2)
    curve = gpd.GeoSeries(shapely.points(middles)).hilbert_distance().to_numpy()
    return np.lexsort((curve, road_class[piece]))


def _cut(network: Network, walk: Indices, ends_m: Numbers, part_m: float, least_m: float) -> _Parts:
    count = max(1, int(ends_m[-1] / part_m + 0.5))
    part_m = float(ends_m[-1]) / count
    steps_m = np.arange(0, part_m / 2, least_m / CANDIDATES_IN_REACH)
    from_middle_m = np.column_stack((steps_m, -steps_m)).ravel()[1:]
    along_m = ((np.arange(count) + 0.5) * part_m)[:, None] + from_middle_m
    street = np.minimum(np.searchsorted(ends_m, along_m, side="right"), len(ends_m) - 1)
    at_m = network.street_to_m[walk[street]] - (ends_m[street] - along_m)
    metres = locate(network, at_m.ravel())[0].reshape(*at_m.shape, 2)
    return _Parts(at_m, metres, (metres // least_m).astype(np.intp), least_m)


def _one_each(parts: _Parts) -> Indices:
    """Choose a place of each part: the first that is free, else one that another makes free."""
    place = np.full(len(parts.at_m), NO_PLACE)
    taken: dict[tuple[int, int], list[int]] = defaultdict(list)

    def too_near(part: int, at: int) -> list[int]:
        x, y = parts.metres[part, at]
        return [
            other
            for other in _around(taken, parts.cell[part, at])
            if np.hypot(*(parts.metres[other, place[other]] - (x, y))) < parts.least_m
        ]

    def take(part: int, at: int) -> bool:
        place[part] = at
        taken[tuple(parts.cell[part, at])].append(part)
        return True

    def leave(part: int) -> int:
        at = int(place[part])
        taken[tuple(parts.cell[part, at])].remove(part)
        place[part] = NO_PLACE
        return at

    def take_free(part: int) -> bool:
        return any(not too_near(part, at) and take(part, at) for at in range(parts.at_m.shape[1]))

    def take_with_room_made(part: int) -> bool:
        for at in range(parts.at_m.shape[1]):
            in_the_way = too_near(part, at)
            if len(in_the_way) == 1:
                before = leave(in_the_way[0])
                take(part, at)
                if take_free(in_the_way[0]):
                    return True
                leave(part)
                take(in_the_way[0], before)
        return False

    for part in range(len(place)):
        take_free(part)
    if (place != NO_PLACE).mean() > WORTH_MOVING:
        for left in np.flatnonzero(place == NO_PLACE).tolist():
            take_with_room_made(left)
    return place


def _around(taken: dict[tuple[int, int], list[int]], cell: Indices) -> Iterator[int]:
    x, y = int(cell[0]), int(cell[1])
    for column in (x - 1, x, x + 1):
        for row in (y - 1, y, y + 1):
            yield from taken.get((column, row), ())
