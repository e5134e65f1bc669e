"""Streets: pieces of road joined end to end, so that a street cut into pieces is one line."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import shapely

from streetview_assets.points.roads.lines import Lines

NODE_M = 0.01
"""Ends nearer than this are the same junction."""

End = tuple[int, int]
"""A piece and one of its ends: 0 the first, 1 the last."""


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
