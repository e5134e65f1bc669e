"""Measures circles around points: what is in each of eight classes, and the streets in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.stats import entropy

from streetview_assets.perception.environment.feature_classes import FEATURE_CLASSES
from streetview_assets.perception.environment.streets import Streets

OF_FEATURES = ("count", "density_or_proportion", "shannon_entropy")
Numbers = npt.NDArray[np.float64]
Measured = Iterator[tuple[str, Numbers]]
"""Variables and their values, one a circle; NaN where there is nothing to measure it by."""

QUARTER_SEGMENTS = 16
_BINS = 36
"""Of bearings, as in osmnx: ten degrees each, the first about north."""


@dataclass(frozen=True)
class Stretches:
    """What of streets lies in circles: of n circles, m stretches of segments.

    Attributes
    ----------
    circle, segment
        (m,) whose they are: rows of the circles and of the network's segments.
    inside, length_m
        (m,) lines and their lengths.
    """

    circle: npt.NDArray[np.int64]
    segment: npt.NDArray[np.int64]
    inside: npt.NDArray[np.object_]
    length_m: Numbers


def measure_features(
    features: gpd.GeoDataFrame, points: npt.NDArray[np.object_], radius_m: float
) -> Measured:
    """Count what is in circles, by class: how many, how dense, how mixed.

    Parameters
    ----------
    features
        As `Extract.features`, in a CRS in metres.
    points
        (n,) the middles of the circles.
    radius_m
        Of the circles.

    Yields
    ------
    tuple
        ``<class>_count``; ``<class>_density_or_proportion``: a km², or, of a class of outlines,
        the share of the circle that they cover; ``<class>_shannon_entropy`` of tags, in nats.
    """
    circles = shapely.buffer(points, radius_m, quad_segs=QUARTER_SEGMENTS)
    area_km2 = np.pi * radius_m**2 / 1e6
    for name in FEATURE_CLASSES:
        mine = features[features["class_name"] == name]
        shapes = mine.geometry.to_numpy()
        circle, one = shapely.STRtree(shapes).query(points, "dwithin", radius_m)
        count = np.bincount(circle, minlength=len(points)).astype(np.float64)
        yield f"{name}_count", count
        if mine["is_of_outlines"].any():
            covered = _covered_m2(shapes[one], circle, circles)
            yield f"{name}_density_or_proportion", covered / shapely.area(circles)
        else:
            yield f"{name}_density_or_proportion", count / area_km2
        tags = pd.factorize(mine["tag"])[0]
        counts = np.zeros((len(points), int(tags.max(initial=-1)) + 1))
        np.add.at(counts, (circle, tags[one]), 1)
        yield f"{name}_shannon_entropy", _entropy(counts, of_none=0.0)


def measure_streets(streets: Streets, points: npt.NDArray[np.object_], radius_m: float) -> Measured:
    """Measure the streets in circles: of each what lies inside.

    Parameters
    ----------
    streets
        The network, in the CRS of the points.
    points
        (n,) the middles of the circles; of outlines, these and what lies as near to them.
    radius_m
        Of the circles.

    Yields
    ------
    tuple
        Lengths in metres, speeds in km/h, entropy of bearings in nats. Nodes are those inside,
        each with all streets that end there; streets are counted that have a stretch inside,
        edges once a direction.
    """
    yield from measure_nodes(streets, points, radius_m)
    yield from measure_stretches(streets, stretches_inside(streets, points, radius_m), len(points))


def stretches_inside(
    streets: Streets, points: npt.NDArray[np.object_], radius_m: float
) -> Stretches:
    """Cut the segments of streets at circles.

    Parameters
    ----------
    streets, points, radius_m
        As `measure_streets` takes them.
    """
    circles = shapely.buffer(points, radius_m, quad_segs=QUARTER_SEGMENTS)
    circle, one = shapely.STRtree(streets.segments).query(points, "dwithin", radius_m)
    inside = _clipped(streets.segments[one], circles[circle])
    length_m = shapely.length(inside)
    touched = length_m > 0
    return Stretches(circle[touched], one[touched], inside[touched], length_m[touched])


def measure_stretches(streets: Streets, found: Stretches, count: int) -> Measured:
    """Measure the stretches of streets in circles; yields what `measure_streets` does of them.

    Parameters
    ----------
    streets
        The network.
    found
        What of it lies inside.
    count
        Of the circles.
    """
    circle, one, length_m = found.circle, found.segment, found.length_m

    def total(weights: Numbers) -> Numbers:
        return np.bincount(circle, weights, minlength=count).astype(np.float64)

    yield "bike_network_length", total(length_m * streets.is_cyclable[one])
    yield "walk_network_length", total(length_m * streets.is_walkable[one])
    yield "street_length_total", total(length_m)
    met = pd.DataFrame(
        {
            "circle": circle,
            "street": streets.street[one],
            "directions": 2 - streets.is_one_way[one].astype(np.int64),
            "speed_kmh": streets.speed_kmh[one],
        }
    )
    # Directions and speed of a street whose segments differ: the fewest, and the middle.
    by_street = met.groupby(["circle", "street"]).agg(
        directions=("directions", "min"), speed_kmh=("speed_kmh", "median")
    )
    of_circle = by_street.reset_index().groupby("circle")
    every = pd.RangeIndex(count)
    streets_in: Numbers = np.asarray(of_circle.size().reindex(every, fill_value=0), dtype=float)
    directions = of_circle["directions"].sum().reindex(every, fill_value=0)
    yield "street_segment_count", streets_in
    yield "num_edges", directions.to_numpy(dtype=np.float64)
    yield "street_length_avg", _ratio(total(length_m), streets_in)
    # Of each direction of a street its speed, as edges of a network have it.
    of_edges = by_street.loc[by_street.index.repeat(by_street["directions"])].reset_index()
    median = of_edges.groupby("circle")["speed_kmh"].median().reindex(every)
    yield "median_speed", median.to_numpy(dtype=np.float64)
    whole, of_circle_no = _joined(found.inside, circle, streets.street[one])
    yield "orientation_entropy", _orientation_entropy(whole, of_circle_no, count)


def measure_nodes(streets: Streets, points: npt.NDArray[np.object_], radius_m: float) -> Measured:
    """Count the junctions and dead ends in circles; yields what `measure_streets` does of them.

    Parameters
    ----------
    streets, points, radius_m
        As `measure_streets` takes them.
    """
    circle, node = shapely.STRtree(streets.nodes).query(points, "dwithin", radius_m)
    of_node = streets.street_count[node]

    def total(weights: npt.ArrayLike) -> Numbers:
        return np.bincount(circle, weights, minlength=len(points)).astype(np.float64)

    everyone = total(np.ones(len(node)))
    yield "num_nodes", everyone
    yield "streets_per_node_avg", _ratio(total(of_node), everyone)
    for number in (1, 3, 4):
        share = _ratio(total(of_node == number), everyone)
        yield f"streets_per_node_proportions{number}", share
    yield "intersection_count", total(of_node > 1)


def _covered_m2(
    shapes: npt.NDArray[np.object_],
    circle: npt.NDArray[np.int64],
    circles: npt.NDArray[np.object_],
) -> Numbers:
    """Measure how much of each circle outlines cover, those that overlap once."""
    is_outline = shapely.get_dimensions(shapes) == 2
    shapes, circle = shapely.make_valid(shapes[is_outline]), circle[is_outline]
    covered = np.zeros(len(circles))
    for number in np.unique(circle):
        parts = shapely.intersection(shapes[circle == number], circles[number])
        covered[number] = shapely.area(shapely.union_all(parts))
    return covered


def _clipped(
    lines: npt.NDArray[np.object_], circles: npt.NDArray[np.object_]
) -> npt.NDArray[np.object_]:
    """Cut lines at circles; most lie inside and need no cut."""
    inside = lines.copy()
    crosses = ~shapely.covers(circles, lines)
    inside[crosses] = shapely.intersection(lines[crosses], circles[crosses])
    return inside


def _joined(
    lines: npt.NDArray[np.object_],
    circle: npt.NDArray[np.int64],
    street: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Join the stretches of one street in one circle: a street points from end to end."""
    order = np.lexsort((street, circle))
    parts, owner = shapely.get_parts(lines[order], return_index=True)
    of = np.stack([circle[order], street[order]], axis=1)[owner]
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    parts, of = parts[is_line], of[is_line]
    begins = np.any(np.diff(of, axis=0, prepend=-1) != 0, axis=1)
    collected = shapely.multilinestrings(parts, indices=np.cumsum(begins) - 1)
    return np.asarray(shapely.line_merge(collected)), of[begins, 0]


def _orientation_entropy(
    lines: npt.NDArray[np.object_], circle: npt.NDArray[np.int64], count: int
) -> Numbers:
    """Measure how streets point, both ways, in bins of ten degrees; loops point nowhere."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    first, last = (shapely.get_coordinates(shapely.get_point(parts, end)) for end in (0, -1))
    east, north = (last - first).T
    straight = (east != 0) | (north != 0)
    bearing_deg = np.degrees(np.arctan2(east, north))[straight] % 360
    bins = np.floor(np.stack([bearing_deg, bearing_deg + 180]) / (360 / _BINS) + 0.5)
    counts = np.zeros((count, _BINS))
    np.add.at(counts, (circle[owner[straight]], bins.astype(np.int64) % _BINS), 1)
    return _entropy(counts, of_none=np.nan)


def _entropy(counts: Numbers, *, of_none: float) -> Numbers:
    some = counts.sum(axis=1) > 0
    found = np.full(len(counts), of_none)
    found[some] = entropy(counts[some], axis=1)
    return found


def _ratio(of: Numbers, by: Numbers) -> Numbers:
    found = np.full(len(by), np.nan)
    np.divide(of, by, out=found, where=by > 0)
    return found
