"""What the ordinal network learns from: one row a point, with the vectors of its images."""

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.areas.standing import deciles
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.images.current import current_images

NO_DECILE = 0


@dataclass(frozen=True)
class OrdinalPoints:
    """Points that have an image with a vector, row by row.

    Attributes
    ----------
    point_ids, area_codes, authority_codes
        The point, the area it lies in, and the authority; text, shape (n,).
    views
        Vectors by heading, shape (n, views, dimension), float32; zeros where there is none.
    present
        Whether a view is there, shape (n, views), bool.
    decile
        Decile of the area's value, 1 to 10, int64, shape (n,); 0 where the area has no value.
    place_m
        Easting and northing of a point inside the area, metres, shape (n, 2).
    """

    point_ids: np.ndarray
    area_codes: np.ndarray
    authority_codes: np.ndarray
    views: np.ndarray
    present: np.ndarray
    decile: np.ndarray
    place_m: np.ndarray

    def __len__(self) -> int:
        """Give the number of points."""
        return len(self.point_ids)

    def take(self, chosen: np.ndarray) -> "OrdinalPoints":
        """Keep the rows of a mask or of positions, in that order."""
        return OrdinalPoints(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def known(self) -> "OrdinalPoints":
        """The points whose area has a value."""
        return self.take(self.decile != NO_DECILE)

    @property
    def area_count(self) -> int:
        """Number of areas that they lie in."""
        return len(np.unique(self.area_codes))


def assemble_points(
    areas: pl.DataFrame,
    targets: pl.DataFrame,
    images: pl.DataFrame,
    image_embeddings: pl.DataFrame,
    *,
    target: str,
    encoder: str,
    crs: str,
) -> OrdinalPoints:
    """Join the current images of each point, their vectors and the decile of its area.

    Parameters
    ----------
    areas, targets, images, image_embeddings
        Frames of those tables, of one or many authorities.
    target
        Name of the target; its deciles are taken within the areas given.
    encoder
        Slug of the encoder.
    crs
        A CRS in metres.

    Returns
    -------
    OrdinalPoints
        By area, then point; a point's views by heading, those without one last. A point without
        any vector is left out.
    """
    here = images.join(areas.select("area_code"), on="area_code", how="semi")
    current = _images(here, image_embeddings, encoder)
    points = (
        current.select("area_code", "point_id")
        .unique(maintain_order=True)
        .join(
            areas.select("area_code", "authority_code", "longitude", "latitude"),
            on="area_code",
            maintain_order="left",
        )
        .join(area_deciles(targets, target), on="area_code", how="left", maintain_order="left")
        .with_row_index("row")
    )
    views, present = _views(current, points)
    return OrdinalPoints(
        points["point_id"].to_numpy().astype(str),
        points["area_code"].to_numpy().astype(str),
        points["authority_code"].to_numpy().astype(str),
        views,
        present,
        points["decile"].fill_null(NO_DECILE).to_numpy(),
        points_in_metres(points, crs),
    )


def area_places(points: OrdinalPoints) -> pl.DataFrame:
    """Give where each area lies: columns `area_code`, `easting_m` and `northing_m`.

    Parameters
    ----------
    points
        With the places of their areas, metres.
    """
    east_m, north_m = points.place_m.T
    frame = pl.DataFrame(
        {"area_code": points.area_codes, "easting_m": east_m, "northing_m": north_m}
    )
    return frame.unique("area_code").sort("area_code")


def _images(images: pl.DataFrame, image_embeddings: pl.DataFrame, encoder: str) -> pl.DataFrame:
    """Give current images of areas with their vectors, and each one's place among its point's."""
    vectors = image_embeddings.filter(status="ok", encoder=encoder)
    same_image = ["authority_code", "image_id"]
    return (
        current_images(images)
        .join(vectors.select(*same_image, "embedding"), on=same_image)
        .sort("area_code", "point_id", "heading_deg", "image_id", nulls_last=True)
        .with_columns(slot=pl.int_range(pl.len()).over("area_code", "point_id"))
    )


def _views(images: pl.DataFrame, points: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Lay vectors out by point and view, and say which views are there."""
    rows = images.join(
        points.select("area_code", "point_id", "row"),
        on=["area_code", "point_id"],
        maintain_order="left",
    )
    flat = matrix(rows["embedding"])
    place = rows["slot"].to_numpy().astype(np.int64)
    shape = (len(points), int(place.max(initial=0)) + 1)
    views = np.zeros((*shape, flat.shape[1]), dtype=np.float32)
    present = np.zeros(shape, dtype=bool)
    point = rows["row"].to_numpy()
    views[point, place], present[point, place] = flat, True
    return views, present


def area_deciles(targets: pl.DataFrame, target: str) -> pl.DataFrame:
    """Give the decile of each area with a value: the value itself where it is a decile already.

    Parameters
    ----------
    targets
        The table `targets`; its column `is_decile` says so.
    target
        Name of the target.

    Returns
    -------
    polars.DataFrame
        Columns `area_code` and `decile`, 1 (the lowest values) to 10, int64.
    """
    valued = targets.filter(pl.col("value").is_finite(), target=target)
    told = deciles(valued["value"], are_deciles=valued["is_decile"].any())
    return valued.select("area_code", decile=told.cast(pl.Int64))
