"""Places as they are stored: six decimals of a degree, each in exactly one area."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl
import pyproj
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, to_geoframe
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import box_in_words
from streetview_assets.points.network_distance import Indices, Numbers
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.tables.registry import TABLES

DECIMALS = 6
NO_AREA = -1


@dataclass(frozen=True)
class Ground:
    """The areas that places may lie in, by code, and the CRS in metres.

    Attributes
    ----------
    codes
        Codes of the areas, sorted; none in a study without areas.
    outlines
        Their outlines, EPSG:4326, in the same order.
    tree
        Index of the outlines.
    to_metres
        From EPSG:4326 to the CRS in metres.
    """

    codes: tuple[str, ...]
    outlines: npt.NDArray[np.object_]
    tree: shapely.STRtree
    to_metres: pyproj.Transformer


@dataclass(frozen=True)
class Places:
    """Rounded places.

    Attributes
    ----------
    degrees
        Longitude and latitude, shape (n, 2), six decimals.
    metres
        The same rounded places in the CRS in metres.
    area
        Index of the area; `NO_AREA` where it lies in none of those allowed.
    """

    degrees: Numbers
    metres: Numbers
    area: Indices


def ground_of(areas: pl.DataFrame, crs: str = GEOGRAPHIC_CRS) -> Ground:
    """Prepare areas for looking places up.

    Parameters
    ----------
    areas
        Table ``areas``, at least ``area_code`` and ``geometry``; in any order.
    crs
        The CRS in metres; not needed where places are looked up in degrees only.
    """
    areas = areas.select("area_code", "geometry").sort("area_code")
    outlines = to_geoframe(areas).geometry.to_numpy()
    return Ground(
        codes=tuple(areas["area_code"]),
        outlines=outlines,
        tree=shapely.STRtree(outlines),
        to_metres=pyproj.Transformer.from_crs(GEOGRAPHIC_CRS, crs, always_xy=True),
    )


def point_ids(degrees: Numbers) -> list[str]:
    """Name places: `latitude_longitude`, six decimals each."""
    return [f"{latitude:.6f}_{longitude:.6f}" for longitude, latitude in degrees]


def rounded(degrees: Numbers) -> Numbers:
    """Round degrees to the six decimals of a point's id; there is no minus zero."""
    return np.round(degrees, DECIMALS) + 0.0


def named_places(places: pl.DataFrame) -> pl.DataFrame:
    """Round places, and name each by where it lies.

    Parameters
    ----------
    places
        With longitude and latitude; all other columns stay.

    Returns
    -------
    polars.DataFrame
        With point_id; the same place has the same one, to six decimals.
    """
    degrees = rounded(places.select("longitude", "latitude").to_numpy())
    return places.with_columns(
        point_id=pl.Series(point_ids(degrees), dtype=pl.String),
        longitude=degrees[:, 0],
        latitude=degrees[:, 1],
    )


def areas_at(ground: Ground, degrees: Numbers) -> Indices:
    """Find the one area of each place: on a border, the one with the smallest code.

    Parameters
    ----------
    ground
        The areas, and the CRS in metres.
    degrees
        Longitude and latitude (WGS 84), shape (n, 2).

    Returns
    -------
    numpy.ndarray
        Index into the codes of the ground, `NO_AREA` where there is none.
    """
    place, area = ground.tree.query(shapely.points(degrees), predicate="intersects")
    smallest = np.full(len(degrees), len(ground.codes), dtype=np.intp)
    np.minimum.at(smallest, place, area)
    smallest[smallest == len(ground.codes)] = NO_AREA
    return smallest


def in_degrees(ground: Ground, metres: Numbers) -> Numbers:
    """Give longitude and latitude of places in metres, shape (n, 2).

    Parameters
    ----------
    ground
        With the CRS in metres.
    metres
        Easting and northing, shape (n, 2).
    """
    x, y = metres.T
    return np.column_stack(ground.to_metres.transform(x, y, direction="INVERSE"))


def in_metres(ground: Ground, degrees: Numbers) -> Numbers:
    """Give places in the CRS in metres of longitude and latitude, shape (n, 2).

    Parameters
    ----------
    ground
        With the CRS in metres.
    degrees
        Longitude and latitude (WGS 84), shape (n, 2).
    """
    longitude, latitude = degrees.T
    return np.column_stack(ground.to_metres.transform(longitude, latitude))


def round_places(ground: Ground, metres: Numbers, wanted_area: int | None = None) -> Places:
    """Round places on roads, so that each stays inside the authority.

    Rounding moves a place by up to 8 cm, which may put one that is near the authority's outline
    across it. Of the four rounded places about it, the nearest that lies in an area is taken.

    Parameters
    ----------
    ground
        The areas of the authority. Without areas, no place lies in one.
    metres
        Places in the CRS in metres, shape (n, 2).
    wanted_area
        Index of the one area that is allowed; by default all are.

    Returns
    -------
    Places
        Where none of the four lies in an allowed area, the nearest area stands for it, unless
        one was wanted.
    """
    exact = in_degrees(ground, metres)
    corners = _corners_by_distance(exact)
    degrees, area = corners[0], np.full(len(exact), NO_AREA)
    for corner in corners if ground.codes else ():
        undecided = np.flatnonzero(area == NO_AREA)
        found = areas_at(ground, corner[undecided])
        good = found != NO_AREA if wanted_area is None else found == wanted_area
        area[undecided[good]] = found[good]
        degrees[undecided[good]] = corner[undecided[good]]
    outside = np.flatnonzero(area == NO_AREA)
    if ground.codes and wanted_area is None and len(outside):
        nearest = ground.tree.query_nearest(shapely.points(degrees[outside]), all_matches=False)
        area[outside[nearest[0]]] = nearest[1]
    return Places(degrees, in_metres(ground, degrees), area)


def _corners_by_distance(exact: Numbers) -> Numbers:
    """Give the four rounded places about each place, nearest first, shape (4, n, 2)."""
    scale = 10.0**DECIMALS
    low = np.floor(exact * scale)
    corners = np.stack([rounded((low + step) / scale) for step in product((0, 1), repeat=2)])
    off = corners - exact
    off[..., 0] *= np.cos(np.radians(exact[:, 1]))
    order = np.argsort((off**2).sum(axis=-1), axis=0, kind="stable")
    nearest_first: Numbers = np.take_along_axis(corners, order[..., None], axis=0)
    return nearest_first


def as_sample_points(places: pl.DataFrame, areas: pl.DataFrame) -> pl.DataFrame:
    """Say in which area places lie, and make table ``sample_points`` of them.

    Parameters
    ----------
    places
        point_id, longitude, latitude, and any other columns of the table; one row a place.
    areas
        Table ``areas`` of all authorities of the study; without rows, the authority of all
        places is ``all``.

    Returns
    -------
    polars.DataFrame
        By authority and point_id, what is not known null. The authority is null where a place
        lies in no area.
    """
    if areas.is_empty():
        located = places.with_columns(authority_code=pl.lit(WITHOUT_AREAS))
    else:
        ground = ground_of(areas)
        area = areas_at(ground, places.select("longitude", "latitude").to_numpy())
        codes = [ground.codes[index] if index != NO_AREA else None for index in area]
        located = places.with_columns(area_code=pl.Series(codes, dtype=pl.String)).join(
            areas.select("area_code", "authority_code"), on="area_code", how="left"
        )
    schema = TABLES["sample_points"].schema
    table = located.match_to_schema(schema, missing_columns="insert", extra_columns="ignore")
    return table.sort("authority_code", "point_id")


def inside_areas(
    places: pl.DataFrame, areas: pl.DataFrame, whose: str, remedy: str
) -> pl.DataFrame:
    """Make table ``sample_points`` of the places that lie in an area.

    Parameters
    ----------
    places, areas
        As `as_sample_points`.
    whose, remedy
        How the message begins and ends where none does.

    Raises
    ------
    StudyError
        Where there are areas and no place lies in any of them.
    """
    inside = as_sample_points(places, areas).drop_nulls("authority_code")
    if inside.is_empty():
        box = shapely.total_bounds(
            shapely.points(places.select("longitude", "latitude").to_numpy())
        )
        raise StudyError(
            f"{whose} lies in an area of the study; they lie at {box_in_words(box)}. {remedy}"
        )
    return inside
