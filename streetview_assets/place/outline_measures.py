"""What the outlines of areas tell: size, form, detail, neighbours, and how dense areas lie.

Small areas as statistics have them hold about as many people each: where they are small and lie
close together, many people live. So size and density are told without a census.
"""

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from scipy.spatial import cKDTree

from streetview_assets.areas.contiguity import touching
from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, points_in_metres

AROUND = (8, 32)
"""Of so many areas around one, the density is measured."""
VARIABLES = (
    *("area_m2", "perimeter_m", "compactness", "convexity", "elongation"),
    *("vertices", "vertices_per_km", "neighbours", "nearest_area_m"),
    *(f"areas_per_km2_of_{count}" for count in AROUND),
)
Measures = dict[str, np.ndarray]
"""Variable to values, one an area; NaN where there is nothing to measure it by."""


def outline_measures(areas: pl.DataFrame, every_area: pl.DataFrame, crs: str) -> Measures:
    """Measure the outlines of areas, and how others lie around them.

    Parameters
    ----------
    areas
        Table ``areas`` of one authority.
    every_area
        The same of all authorities, so that neighbours across their borders count; what lies
        beyond the study does not.
    crs
        A CRS in metres.

    Returns
    -------
    dict
        `VARIABLES`. `compactness` is 4π · area / perimeter² (Polsby and Popper 1991), 1 of a
        circle; `convexity` the share of the convex hull that is covered; `elongation` the shorter
        by the longer side of the smallest rectangle around; `areas_per_km2_of_8` the density of
        areas among the nearest eight, by the distance to the eighth.
    """
    outlines = _outlines(areas, crs)
    size_m2, perimeter_m = shapely.area(outlines), shapely.length(outlines)
    vertices = shapely.get_num_coordinates(outlines).astype(np.float64)
    return {
        "area_m2": size_m2,
        "perimeter_m": perimeter_m,
        "compactness": _ratio(4 * np.pi * size_m2, perimeter_m**2),
        "convexity": _ratio(size_m2, shapely.area(shapely.convex_hull(outlines))),
        "elongation": _elongation(outlines),
        "vertices": vertices,
        "vertices_per_km": _ratio(1000 * vertices, perimeter_m),
        "neighbours": _neighbour_counts(areas, every_area, crs),
        **_densities(areas, every_area, crs),
    }


def _outlines(areas: pl.DataFrame, crs: str) -> np.ndarray:
    shapes = gpd.GeoSeries.from_wkb(areas["geometry"].to_list(), crs=GEOGRAPHIC_CRS).to_crs(crs)
    return np.asarray(shapes.to_numpy())


def _elongation(outlines: np.ndarray) -> np.ndarray:
    around = shapely.get_exterior_ring(shapely.minimum_rotated_rectangle(outlines))
    corners = [shapely.get_coordinates(shapely.get_point(around, place)) for place in range(3)]
    sides_m = [np.linalg.norm(corners[i + 1] - corners[i], axis=1) for i in range(2)]
    return _ratio(np.minimum(*sides_m), np.maximum(*sides_m))


def _neighbour_counts(areas: pl.DataFrame, every: pl.DataFrame, crs: str) -> np.ndarray:
    """Count the areas that share a border or a corner, of those whose boxes come near alone."""
    shapes = shapely.from_wkb(every["geometry"].to_list())
    mine = np.flatnonzero(every["area_code"].is_in(areas["area_code"].implode()).to_numpy())
    around = shapely.box(*shapely.total_bounds(shapes[mine])).buffer(1e-3)
    near = np.flatnonzero(shapely.intersects(shapely.box(*shapely.bounds(shapes).T), around))
    some = every[near]
    one, _ = touching(list(_outlines(some, crs)))
    counts = dict(zip(some["area_code"], np.bincount(one, minlength=len(near)), strict=True))
    return np.array([counts[code] for code in areas["area_code"]], dtype=np.float64)


def _densities(areas: pl.DataFrame, every: pl.DataFrame, crs: str) -> Measures:
    """Measure how far the nearest areas are, by a point inside each."""
    others = every.unique("area_code").sort("area_code")
    place_m, others_m = points_in_metres(areas, crs), points_in_metres(others, crs)
    most = max(AROUND)
    # The area itself is found too, at no distance; where there are fewer, what there are counts.
    away_m, _ = cKDTree(others_m).query(place_m, k=range(2, most + 2))
    there = np.isfinite(away_m).sum(axis=1)
    nearest_m = np.where(there > 0, away_m[:, 0], np.nan)
    found = {"nearest_area_m": nearest_m}
    for count in AROUND:
        within = np.minimum(count, there)
        last_m = np.take_along_axis(away_m, np.maximum(within - 1, 0)[:, None], axis=1)[:, 0]
        circle_km2 = np.where(within > 0, np.pi * last_m**2 / 1e6, np.nan)
        found[f"areas_per_km2_of_{count}"] = _ratio(within.astype(np.float64), circle_km2)
    return found


def _ratio(of: np.ndarray, by: np.ndarray) -> np.ndarray:
    found = np.full(len(by), np.nan)
    np.divide(of, by, out=found, where=by > 0)
    return found
