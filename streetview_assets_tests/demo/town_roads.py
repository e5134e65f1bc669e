"""The made-up town's streets: main roads between districts, a bent grid of streets in each."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.affinity import rotate, translate
from shapely.ops import substring

from streetview_assets_tests.demo.town_areas import cells_of

DISTRICTS = 13
_FIRST = (
    "Alder Amber Aspen Barley Beacon Bramble Bridle Canal Cedar Chapel Cinder Clover Copper "
    "Drover Elder Falcon Fern Foundry Garnet Harbour Hazel Heron Ivory Jasper Juniper Kiln "
    "Lantern Larch Linden Mallow Meadow Mercer Millrace Nettle Orchard Osier Pewter Pippin "
    "Quarry Ropery Rowan Saffron Sallow Sextant Smithy Sorrel Spindle Tanner"
)
_LAST = ("Street", "Road", "Avenue", "Grove", "Terrace", "Drive", "Crescent", "Place")


def town_roads(outline: Polygon, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Lay out the town's roads: secondary and tertiary, residential, and some footways.

    Parameters
    ----------
    outline
        Of the town, in metres from its middle.
    rng
        What is drawn is drawn from it.

    Returns
    -------
    geopandas.GeoDataFrame
        id, highway, name (none of a footway), geometry, in metres.
    """
    districts = cells_of(outline, DISTRICTS, rng, rounds=2)
    lines = _main_roads(districts, outline, rng)
    for district in districts:
        lines += _streets(district, rng)
    names = _names(rng)
    roads: list[tuple[str, str, str | None, LineString]] = []
    for highway, line in lines:
        inside = shapely.get_parts(_bent(line).intersection(outline))
        bent = max(inside, key=lambda part: part.length, default=LineString())
        if bent.length >= 40:
            name = None if highway == "footway" else next(names)
            roads.append((f"way-{len(roads) + 1:04d}", highway, name, bent))
    return gpd.GeoDataFrame(roads, columns=["id", "highway", "name", "geometry"])


def _main_roads(
    districts: list[Polygon], outline: Polygon, rng: np.random.Generator
) -> list[tuple[str, LineString]]:
    edges = shapely.unary_union([district.exterior for district in districts])
    inner = edges.difference(outline.exterior.buffer(30))
    lines = [line for line in shapely.get_parts(shapely.line_merge(inner)) if line.length > 60]
    lines.sort(key=lambda line: line.centroid.coords[0])
    return [("secondary" if rng.random() < 0.4 else "tertiary", line) for line in lines]


def _streets(district: Polygon, rng: np.random.Generator) -> list[tuple[str, LineString]]:
    """Fill a district with a grid of its own direction, from which some stretches are missing."""
    turn = rng.uniform(0, 90)
    middle = district.centroid
    size = np.sqrt(district.area)
    lines: list[tuple[str, LineString]] = []
    for spacing, along in ((190.0, True), (300.0, False)):
        offset = rng.uniform(0.3, 0.7) * spacing
        for step in np.arange(-1.5 * size + offset, 1.5 * size, spacing):
            place = step + rng.uniform(-0.12, 0.12) * spacing
            ends = [(-1.5 * size, place), (1.5 * size, place)]
            if not along:
                ends = [(y, x) for x, y in ends]
            line = translate(LineString(ends), middle.x, middle.y)
            inside = rotate(line, turn, origin=middle).intersection(district)
            for part in shapely.get_parts(inside):
                lines += _with_gaps(part, rng)
    return lines


def _with_gaps(line: LineString, rng: np.random.Generator) -> list[tuple[str, LineString]]:
    """Cut a line into streets of a few hundred metres; some stretches are footways or missing."""
    streets = []
    start = 0.0
    while start < line.length - 40:
        end = min(line.length, start + rng.uniform(250, 620))
        if line.length - end < 80:
            end = line.length
        kind = rng.random()
        if kind > 0.1:
            highway = "footway" if kind < 0.2 else "residential"
            streets.append((highway, substring(line, start, end)))
        start = end
    return streets


def _bent(line: LineString) -> LineString:
    """Bend a line gently, the same way wherever it runs, so that junctions stay junctions."""
    dense = shapely.get_coordinates(shapely.segmentize(line, 45.0))
    x, y = dense[:, 0], dense[:, 1]
    east = 38 * np.sin(y / 310 + 0.4) + 22 * np.sin((x + y) / 170)
    north = 38 * np.sin(x / 340 + 1.9) + 22 * np.sin((x - y) / 190)
    return LineString(np.column_stack([x + east, y + north]))


def _names(rng: np.random.Generator) -> Iterator[str]:
    every = [f"{first} {last}" for first in _FIRST.split() for last in _LAST]
    return iter([every[index] for index in rng.permutation(len(every))])
