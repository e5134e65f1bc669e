"""Outlines between tables (WKB, EPSG:4326) and geopandas, and the CRS that measures in metres."""

from functools import cache

import geopandas as gpd
import numpy as np
import polars as pl
import pyproj
import shapely

from streetview_assets.errors import StudyError

GEOGRAPHIC_CRS = "EPSG:4326"
"""The CRS of every geometry in a table."""

MAX_SCALE_ERROR = 0.05
"""Largest share by which a metre of the CRS may differ from a metre on the ground.

National grids and UTM stay below 2 %, continental equal-area maps below 5 %; Web Mercator is wrong
by 70 % in England.
"""


def to_geoframe(frame: pl.DataFrame) -> gpd.GeoDataFrame:
    """Turn a table with outlines into a geopandas frame, other columns kept.

    Parameters
    ----------
    frame
        A table with a column ``geometry`` (WKB, EPSG:4326).

    Returns
    -------
    geopandas.GeoDataFrame
        In EPSG:4326, rows in the same order.
    """
    outlines = gpd.GeoSeries.from_wkb(frame["geometry"].to_list(), crs=GEOGRAPHIC_CRS)
    return gpd.GeoDataFrame(frame.drop("geometry").to_pandas(), geometry=outlines)


def wkb_series(geometry: gpd.GeoSeries) -> pl.Series:
    """Turn outlines of any CRS into the column ``geometry`` of a table.

    Returns
    -------
    polars.Series
        Named ``geometry``: WKB in EPSG:4326, little-endian on every machine.
    """
    shapes = geometry.to_crs(GEOGRAPHIC_CRS).to_numpy()
    return pl.Series("geometry", list(shapely.to_wkb(shapes, byte_order=1)), dtype=pl.Binary)


def points_in_metres(places: pl.DataFrame, crs: str | pyproj.CRS) -> np.ndarray:
    """Give the positions of points in a CRS.

    Parameters
    ----------
    places
        Columns ``longitude`` and ``latitude``.
    crs
        See `metric_crs`.

    Returns
    -------
    numpy.ndarray
        Easting and northing, shape (n, 2), rows in the same order.
    """
    degrees = shapely.points(places.select("longitude", "latitude").to_numpy())
    there = gpd.GeoSeries(degrees, crs=GEOGRAPHIC_CRS).to_crs(crs)
    located: np.ndarray = shapely.get_coordinates(there.to_numpy())
    return located


def metric_crs(crs: str | None, around: gpd.GeoSeries) -> str:
    """Choose the CRS in which lengths and sizes are measured.

    Parameters
    ----------
    crs
        What the study names; None to estimate the UTM zone.
    around
        Where things lie, in any CRS.

    Returns
    -------
    str
        The CRS as text, such as ``EPSG:27700``.

    Raises
    ------
    StudyError
        Where the named CRS is unknown, is not in metres, or its metres are not metres there.
    """
    if crs is None:
        return _utm_zone(around)
    try:
        named = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise StudyError(f"crs: {crs!r} is no CRS that PROJ knows. {_remedy(around)}") from error
    units = sorted({axis.unit_name for axis in named.axis_info})
    if not named.is_projected or units != ["metre"]:
        raise StudyError(
            f"crs: {crs} ({named.name}) is in {' and '.join(units) or 'no unit'}, and lengths have "
            f"to be measured in metres. {_remedy(around)}"
        )
    scale = _scale(named, around)
    if not abs(scale - 1) <= MAX_SCALE_ERROR:
        raise StudyError(
            f"crs: in {crs} ({named.name}) a metre on the ground is {scale:.2f} m where the areas "
            f"are, so lengths would be wrong. {_remedy(around)}"
        )
    return _as_text(named)


def _utm_zone(around: gpd.GeoSeries) -> str:
    west, south, east, north = around.to_crs(GEOGRAPHIC_CRS).total_bounds
    return _utm_zone_at((west + east) / 2, (south + north) / 2)


@cache
def _utm_zone_at(longitude: float, latitude: float) -> str:
    """Ask PROJ's database once: it takes a tenth of a second to answer."""
    try:
        place = gpd.GeoSeries.from_xy([longitude], [latitude], crs=GEOGRAPHIC_CRS)
        return _as_text(place.estimate_utm_crs())
    except RuntimeError as error:
        raise StudyError(
            "crs: no UTM zone can be estimated for where the areas are (beyond 84° north or 80° "
            "south there is none). Name a CRS in metres."
        ) from error


def _remedy(around: gpd.GeoSeries) -> str:
    return f"Name a CRS in metres, such as {_utm_zone(around)}, or leave `crs` out."


def _scale(crs: pyproj.CRS, around: gpd.GeoSeries) -> float:
    """Length in the CRS of a metre on the ground, in the middle of the places."""
    west, south, east, north = around.to_crs(GEOGRAPHIC_CRS).total_bounds
    factors = pyproj.Proj(crs).get_factors((west + east) / 2, (south + north) / 2)
    return float(np.sqrt(factors.areal_scale))


def _as_text(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_string())
