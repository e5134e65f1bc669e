"""What the streets in and along an area tell: how dense, how connected, how straight, how ordered.

They are the network of the stage `perception`, measured in outlines in place of circles; what it
counts there (nodes, entropy of bearings) is counted here as well.
"""

import geopandas as gpd
import numpy as np
import shapely

from streetview_assets.perception.environment.circles import (
    QUARTER_SEGMENTS,
    Stretches,
    measure_nodes,
    measure_stretches,
    stretches_inside,
)
from streetview_assets.perception.environment.streets import Streets, street_network
from streetview_assets.perception.environment.variables import ways_of_roads

ALONG_M = 20.0
"""Streets so near to an outline count: borders of areas run along streets more often than not."""
KINDS = {
    "main": ("motorway", "trunk", "primary"),
    "through": ("secondary", "tertiary"),
    "local": ("residential", "unclassified", "living_street", "road"),
    "service": ("service",),
}
"""Classes of OpenStreetMap, with their links; all others are `paths`."""
OTHER_KIND = "paths"
VARIABLES = (
    "streets_m_per_km2",
    *(f"{kind}_m_per_km2" for kind in (*KINDS, OTHER_KIND)),
    *("intersections_per_km2", "dead_ends_per_km2", "streets_per_node", "share_of_dead_ends"),
    *("share_of_four_ways", "street_length_m", "circuity", "orientation_entropy"),
)


def street_measures(
    roads: gpd.GeoDataFrame, outlines: np.ndarray, crs: str
) -> dict[str, np.ndarray]:
    """Measure the streets in and along areas.

    Parameters
    ----------
    roads
        ``road_class`` and ``geometry`` (EPSG:4326), at least all near the areas.
    outlines
        (n,) in the CRS.
    crs
        A CRS in metres.

    Returns
    -------
    dict
        `VARIABLES` to values (n,); all NaN of an area in and along which no street lies, some
        where there is no node. `circuity` is the length of the streets' pieces by the distance
        between their ends (Boeing 2019, The Morphology and Circuity of Walkable and Drivable
        Street Networks).
    """
    nothing = np.full(len(outlines), np.nan)
    if roads.empty:
        return dict.fromkeys(VARIABLES, nothing)
    streets = street_network(ways_of_roads(roads), crs)
    found = stretches_inside(streets, outlines, ALONG_M)
    length_m = dict(measure_stretches(streets, found, len(outlines)))
    nodes = dict(measure_nodes(streets, outlines, ALONG_M))
    size_km2 = shapely.area(shapely.buffer(outlines, ALONG_M, quad_segs=QUARTER_SEGMENTS)) / 1e6
    dead_ends = nodes["num_nodes"] * np.nan_to_num(nodes["streets_per_node_proportions1"])
    measured = {
        "streets_m_per_km2": length_m["street_length_total"] / size_km2,
        **_by_kind(streets, found, size_km2),
        "intersections_per_km2": nodes["intersection_count"] / size_km2,
        "dead_ends_per_km2": dead_ends / size_km2,
        "streets_per_node": nodes["streets_per_node_avg"],
        "share_of_dead_ends": nodes["streets_per_node_proportions1"],
        "share_of_four_ways": nodes["streets_per_node_proportions4"],
        "street_length_m": length_m["street_length_avg"],
        "circuity": _circuity(streets, found, len(outlines)),
        "orientation_entropy": length_m["orientation_entropy"],
    }
    has_streets = length_m["street_length_total"] > 0
    return {name: np.where(has_streets, values, np.nan) for name, values in measured.items()}


def _by_kind(streets: Streets, found: Stretches, size_km2: np.ndarray) -> dict[str, np.ndarray]:
    kind_of = {name: kind for kind, names in KINDS.items() for name in names}
    kinds = [
        kind_of.get(str(name).removesuffix("_link"), OTHER_KIND)
        for name in streets.highway[found.segment]
    ]
    measured = {}
    for kind in (*KINDS, OTHER_KIND):
        mine = found.length_m * (np.array(kinds, dtype=object) == kind)
        total_m = np.bincount(found.circle, mine, minlength=len(size_km2))
        measured[f"{kind}_m_per_km2"] = total_m / size_km2
    return measured


def _circuity(streets: Streets, found: Stretches, count: int) -> np.ndarray:
    """Compare the whole pieces that have a stretch inside with the way as the crow flies."""
    whole = streets.segments[found.segment]
    straight_m = shapely.distance(shapely.get_point(whole, 0), shapely.get_point(whole, -1))
    along = np.bincount(found.circle, shapely.length(whole), minlength=count)
    direct = np.bincount(found.circle, straight_m, minlength=count)
    circuity = np.full(count, np.nan)
    np.divide(along, direct, out=circuity, where=direct > 0)
    return circuity
