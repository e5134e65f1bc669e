"""The area that an image looks at, which is not always the one that it stands in.

Streets are borders of small areas more often than not: a camera on one sees the houses of both.
"""

import numpy as np
import polars as pl
import pyproj

from streetview_assets.points.places import NO_AREA, areas_at, ground_of
from streetview_assets.tables.registry import TABLES

_PLACE = ("point_id", "panorama_id", "captured_on")


def areas_looked_at(
    images: pl.DataFrame, panoramas: pl.DataFrame, areas: pl.DataFrame, ahead_m: float
) -> pl.DataFrame:
    """Find for each image the area of the place ahead of its camera.

    Parameters
    ----------
    images, panoramas, areas
        The tables of one authority.
    ahead_m
        How far ahead, in metres, along the direction of the image's middle.

    Returns
    -------
    polars.DataFrame
        Table ``image_areas``, by image.
    """
    cameras = panoramas.select(*_PLACE, "longitude", "latitude").unique(_PLACE, keep="first")
    seen = images.select("authority_code", "image_id", "area_code", "heading_deg", *_PLACE).join(
        cameras, on=_PLACE, how="left"
    )
    ahead = seen.drop_nulls(["heading_deg", "longitude", "latitude"])
    from_lon, from_lat, heading_deg = (
        ahead.select("longitude", "latitude", "heading_deg").to_numpy().T
    )
    longitude, latitude, _ = pyproj.Geod(ellps="WGS84").fwd(
        from_lon, from_lat, heading_deg, np.full(ahead.height, ahead_m)
    )
    places = ahead.select("image_id").with_columns(longitude=longitude, latitude=latitude)
    ground = ground_of(areas)
    area = areas_at(ground, places.select("longitude", "latitude").to_numpy())
    codes = [ground.codes[index] if index != NO_AREA else None for index in area]
    found = places.select(
        "image_id", looks_at_code=pl.Series(codes, dtype=pl.String), has_ahead=True
    )
    return (
        seen.join(found, on="image_id", how="left")
        .with_columns(
            looks_at_code=pl.when("has_ahead").then("looks_at_code").otherwise("area_code")
        )
        .select(TABLES["image_areas"].schema.names())
        .sort("image_id")
    )


def in_area_looked_at(images: pl.DataFrame, image_areas: pl.DataFrame) -> pl.DataFrame:
    """Give images with the area they look at in place of the one they stand in.

    Parameters
    ----------
    images, image_areas
        The tables, of the same authorities.
    """
    looked_at = image_areas.select("authority_code", "image_id", area_code="looks_at_code")
    return (
        images.drop("area_code")
        .join(looked_at, on=["authority_code", "image_id"], how="left", maintain_order="left")
        .select(images.columns)
    )


def share_looking_elsewhere(image_areas: pl.DataFrame) -> float | None:
    """Say which share of images looks at another area than it stands in; None without images.

    Parameters
    ----------
    image_areas
        The table; an image that looks at no area of the authority looks elsewhere.
    """
    elsewhere = image_areas["area_code"].ne_missing(image_areas["looks_at_code"])
    return float(elsewhere.sum()) / len(elsewhere) if len(elsewhere) else None
