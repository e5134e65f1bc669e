"""The table `place_descriptions`: where each area is, described in named numbers, or why not."""

from collections.abc import Callable, Mapping

import geopandas as gpd
import numpy as np
import polars as pl
import pyproj
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, points_in_metres, to_geoframe
from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.place.location_code import location_codes
from streetview_assets.place.outline_measures import outline_measures
from streetview_assets.place.points_of_interest import point_of_interest_measures
from streetview_assets.place.street_measures import street_measures
from streetview_assets.tables.registry import TABLES

Measures = Mapping[str, np.ndarray]
"""Variable to a number an area (n,), or to a code of each, (n, d)."""
NAME = "place_descriptions"
NO_STREETS = "no road of the source lies in or along the area"
NOT_DEFINED = "nothing there to measure it by"


def streets(areas: pl.DataFrame, roads: gpd.GeoDataFrame, crs: str) -> Measures:
    """Describe areas by their streets.

    Parameters
    ----------
    areas
        Table ``areas`` of one authority.
    roads, crs
        As `street_measures` takes them.
    """
    return street_measures(roads, _outlines(areas, crs), crs)


def points_of_interest(
    areas: pl.DataFrame, there: gpd.GeoDataFrame, categories: list[str], crs: str
) -> Measures:
    """Describe areas by what stands in them, and how far the nearest is.

    Parameters
    ----------
    areas
        Table ``areas`` of one authority.
    there
        ``category`` and ``geometry``, in any CRS.
    categories
        All that are told apart.
    crs
        A CRS in metres.
    """
    place_m = points_in_metres(areas, crs)
    return point_of_interest_measures(there.to_crs(crs), categories, _outlines(areas, crs), place_m)


def box_around(areas: pl.DataFrame, margin_m: float, crs: str) -> tuple[float, float, float, float]:
    """Give the box in degrees that areas and a margin lie in: west, south, east, north.

    Parameters
    ----------
    areas
        Table ``areas``, at least one row.
    margin_m
        So far beyond the outlines.
    crs
        A CRS in metres.
    """
    box = shapely.box(*shapely.total_bounds(_outlines(areas, crs))).buffer(margin_m)
    to_degrees = pyproj.Transformer.from_crs(crs, GEOGRAPHIC_CRS, always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*box.bounds)
    return west, south, east, north


def described(
    areas: pl.DataFrame,
    every_area: Callable[[], pl.DataFrame],
    crs: str,
    descriptions: Mapping[str, Callable[[], Measures] | None],
) -> pl.DataFrame:
    """Describe where areas are.

    Parameters
    ----------
    areas
        Table ``areas`` of one authority.
    every_area
        Gives that of all authorities, for what lies around.
    crs
        A CRS in metres.
    descriptions
        By name, what measures the areas in the study's sources; None where the areas tell.

    Returns
    -------
    polars.DataFrame
        Table ``place_descriptions``.
    """
    of_areas: dict[str, Callable[[], Measures]] = {
        "outline": lambda: outline_measures(areas, every_area(), crs),
        "geoclip": lambda: _code(areas),
    }
    parts = [
        _rows(areas, name, variable, values)
        for name, measure in descriptions.items()
        for variable, values in (measure or of_areas[name])().items()
    ]
    return pl.concat([TABLES[NAME].frame(), *parts]).sort(TABLES[NAME].key)


def _code(areas: pl.DataFrame) -> Measures:
    return {"geoclip": location_codes(areas.select("longitude", "latitude").to_numpy())}


def _rows(areas: pl.DataFrame, name: str, variable: str, values: np.ndarray) -> pl.DataFrame:
    of_code = values.ndim == 2
    numbers = np.full(areas.height, np.nan) if of_code else values
    value = pl.Series(numbers, dtype=pl.Float64).fill_nan(None)
    nothing = pl.lit(None, dtype=pl.List(pl.Float32))
    untold = pl.lit(NO_STREETS if name == "streets" else NOT_DEFINED)
    return areas.select(
        "authority_code",
        "area_code",
        description=pl.lit(name),
        variable=pl.lit(variable),
        value=value,
        embedding=vector_series("embedding", values) if of_code else nothing,
        reason=None if of_code else pl.when(value.is_null()).then(untold),
    ).select(TABLES[NAME].schema.names())


def _outlines(areas: pl.DataFrame, crs: str) -> np.ndarray:
    return np.asarray(to_geoframe(areas.select("geometry")).geometry.to_crs(crs).to_numpy())
