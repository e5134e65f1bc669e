"""A road network laid out along one axis, and what of it lies far from every point.

The streets lie one after the other on the axis, so that a place on the network is one number of
metres, and a stretch of road two.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import shapely

from streetview_assets.points.roads.lines import Lines

NODE_M = 0.01
"""Ends nearer than this are the same junction."""

End = tuple[int, int]
"""A piece and one of its ends: 0 the first, 1 the last."""
Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

BETWEEN_STREETS_M = 1.0
"""Gap on the axis after each street; it is no road."""

PRECISION_M = 1e-5
"""Stretches shorter than this are rounding errors of the arithmetic."""


@dataclass(frozen=True)
class Network:
    """Straight segments of road in order along the streets, in metres.

    Attributes
    ----------
    start, end
        Ends of each segment, shape (segments, 2).
    from_m, length_m
        Where each segment begins on the axis, and how long it is.
    piece
        The piece of road of which each is a segment.
    street_from_m, street_to_m
        Where each street begins and ends on the axis.
    """

    start: Numbers
    end: Numbers
    from_m: Numbers
    length_m: Numbers
    piece: Indices
    street_from_m: Numbers
    street_to_m: Numbers


def lay_out(lines: Lines, streets: Sequence[str]) -> Network:
    """Lay pieces of road out along one axis, street after street.

    Parameters
    ----------
    lines
        Pieces of road, in metres.
    streets
        For each piece, what street it is of.
    """
    chains = join_into_streets(lines, streets)
    street = np.repeat(np.arange(len(chains)), np.fromiter(map(len, chains), np.intp))
    order = np.array([piece for chain in chains for piece, _ in chain], dtype=np.intp)
    backwards = np.array([back for chain in chains for _, back in chain], dtype=bool)
    walked = np.where(backwards, shapely.reverse(lines[order]), lines[order])
    xy, line = shapely.get_coordinates(walked, return_index=True)
    is_segment = line[1:] == line[:-1]
    start, end, line = xy[:-1][is_segment], xy[1:][is_segment], line[:-1][is_segment]
    length_m = np.hypot(*(end - start).T)
    reached_m = np.concatenate(([0.0], np.cumsum(length_m)))
    ends = np.searchsorted(street[line], np.arange(len(chains) + 1))
    before_m = BETWEEN_STREETS_M * np.arange(len(chains))
    return Network(
        start=start,
        end=end,
        from_m=reached_m[:-1] + before_m[street[line]],
        length_m=length_m,
        piece=order[line],
        street_from_m=reached_m[ends[:-1]] + before_m,
        street_to_m=reached_m[ends[1:]] + before_m,
    )


def locate(network: Network, at_m: Numbers) -> tuple[Numbers, Indices]:
    """Find places of the axis on the ground.

    Returns
    -------
    tuple
        The places, shape (n, 2), in metres, and the pieces of road on which they lie.
    """
    segment = np.searchsorted(network.from_m, at_m, side="right") - 1
    length_m = network.length_m[segment]
    share = np.clip(_ratio(at_m - network.from_m[segment], length_m), 0, 1)
    start, end = network.start[segment], network.end[segment]
    places: Numbers = start + share[:, None] * (end - start)
    return places, network.piece[segment]


def far_stretches(network: Network, points: Numbers, distance_m: float) -> Numbers:
    """Find the stretches of road farther than a distance from every point.

    Exact: where the circle about a point cuts a segment is computed, not sampled.

    Parameters
    ----------
    network
        The roads.
    points
        In metres, shape (n, 2).
    distance_m
        As the crow flies.

    Returns
    -------
    numpy.ndarray
        Where each stretch begins and ends on the axis, shape (stretches, 2), in order. A stretch
        does not go beyond its street.
    """
    if not len(network.from_m):
        return np.empty((0, 2))
    near = _near_intervals(network, points, distance_m)
    no_road = np.column_stack(
        (network.street_to_m, np.append(network.street_from_m[1:], network.street_to_m[-1]))
    )
    covered = np.concatenate((near, no_road))
    covered = covered[np.argsort(covered[:, 0], kind="stable")]
    reached_m = np.maximum.accumulate(np.concatenate(([0.0], covered[:, 1])))[:-1]
    far = np.column_stack((reached_m, covered[:, 0]))
    long_enough: Numbers = far[far[:, 1] - far[:, 0] > PRECISION_M]
    return long_enough


def _near_intervals(network: Network, points: Numbers, distance_m: float) -> Numbers:
    """Give the parts of segments within a distance of a point, as intervals of the axis."""
    segments = shapely.linestrings(np.stack((network.start, network.end), axis=1))
    tree = shapely.STRtree(segments)
    # A little more than asked, so that a point just at the distance is looked at.
    point, segment = tree.query(
        shapely.points(points), predicate="dwithin", distance=distance_m * (1 + 1e-9)
    )
    start, length_m = network.start[segment], network.length_m[segment]
    along = _ratio(network.end[segment] - start, length_m[:, None])
    to_point = points[point] - start
    foot_m = (to_point * along).sum(axis=1)
    off_line_m = to_point[:, 0] * along[:, 1] - to_point[:, 1] * along[:, 0]
    half_m = np.sqrt(np.maximum(distance_m**2 - off_line_m**2, 0))
    from_m = np.clip(foot_m - half_m, 0, length_m)
    to_m = np.clip(foot_m + half_m, 0, length_m)
    on_axis: Numbers = network.from_m[segment][:, None] + np.column_stack((from_m, to_m))
    return on_axis


def _ratio(part: Numbers, whole: Numbers) -> Numbers:
    """Divide, 0 where the whole is 0: of a segment without a length."""
    ratio: Numbers = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return ratio


def join_into_streets(lines: Lines, streets: Sequence[str]) -> list[list[tuple[int, bool]]]:
    """Join pieces of the same street where their ends meet.

    Where more than two ends meet, those that run on straightest are joined first (such chains
    are called strokes: Thomson and Richardson, 1999).

    Parameters
    ----------
    lines
        Pieces of road, in metres.
    streets
        For each piece, what street it is of: its name, or its class where it has none.

    Returns
    -------
    list
        One chain of pieces a street: the piece's index, and whether it is walked backwards.
        Every piece is in one chain. The answer depends on the order of the pieces alone.
    """
    joined = _joined_ends(lines, streets)
    chains: list[list[tuple[int, bool]]] = []
    walked: set[int] = set()
    free = [(piece, end) for piece in range(len(lines)) for end in (0, 1)]
    # Open chains first, from a free end; what is left over are rings, opened at their first piece.
    starts = [end for end in free if end not in joined] + [
        (piece, 0) for piece in range(len(lines))
    ]
    for start in starts:
        if start[0] in walked:
            continue
        chain = list(_walk(start, joined))
        walked.update(piece for piece, _ in chain)
        chains.append(chain)
    return chains


def _joined_ends(lines: Lines, streets: Sequence[str]) -> dict[End, End]:
    meeting: dict[tuple[str, int, int], list[End]] = defaultdict(list)
    outward: dict[End, npt.NDArray[np.float64]] = {}
    for piece, line in enumerate(lines):
        xy = shapely.get_coordinates(line)
        for end, tip, towards in ((0, xy[0], xy[1]), (1, xy[-1], xy[-2])):
            node = np.round(tip / NODE_M).astype(np.int64)
            meeting[streets[piece], int(node[0]), int(node[1])].append((piece, end))
            outward[piece, end] = towards - tip
    joined: dict[End, End] = {}
    for ends in meeting.values():
        for _, one, other in sorted(_turns(ends, outward)):
            if one not in joined and other not in joined:
                joined[one], joined[other] = other, one
    return joined


def _turns(
    ends: list[End], outward: dict[End, npt.NDArray[np.float64]]
) -> Iterable[tuple[float, End, End]]:
    """Say of each two ends by how much one turns, in radians, who drives from one to the other."""
    for one, other in combinations(ends, 2):
        (x, y), (u, v) = outward[one], -outward[other]
        yield abs(float(np.arctan2(x * v - y * u, x * u + y * v))), one, other


def _walk(start: End, joined: dict[End, End]) -> Iterable[tuple[int, bool]]:
    piece, end = start
    while True:
        yield piece, end == 1
        following = joined.get((piece, 1 - end))
        if following is None or following == start:
            return
        piece, end = following
