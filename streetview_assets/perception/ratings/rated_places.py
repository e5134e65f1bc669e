"""Places that people rated, and the images that stand for each."""

import numpy as np
import polars as pl
import pyproj
from scipy.spatial import KDTree

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS

NOTHING_NEAR = "no image is nearer to it than to another rated place, and within reach"
NEAR = pl.Schema({"image_id": pl.String(), "place_id": pl.String(), "distance_m": pl.Float64()})
"""Columns of images that stand for places."""


def images_of_places(
    places: pl.DataFrame, images: pl.DataFrame, *, within_m: float, crs: str
) -> pl.DataFrame:
    """Find the images that stand for each rated place: an image stands for the nearest one.

    Parameters
    ----------
    places
        place_id, longitude and latitude (EPSG:4326), a row a place.
    images
        image_id, longitude and latitude, a row an image; without a position, one stands for none.
    within_m
        The farthest that an image may be from the place.
    crs
        CRS in metres.

    Returns
    -------
    polars.DataFrame
        Columns `NEAR`; by image_id.
    """
    to_metres = pyproj.Transformer.from_crs(GEOGRAPHIC_CRS, crs, always_xy=True)
    places = _measured(places.sort("place_id"), to_metres)
    images = _measured(images.sort("image_id"), to_metres)
    if places.is_empty() or images.is_empty():
        return pl.DataFrame(schema=NEAR)
    there, seen = (frame.select("x", "y").to_numpy() for frame in (places, images))
    distance, nearest = KDTree(there).query(seen)
    found = images.select("image_id").with_columns(
        place_id=places["place_id"].gather(nearest), distance_m=np.asarray(distance)
    )
    return found.filter(pl.col("distance_m") <= within_m)


def _measured(frame: pl.DataFrame, to_metres: pyproj.Transformer) -> pl.DataFrame:
    """Give where rows lie in metres; far from where a CRS is meant for, there is no such place."""
    known = frame.drop_nulls(["longitude", "latitude"])
    x, y = to_metres.transform(*known.select("longitude", "latitude").to_numpy().T)
    is_known = pl.all_horizontal(pl.col("x", "y").is_finite())
    return known.with_columns(x=x, y=y).filter(is_known)
