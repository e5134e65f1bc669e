"""The 38 variables around each point, at every radius, as rows."""

import geopandas as gpd
import numpy as np
import polars as pl
import pyproj
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, points_in_metres
from streetview_assets.perception.environment.circles import (
    Measured,
    measure_features,
    measure_streets,
)
from streetview_assets.perception.environment.extract import WAY_TAGS, Extract
from streetview_assets.perception.environment.feature_classes import FEATURE_CLASSES
from streetview_assets.perception.environment.sentences import VARIABLES
from streetview_assets.perception.environment.streets import Streets, street_network
from streetview_assets.tables.registry import TABLES

POINTS_AT_ONCE = 256

NO_CLASS = "the file of points of interest has no column that tells this class"
NO_STREETS = "neither the file of points of interest nor the study has streets"
NONE_THERE = "nothing of the street network lies in the circle"
NO_SPEED = "no street in the circle says its speed"
DRIVABLE = "of `roads`, which says neither speeds nor directions nor who may walk and cycle"


def box_around(
    points: pl.DataFrame, radius_m: float, crs: str
) -> tuple[float, float, float, float]:
    """Give the box of all circles in degrees: west, south, east, north.

    Parameters
    ----------
    points
        ``longitude``, ``latitude``; one row at least.
    radius_m
        Of the largest circles.
    crs
        The CRS in metres in which circles are measured.
    """
    box = shapely.box(*shapely.total_bounds(_places(points, crs))).buffer(radius_m)
    to_degrees = pyproj.Transformer.from_crs(crs, GEOGRAPHIC_CRS, always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*box.bounds)
    return west, south, east, north


def ways_of_roads(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take the roads of a study for ways, where an extract has none.

    Parameters
    ----------
    roads
        ``road_class`` and ``geometry``.
    """
    told = dict.fromkeys(WAY_TAGS, "") | {"highway": roads["road_class"].fillna("road")}
    return gpd.GeoDataFrame(told, geometry=roads.geometry, crs=roads.crs)


def environment_variables(
    points: pl.DataFrame,
    extract: Extract,
    radii_m: tuple[float, ...],
    crs: str,
    *,
    note: str = "",
) -> pl.DataFrame:
    """Measure what lies around points.

    Parameters
    ----------
    points
        Table ``sample_points`` of one authority.
    extract
        What lies there, in the box of all circles.
    radii_m
        Of the circles.
    crs
        The CRS in metres in which circles are measured.
    note
        What is to be said of all that concerns streets.

    Returns
    -------
    polars.DataFrame
        Table ``environment_variables``. A value that cannot be told is null, and the note says
        why.
    """
    points = points.unique("point_id").sort("point_id")
    features = extract.features.to_crs(crs)
    streets = street_network(extract.ways, crs) if len(extract.ways) else None
    parts = []
    for start in range(0, points.height, POINTS_AT_ONCE):
        some = points.slice(start, POINTS_AT_ONCE)
        unknown = np.full(some.height, np.nan)
        for radius_m in radii_m:
            measured = dict(_measured(features, streets, _places(some, crs), radius_m))
            named = some.select("authority_code", "point_id")
            parts += [
                named.with_columns(
                    variable=pl.lit(name),
                    radius_m=pl.lit(float(radius_m)),
                    value=pl.Series(measured.get(name, unknown), dtype=pl.Float64),
                )
                for name in VARIABLES
            ]
    if not parts:
        return TABLES["environment_variables"].frame()
    rows = pl.concat(parts).with_columns(pl.col("value").fill_nan(None))
    return _noted(rows, extract, streets, note).select(
        TABLES["environment_variables"].schema.names()
    )


def _measured(
    features: gpd.GeoDataFrame, streets: Streets | None, places: np.ndarray, radius_m: float
) -> Measured:
    yield from measure_features(features, places, radius_m)
    if streets is not None:
        yield from measure_streets(streets, places, radius_m)


def _noted(
    rows: pl.DataFrame, extract: Extract, streets: Streets | None, note: str
) -> pl.DataFrame:
    """Say why a value is missing, and take away what the file cannot tell."""
    untold = [
        name
        for name in VARIABLES
        for of_class in FEATURE_CLASSES.keys() - extract.classes
        if name.startswith(f"{of_class}_")
    ]
    of_class = pl.col("variable").str.contains(rf"^({'|'.join(FEATURE_CLASSES)})_")
    is_untold = pl.col("variable").is_in(untold)
    missing = pl.col("value").is_null()
    why = (
        pl.when(is_untold)
        .then(pl.lit(NO_CLASS))
        .when(of_class)
        .then(None)
        .when(pl.lit(streets is None))
        .then(pl.lit(NO_STREETS))
        .when(missing & (pl.col("variable") == "median_speed"))
        .then(pl.lit(NO_SPEED))
        .when(missing)
        .then(pl.lit(NONE_THERE))
        .otherwise(pl.lit(note or None, dtype=pl.String))
    )
    value = pl.when(is_untold).then(None).otherwise("value")
    return rows.with_columns(note=why, value=value)


def _places(points: pl.DataFrame, crs: str) -> np.ndarray:
    return np.asarray(shapely.points(points_in_metres(points, crs)))
