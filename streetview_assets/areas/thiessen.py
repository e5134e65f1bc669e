"""Outlines of areas that are known by places alone: the ground that is nearest to these.

A table of places labelled with their areas (postcodes with their LSOA) says of any ground near by
which area it is most likely of: that of the nearest place, which makes Thiessen polygons (Thiessen
1911, Monthly Weather Review 39: 1082-1089), joined by area.
"""

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from streetview_assets.areas.columns import CSV, Wanted, as_codes, read_source
from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, metric_crs
from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.text.counted import counted

LATITUDE = ("lat", "latitude", "y", "point_y", "gsv_lat")
LONGITUDE = ("lng", "lon", "long", "longitude", "x", "point_x", "gsv_lng", "gsv_lon")
REACH_M = 500.0
"""No ground farther from every place belongs to an area."""

_DECIMALS = 6
_KEY = "areas.path"


def is_table_of_places(path: Path) -> bool:
    """Say whether a file of areas is a table of places, which has no outlines."""
    return path.suffix.lower() in CSV


def read_outlines_of_places(path: Path, wanted: Wanted) -> tuple[pl.DataFrame, gpd.GeoSeries]:
    """Read a table of places, and draw the areas that they are labelled with.

    Parameters
    ----------
    path
        CSV with a row for each place: longitude and latitude (WGS 84) under one of their usual
        names, the code of its area, and whatever else is told of the area.
    wanted
        The columns of an area by study key; that of the code is `areas.code`.

    Returns
    -------
    tuple
        The columns, each different row once; and beside each the outline of its area, EPSG:4326:
        what is nearest to one of its places and no farther than `REACH_M`. Of a place that two
        areas name, the smaller code has it.

    Raises
    ------
    StudyError
        Where a column is not there, or a place is no place on earth.
    """
    names = {
        "areas.longitude": _usual(path, LONGITUDE, "longitude"),
        "areas.latitude": _usual(path, LATITUDE, "latitude"),
    }
    table = read_source(path, {**wanted, **names}).frame
    degrees = _degrees(table, path, list(names.values()))
    rows = table.select(list(dict.fromkeys(filter(None, wanted.values())))).unique()
    rows = rows.sort(rows.columns, nulls_last=True)
    code = wanted["areas.code"]
    assert code is not None, "the study file requires it"
    codes = as_codes(table[code])
    known = codes.is_not_null().to_numpy()
    outlines = thiessen(degrees[known], codes.drop_nulls().to_numpy().astype(str))
    shapes = [outlines.get(one) for one in as_codes(rows[code])]
    return rows, gpd.GeoSeries(shapes, crs=GEOGRAPHIC_CRS)


def thiessen(
    degrees: npt.NDArray[np.float64], codes: npt.NDArray[np.str_]
) -> dict[str, shapely.Geometry]:
    """Give each code the ground that is nearest to one of its places, within `REACH_M`.

    Parameters
    ----------
    degrees
        Longitude and latitude of the places (WGS 84), shape (n, 2).
    codes
        Of their areas, shape (n,).

    Returns
    -------
    dict
        Code to its outline, EPSG:4326. A code all of whose places a smaller one has too is not
        there.
    """
    if not len(codes):
        return {}
    rounded = np.round(degrees, _DECIMALS) + 0.0
    order = np.lexsort((codes, rounded[:, 1], rounded[:, 0]))
    places, first = np.unique(rounded[order], axis=0, return_index=True)
    owner = codes[order][first]
    located = gpd.GeoSeries(shapely.points(places), crs=GEOGRAPHIC_CRS)
    crs = metric_crs(None, located)
    points = located.to_crs(crs).to_numpy()
    near = shapely.buffer(points, REACH_M)
    if len(points) > 1:
        ground = shapely.box(*shapely.total_bounds(near))
        cells = shapely.voronoi_polygons(
            shapely.multipoints(points), extend_to=ground, ordered=True
        )
        near = shapely.intersection(shapely.get_parts(cells), near)
    joined = {code: shapely.union_all(near[owner == code]) for code in np.unique(owner)}
    outlines = gpd.GeoSeries(list(joined.values()), crs=crs).to_crs(GEOGRAPHIC_CRS)
    return dict(zip(map(str, joined), outlines, strict=True))


def _usual(path: Path, usual: tuple[str, ...], meaning: str) -> str:
    """Find the column of a meaning by its usual names."""
    with reading(f"{_KEY}: {path}", "a table of places"):
        line = path.open(encoding="utf-8-sig", newline="").readline()
        header = next(csv.reader([line], delimiter=max(",;\t", key=line.count)), [])
    by_lower = {name.strip().lower(): name for name in reversed(header)}
    found = [by_lower[name] for name in usual if name in by_lower]
    if not found:
        raise StudyError(
            f"{_KEY}: {path} has no outlines, and no column of the {meaning} (one of "
            f"{', '.join(usual)}) by which areas could be drawn around places. Give boundaries, or "
            f"such a column. The columns there are: {', '.join(header) or 'none'}."
        )
    return found[0]


def _degrees(table: pl.DataFrame, path: Path, columns: list[str]) -> npt.NDArray[np.float64]:
    degrees = table.select(
        pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
        for name in columns
    )
    values = degrees.fill_null(np.nan).to_numpy()
    wrong = ~(np.abs(values) <= (180, 90)).all(axis=1)
    if wrong.any():
        raise StudyError(
            f"{_KEY}: {path}: {counted(int(wrong.sum()), 'place has', 'places have')} no "
            "longitude and latitude in degrees (WGS 84), the first in row "
            f"{int(np.argmax(wrong)) + 1} of the table. Correct them, or take them out."
        )
    return values
