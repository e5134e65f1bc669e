"""What stands in an area and how far the nearest of each kind is: shops, schools, what is asked."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets.areas.columns import CSV, as_numbers, read_source
from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import require_crs, require_degrees
from streetview_assets.files.geo_file import READABLE, GeoFile, frame, info
from streetview_assets.perception.environment.extract import read_extract
from streetview_assets.text.counted import counted

FARTHEST_M = 5_000.0
"""What is farther counts as so far."""
MOST_CATEGORIES = 60
ALL = "all"
KEY, CATEGORY = "place.points_of_interest", "place.category"
_REMEDY = f"Give a {READABLE} file, or CSV with columns longitude and latitude (WGS 84)."


def read_points_of_interest(path: Path, category: str | None) -> gpd.GeoDataFrame:
    """Read what stands where, and of which category it is.

    Parameters
    ----------
    path
        Points or outlines with a column of categories, or CSV of points; without such a column,
        an extract of OpenStreetMap or a file with its tags as columns.
    category
        Name of the column; None: the eight classes of the environment, by tags.

    Returns
    -------
    geopandas.GeoDataFrame
        ``category`` and ``geometry``, in EPSG:4326.

    Raises
    ------
    StudyError
        Where the file cannot be read, has no such column, or more categories than are told apart.
    """
    if category is None:
        found = read_extract(path).features
        return found.rename(columns={"class_name": "category"})[["category", "geometry"]]
    if path.suffix.lower() in CSV:
        rows = _of_table(path, category)
    else:
        rows = _of_shapes(GeoFile(path, KEY, "a file of points of interest", _REMEDY), category)
    rows["category"] = rows["category"].astype("string").str.strip()
    rows = rows[(rows["category"].fillna("") != "") & ~rows.geometry.is_empty]
    if not 0 < rows["category"].nunique() <= MOST_CATEGORIES:
        raise StudyError(
            f"{CATEGORY}: {path} has "
            f"{counted(rows['category'].nunique(), 'category', 'categories')} in the column "
            f"{category!r}, and 1 to {MOST_CATEGORIES} are told apart. Name a column of broader "
            "ones, or put them together."
        )
    return rows


def point_of_interest_measures(
    there: gpd.GeoDataFrame, categories: list[str], outlines: np.ndarray, place_m: np.ndarray
) -> dict[str, np.ndarray]:
    """Count what stands in areas, and measure how far the nearest is.

    Parameters
    ----------
    there
        ``category`` and ``geometry``, in the CRS of the outlines, at least within `FARTHEST_M`.
    categories
        All that are told apart, those of which none is near among them.
    outlines
        (n,) in a CRS in metres.
    place_m
        Easting and northing of a point inside each, (n, 2).

    Returns
    -------
    dict
        By category, and of `all`: ``<category>_per_km2``, and ``<category>_nearest_m`` from the
        point inside, `FARTHEST_M` at most.
    """
    size_km2, places = shapely.area(outlines) / 1e6, shapely.points(place_m)
    measured: dict[str, np.ndarray] = {}
    for name in (ALL, *categories):
        mine = there if name == ALL else there[there["category"] == name]
        shapes = mine.geometry.to_numpy()
        tree = shapely.STRtree(shapes)
        area, _ = tree.query(outlines, "intersects")
        counts = np.bincount(area, minlength=len(outlines))
        per_km2 = np.full(len(outlines), np.nan)
        np.divide(counts, size_km2, out=per_km2, where=size_km2 > 0)
        nearest_m = np.full(len(outlines), FARTHEST_M)
        if len(shapes):
            (one, _), away_m = tree.query_nearest(places, return_distance=True, all_matches=False)
            nearest_m[one] = np.minimum(away_m, FARTHEST_M)
        measured |= {f"{name}_per_km2": per_km2, f"{name}_nearest_m": nearest_m}
    return measured


def _of_table(path: Path, category: str) -> gpd.GeoDataFrame:
    wanted: dict[str, str | None] = {CATEGORY: category}
    wanted |= {f"{KEY} ({name})": name for name in ("longitude", "latitude")}
    source = read_source(path, wanted)
    east, north = (as_numbers(source, name, KEY) for name in ("longitude", "latitude"))
    if missing := int((east.is_null() | north.is_null()).sum()):
        raise StudyError(f"{KEY}: {source.place}: no place in {counted(missing, 'row')}. {_REMEDY}")
    names = source.frame[category].cast(pl.String).to_list()
    shapes = gpd.points_from_xy(east.to_numpy(), north.to_numpy(), crs=GEOGRAPHIC_CRS)
    return _on_earth(path, gpd.GeoDataFrame({"category": names}, geometry=shapes))


def _of_shapes(file: GeoFile, category: str) -> gpd.GeoDataFrame:
    fields = info(file)["fields"]
    if category not in fields:
        raise StudyError(
            f"{CATEGORY}: {file.path} has no column {category!r}; there are: "
            f"{', '.join(fields[:20]) or 'none'}."
        )
    rows = frame(file, columns=[category])
    if not isinstance(rows, gpd.GeoDataFrame):
        raise StudyError(f"{file.place} has no places. {_REMEDY}")
    require_crs(file.place, rows.crs, "points of interest")
    with file.reading():
        there = rows.geometry.to_crs(GEOGRAPHIC_CRS)
    found = gpd.GeoDataFrame({"category": rows[category].to_numpy()}, geometry=there.to_numpy())
    return _on_earth(file.path, found[~there.isna().to_numpy()].set_crs(GEOGRAPHIC_CRS))


def _on_earth(path: Path, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if len(rows):
        assert rows.crs is not None, "set above"
        require_degrees(KEY, path, tuple(rows.total_bounds), rows.crs, "points of interest")
    return rows
