"""Streets as a network: pieces between junctions and dead ends, and who may use them.

What a street is, who may walk and cycle on it, and how pieces and nodes are counted follow
osmnx (Boeing, 2025, Modeling and Analyzing Urban Networks and Amenities with OSMnx).
"""

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_NOT_IN_USE = (
    *("abandoned", "construction", "no", "planned", "platform", "proposed", "raceway"),
    *("razed", "rest_area", "services"),
)
_NOT_BY_FOOT = ("bus_guideway", "cycleway", "motor")
_NOT_BY_BIKE = (
    *("bus_guideway", "corridor", "elevator", "escalator", "footway", "motor"),
    "steps",
)
_SIDEWALKS = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
_ONE_WAY = ("yes", "true", "1", "-1", "reverse", "t", "f")
_KMH_OF = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_DEGREES_APART = 1e-7
"""Places of OpenStreetMap have seven decimals: nodes that agree in them are one."""


@dataclass(frozen=True)
class Streets:
    """A street network in a CRS in metres: segments between nodes that are on no other's way.

    Attributes
    ----------
    segments
        (n,) lines, each from node to node; several are one street where ways change tags.
    street
        (n,) number of the street that a segment is part of, from junction to junction.
    highway
        (n,) what kind of street it is, as OpenStreetMap's tag `highway` has it.
    is_walkable, is_cyclable, is_one_way
        (n,) whether one may walk, cycle, and drive in one direction only there.
    speed_kmh
        (n,) speed limit, NaN where none is told.
    nodes
        (m,) points: junctions and dead ends.
    street_count
        (m,) segments that end there.
    """

    segments: npt.NDArray[np.object_]
    street: npt.NDArray[np.int64]
    highway: npt.NDArray[np.object_]
    is_walkable: npt.NDArray[np.bool_]
    is_cyclable: npt.NDArray[np.bool_]
    is_one_way: npt.NDArray[np.bool_]
    speed_kmh: npt.NDArray[np.float64]
    nodes: npt.NDArray[np.object_]
    street_count: npt.NDArray[np.int64]


def street_network(ways: gpd.GeoDataFrame, crs: str) -> Streets:
    """Make a network of ways: they meet where they share a vertex.

    Parameters
    ----------
    ways
        As `Extract.ways`: tags as text, empty where not told; lines in EPSG:4326.
    crs
        The CRS in metres in which it is measured.
    """
    ways = ways[_is_in_use(ways)]
    pieces, owner, names = _cut_at_shared_vertices(ways.geometry.to_numpy())
    told = ways.iloc[owner]
    one_way = _is_one_way(told).to_numpy(dtype=bool)
    node, numbers = np.unique(names, return_inverse=True)
    ends = numbers.astype(np.int64).reshape(-1, 2)
    degree = np.bincount(ends.ravel(), minlength=len(node))
    is_passed = _is_passed(ends, degree, one_way)
    metric = gpd.GeoSeries(pieces, crs=ways.crs).to_crs(crs).to_numpy()
    starts = shapely.get_point(metric, 0), shapely.get_point(metric, -1)
    place = np.empty(len(node), dtype=object)
    place[ends[:, 0]], place[ends[:, 1]] = starts
    return Streets(
        metric,
        _streets_of(ends, is_passed),
        told["highway"].to_numpy(dtype=object),
        _may(told, "foot", _NOT_BY_FOOT).to_numpy(dtype=bool),
        _may(told, "bicycle", _NOT_BY_BIKE).to_numpy(dtype=bool),
        one_way,
        told["maxspeed"].map(speed_kmh).to_numpy(dtype=np.float64),
        place[~is_passed],
        degree[~is_passed],
    )


def speed_kmh(text: str) -> float:
    """Read a speed limit: `50`, `30 mph`; NaN for any other text, such as `walk` or `none`.

    Parameters
    ----------
    text
        The tag `maxspeed`.
    """
    told = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*([a-z/]*)", text.strip().lower())
    factor = _KMH_OF.get(told[2]) if told else None
    return float("nan") if told is None or factor is None else float(told[1]) * factor


def _is_in_use(ways: pd.DataFrame) -> pd.Series:
    return ~ways["highway"].isin(_NOT_IN_USE) & (ways["area"] != "yes")


def _is_one_way(ways: pd.DataFrame) -> pd.Series:
    return ways["oneway"].isin(_ONE_WAY) | (ways["junction"] == "roundabout")


def _may(ways: pd.DataFrame, who: str, barred: tuple[str, ...]) -> pd.Series:
    """Say who may use ways, by the rules of osmnx's networks `walk` and `bike`."""
    may = (ways["access"] != "private") & (ways["service"] != "private") & (ways[who] != "no")
    # A pattern there: `motor` bars motorways and their links.
    may &= ~ways["highway"].str.contains("|".join(barred), regex=True)
    if who == "foot":
        for sidewalk in _SIDEWALKS:
            may &= ways[sidewalk] != "separate"
    return may


def _cut_at_shared_vertices(
    lines: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64], npt.NDArray[np.void]]:
    """Cut lines at each vertex that another, or the line itself, has too.

    Returns
    -------
    tuple of numpy.ndarray
        The pieces (n,), the row of the line of each, and the names of their ends (n, 2).
    """
    places, line = shapely.get_coordinates(lines, return_index=True)
    grid = np.round(places / _DEGREES_APART).astype(np.int64)
    name = np.ascontiguousarray(grid).view([("x", np.int64), ("y", np.int64)]).ravel()
    _, inverse, counts = np.unique(name, return_inverse=True, return_counts=True)
    is_first, is_last = np.diff(line, prepend=-1) > 0, np.diff(line, append=len(lines)) > 0
    is_cut = (counts[inverse] > 1) & ~is_first & ~is_last
    # A vertex at which a line is cut ends one piece and begins the next.
    copies = np.repeat(np.arange(len(line)), 1 + is_cut)
    begins = np.ones(len(copies), dtype=bool)
    begins[1:] = copies[1:] == copies[:-1]
    begins |= is_first[copies]
    piece = np.cumsum(begins) - 1
    kept = np.bincount(piece) > 1
    piece_of = np.flatnonzero(kept)[:, None]
    mine = kept[piece]
    pieces = shapely.linestrings(
        places[copies[mine]], indices=np.unique(piece[mine], return_inverse=True)[1]
    )
    first = np.flatnonzero(begins)[piece_of[:, 0]]
    last = np.append(np.flatnonzero(begins)[1:], len(copies))[piece_of[:, 0]] - 1
    ends = np.stack([name[copies[first]], name[copies[last]]], axis=1)
    return np.asarray(pieces), line[copies[first]], ends


def _is_passed(
    ends: npt.NDArray[np.int64], degree: npt.NDArray[np.int64], one_way: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Find the nodes that a street only passes: two segments end there, alike in direction."""
    ways_at = np.bincount(ends.ravel(), np.repeat(one_way, 2), minlength=len(degree))
    loops = ends[ends[:, 0] == ends[:, 1], 0]
    passed: npt.NDArray[np.bool_] = (degree == 2) & (ways_at != 1)
    passed[loops] = False
    return passed


def _streets_of(
    ends: npt.NDArray[np.int64], is_passed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Give each segment its street: those that meet at a node that is only passed are one."""
    segment = np.repeat(np.arange(len(ends)), 2)
    node = ends.ravel()
    order = np.argsort(node, kind="stable")
    order = order[is_passed[node[order]]]
    pairs = segment[order].reshape(-1, 2)
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(ends), len(ends)))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
