"""Search boxes: a service that is asked by box, for the places near points."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, cos, radians

import numpy as np
import polars as pl

LARGEST_SIDE_DEG = 0.0095
"""Mapillary refuses boxes of 0.01 degrees and more."""

SMALLEST_SIDE_DEG = 1e-5
ROUNDING_DEG = 1e-6
"""By so much a box may move when it is written down."""

METRES_PER_DEGREE = 110_500.0
"""A little less than the 110,574 of latitude at the equator, where they are fewest, so that a box
never ends short of the radius."""


@dataclass(frozen=True)
class Box:
    """A box in degrees, WGS 84."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        return f"{self.west:.6f},{self.south:.6f},{self.east:.6f},{self.north:.6f}"

    def quarters(self) -> tuple["Box", ...]:
        """Split in four; none where the box is about a metre small."""
        if max(self.east - self.west, self.north - self.south) <= SMALLEST_SIDE_DEG:
            return ()
        return tuple(self.divided(2, 2))

    def divided(self, columns: int, rows: int) -> Iterator["Box"]:
        """Divide into a grid: from west to east, then from south to north.

        Parameters
        ----------
        columns, rows
            How many.
        """
        west_to_east = np.linspace(self.west, self.east, columns + 1).tolist()
        south_to_north = np.linspace(self.south, self.north, rows + 1).tolist()
        for south, north in pairwise(south_to_north):
            for west, east in pairwise(west_to_east):
                yield Box(west, south, east, north)


def cells(points: pl.DataFrame) -> list[pl.DataFrame]:
    """Group points that are looked for together: those of one square of a grid.

    Parameters
    ----------
    points
        With longitude and latitude, degrees.
    """
    side = LARGEST_SIDE_DEG / 2
    row, column = (pl.col("latitude") / side).floor(), (pl.col("longitude") / side).floor()
    placed = points.with_columns(row=row, column=column).sort("row", "column", "point_id")
    groups = placed.partition_by("row", "column", maintain_order=True)
    return [group.drop("row", "column") for group in groups]


def boxes_around(points: pl.DataFrame, radius_m: float) -> Iterator[Box]:
    """Cover all places within a radius of points by boxes that are small enough to be asked for.

    Parameters
    ----------
    points
        Columns longitude and latitude, degrees (WGS 84).
    radius_m
        On the ground, metres.
    """
    east_deg, north_deg = _reach_deg(points, radius_m)
    longitudes, latitudes = points["longitude"].to_list(), points["latitude"].to_list()
    whole = Box(
        max(-180.0, min(longitudes) - east_deg),
        max(-90.0, min(latitudes) - north_deg),
        min(180.0, max(longitudes) + east_deg),
        min(90.0, max(latitudes) + north_deg),
    )
    columns = ceil((whole.east - whole.west) / LARGEST_SIDE_DEG)
    rows = ceil((whole.north - whole.south) / LARGEST_SIDE_DEG)
    return whole.divided(max(1, columns), max(1, rows))


def is_near(box: Box, points: pl.DataFrame, radius_m: float) -> bool:
    """Say whether a box may hold something within a radius of any of the points.

    Parameters
    ----------
    box
        Bounds in degrees (WGS 84).
    points
        Columns longitude and latitude, degrees.
    radius_m
        On the ground, metres.
    """
    east_deg, north_deg = _reach_deg(points, radius_m)
    inside = pl.col("longitude").is_between(box.west - east_deg, box.east + east_deg)
    inside &= pl.col("latitude").is_between(box.south - north_deg, box.north + north_deg)
    return not points.filter(inside).is_empty()


def _reach_deg(points: pl.DataFrame, radius_m: float) -> tuple[float, float]:
    """Say how many degrees a radius is to the east and to the north, where it is most of them."""
    north_deg = radius_m / METRES_PER_DEGREE + ROUNDING_DEG
    widest = max(abs(latitude) for latitude in points["latitude"]) + north_deg
    return north_deg / max(0.01, cos(radians(min(widest, 89.0)))), north_deg
