"""The made-up town's areas: irregular cells, about thirty to each of three authorities."""

import geopandas as gpd
import numpy as np
import shapely
from shapely import MultiPoint, Point, Polygon

AUTHORITIES = (
    ("X01000001", "Quillhaven", 29),
    ("X01000002", "Vessenbury", 31),
    ("X01000003", "Ostramoor", 30),
)
"""Code, name and number of areas of each authority; no real place has these."""


def town_outline(rng: np.random.Generator) -> Polygon:
    """Draw the edge of the town: a rounded, uneven shape about 4.5 km by 3.5 km, in metres."""
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    radius = np.ones_like(angle)
    for waves in (2, 3, 5):
        radius += 0.20 / waves * np.sin(waves * angle + rng.uniform(0, 2 * np.pi))
    return Polygon(np.column_stack([2250 * radius * np.cos(angle), 1800 * radius * np.sin(angle)]))


def town_areas(outline: Polygon, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Divide the town into areas; each authority has those in one direction from the middle.

    Parameters
    ----------
    outline
        Of the town, in metres from its middle.
    rng
        What is drawn is drawn from it.

    Returns
    -------
    geopandas.GeoDataFrame
        area_code, area_name, authority_code, authority_name, geometry, in metres.
    """
    cells = cells_of(outline, sum(count for _, _, count in AUTHORITIES), rng, rounds=3)
    cells.sort(key=lambda cell: np.arctan2(cell.centroid.y, cell.centroid.x))
    names = [
        (f"{name} {number:03d}", code, name)
        for code, name, count in AUTHORITIES
        for number in range(1, count + 1)
    ]
    areas = gpd.GeoDataFrame(names, columns=["area_name", "authority_code", "authority_name"])
    areas.insert(0, "area_code", [f"X02{number:06d}" for number in range(1, len(cells) + 1)])
    return areas.set_geometry(cells)


def cells_of(outline: Polygon, count: int, rng: np.random.Generator, rounds: int) -> list[Polygon]:
    """Divide a shape into so many Voronoi cells, evened out by a few rounds of Lloyd's method."""
    seeds = _points_inside(outline, count, rng)
    for _ in range(rounds):
        seeds = [cell.centroid for cell in _voronoi(outline, seeds)]
    return _voronoi(outline, seeds)


def _points_inside(outline: Polygon, count: int, rng: np.random.Generator) -> list[Point]:
    west, south, east, north = outline.bounds
    inside: list[Point] = []
    while len(inside) < count:
        point = Point(rng.uniform(west, east), rng.uniform(south, north))
        if outline.contains(point):
            inside.append(point)
    return inside


def _voronoi(outline: Polygon, seeds: list[Point]) -> list[Polygon]:
    cells = shapely.voronoi_polygons(MultiPoint(seeds), extend_to=outline).geoms
    # GEOS returns the cells in an order of its own.
    by_seed = [next(cell for cell in cells if cell.contains(seed)) for seed in seeds]
    parts = [cell.intersection(outline) for cell in by_seed]
    return [max(shapely.get_parts(part), key=lambda piece: piece.area) for part in parts]
