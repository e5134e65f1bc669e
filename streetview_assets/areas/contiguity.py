"""Which areas are neighbours: the graph under Moran's I and whatever else asks who is next door."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.tables.registry import TABLES

NEAR_M = 1.0
"""Outlines nearer than this share a border.

Files hold each outline on its own: rounding leaves gaps and overlaps of millimetres, and corners
that only one of two neighbours has, so that outlines are seldom equal where they meet.
"""

_BY_BORDER, _BY_DISTANCE = "border", "nearest"


def touching(outlines: Sequence[BaseGeometry]) -> tuple[np.ndarray, np.ndarray]:
    """Find which outlines meet, in a border or a corner.

    Parameters
    ----------
    outlines
        In a CRS in metres.

    Returns
    -------
    tuple
        Positions of the one and of the other of each pair, in both directions.
    """
    shapes = np.array(outlines, dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=NEAR_M)
    apart = one != other
    return one[apart], other[apart]


def find_neighbours(areas: pl.DataFrame, crs: str) -> pl.DataFrame:
    """Find the neighbours of each area: those that share a border, or a corner of one, with it.

    An area that shares none, such as an island, is the neighbour of the area that is nearest, and
    that one is its.

    Parameters
    ----------
    areas
        Table ``areas``, of all authorities.
    crs
        The CRS in metres.

    Returns
    -------
    polars.DataFrame
        Table ``area_neighbours``: each pair in both directions, by code.
    """
    areas = areas.select("area_code", "geometry").sort("area_code")
    outlines = to_geoframe(areas).geometry.to_crs(crs)
    one, other = touching(outlines.to_numpy())
    by_border = _pairs(areas["area_code"], one, other).with_columns(
        shared_border_m=pl.Series(_shared_border_m(outlines, one, other)),
        found_by=pl.lit(_BY_BORDER),
    )
    alone = np.setdiff1d(np.arange(areas.height), one)
    island, nearest = outlines.sindex.nearest(
        outlines.array[alone], return_all=False, exclusive=True
    )
    by_distance = _pairs(
        areas["area_code"],
        np.concatenate((alone[island], nearest)),
        np.concatenate((nearest, alone[island])),
    ).with_columns(shared_border_m=pl.lit(0.0), found_by=pl.lit(_BY_DISTANCE))
    found = pl.concat([by_border, by_distance]).unique(["area_code", "neighbour_code"])
    return found.select(TABLES["area_neighbours"].schema.names()).sort(
        "area_code", "neighbour_code"
    )


def _pairs(codes: pl.Series, one: np.ndarray, other: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {"area_code": codes.gather(one), "neighbour_code": codes.gather(other)},
        schema={"area_code": pl.String, "neighbour_code": pl.String},
    )


def _shared_border_m(outlines: gpd.GeoSeries, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Measure how much of an outline lies along the other; corners that meet have next to none."""
    shapes = outlines.to_numpy()
    along = shapely.intersection(
        shapely.boundary(shapes)[one], shapely.buffer(shapes, NEAR_M)[other]
    )
    return np.asarray(shapely.length(along), dtype=np.float64)


def count_islands(neighbours: pl.DataFrame) -> int:
    """Count the areas that share a border with none.

    Parameters
    ----------
    neighbours
        Table ``area_neighbours``.
    """
    by_border = neighbours.filter(found_by=_BY_BORDER)
    return neighbours.join(by_border, on="area_code", how="anti")["area_code"].n_unique()
