"""Rated images as prediction sees them: vectors, scores, and what must not be torn apart."""

from dataclasses import dataclass, fields
from typing import Self

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.geometry import metric_crs, points_in_metres
from streetview_assets.embeddings.vectors import matrix

COLOURS = ("red_mean", "green_mean", "blue_mean")


@dataclass(frozen=True)
class RatedImages:
    """Images that people rated on one quality, sorted by image_id.

    Attributes
    ----------
    image_ids
        Each once, (n,).
    vectors
        (n, d), float32.
    scores
        What people say, (n,).
    rating_counts
        Ratings that a score is made of, (n,).
    units
        What was rated, (n,): images of one place, and images that are all but the same, go by one
        name, and are never torn apart.
    place_m
        Easting and northing, metres, (n, 2); NaN where nobody knows.
    authority_codes
        (n,).
    colours
        Mean red, green and blue, 0 to 1, (n, 3); NaN where nobody knows.
    """

    image_ids: np.ndarray
    vectors: np.ndarray
    scores: np.ndarray
    rating_counts: np.ndarray
    units: np.ndarray
    place_m: np.ndarray
    authority_codes: np.ndarray
    colours: np.ndarray

    def __len__(self) -> int:
        """Give the number of images."""
        return len(self.image_ids)

    def take(self, rows: np.ndarray) -> Self:
        """Keep the rows of a mask or of positions, in that order."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))


def rated_images(ratings: pl.DataFrame, known: pl.DataFrame) -> RatedImages:
    """Put rated images together.

    Parameters
    ----------
    ratings
        Rows of `image_ratings` of one quality and one group of people.
    known
        Rows of `rated_embeddings`: images without a row have no vector, and are left out.
    """
    # Scores of different parts of a graph of comparisons cannot be compared: 0 is the largest.
    largest = pl.col("component").fill_null(0) == 0
    rows = ratings.filter(largest).join(known, on="image_id").sort("image_id")
    return RatedImages(
        rows["image_id"].to_numpy().astype(str),
        matrix(rows["embedding"]),
        rows["score"].to_numpy(),
        rows["rating_count"].fill_null(1).to_numpy(),
        _joined(rows["unit"].to_list(), rows["same_as"].to_list()),
        _places(rows),
        rows["in_authority"].to_numpy().astype(str),
        rows.select(pl.col(COLOURS).fill_null(np.nan)).to_numpy(),
    )


def unit_means(values: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Average values of images, (n,) or (n, d), over each unit, in the order of their names."""
    _, member, sizes = np.unique(units, return_inverse=True, return_counts=True)
    total = np.zeros((len(sizes), *values.shape[1:]))
    np.add.at(total, member, values)
    return np.asarray(total / sizes.reshape(-1, *[1] * (values.ndim - 1)))


def _joined(units: list[str], same_as: list[str]) -> np.ndarray:
    """Name what hangs together by a unit or by sameness, by the first of its units."""
    name: dict[str, str] = {}

    def root(one: str) -> str:
        while name.setdefault(one, one) != one:
            one = name[one]
        return one

    for unit, same in zip(units, same_as, strict=True):
        low, high = sorted((root(f"unit {unit}"), root(f"image {same}")))
        name[high] = low
    return np.array([root(f"unit {unit}") for unit in units], dtype=str)


def _places(rows: pl.DataFrame) -> np.ndarray:
    """Tell places in the UTM zone of the images."""
    degrees = rows.select("longitude", "latitude")
    placed = (degrees["longitude"].is_not_null() & degrees["latitude"].is_not_null()).to_numpy()
    place_m = np.full((rows.height, 2), np.nan)
    if placed.any():
        there = degrees.filter(placed)
        points = gpd.GeoSeries(shapely.points(there.to_numpy()), crs="EPSG:4326")
        place_m[placed] = points_in_metres(there, metric_crs(None, points))
    return place_m
