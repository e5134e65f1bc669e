"""Roads fetched from OpenStreetMap through the Overpass API, cached by osmnx."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StreetviewError, StudyError
from streetview_assets.points.road_classes import DRIVABLE


def fetch_roads(
    around: gpd.GeoSeries, *, drivable_only: bool, cache_folder: Path | None
) -> gpd.GeoDataFrame:
    """Fetch the roads around some areas.

    Parameters
    ----------
    around
        Outlines of the areas; what lies in their convex hull is fetched.
    drivable_only
        Ask for drivable classes only.
    cache_folder
        Where osmnx keeps the answers, so that the same question is asked once; None: where
        osmnx's own settings say.

    Returns
    -------
    geopandas.GeoDataFrame
        Ways with columns ``id, highway, name``, EPSG:4326.

    Raises
    ------
    StreetviewError
        Where the service cannot be reached or refuses; with the ways out.
    StudyError
        Where OpenStreetMap has no such road there.
    """
    import osmnx
    import requests

    osmnx.settings.use_cache = True
    if cache_folder is not None:
        osmnx.settings.cache_folder = str(cache_folder)
    hull = shapely.union_all(around.to_crs(GEOGRAPHIC_CRS).to_numpy()).convex_hull
    wanted: bool | list[str] = sorted(DRIVABLE) if drivable_only else True
    try:
        found = osmnx.features_from_polygon(
            shapely.set_precision(hull, 1e-5), tags={"highway": wanted}
        )
    except osmnx._errors.InsufficientResponseError as error:
        raise StudyError(
            f"roads.source: OpenStreetMap has no such road in the box {_box(hull)} of the areas. "
            "Check the areas and their CRS, or give `roads.path`."
        ) from error
    except (
        requests.exceptions.RequestException,
        osmnx._errors.ResponseStatusCodeError,
    ) as error:
        raise StreetviewError(
            f"roads.source: overpass: {osmnx.settings.overpass_url} gave no roads "
            f"({type(error).__name__}: {error}). Try again later; or download an extract of the "
            "region (.osm.pbf, for example from download.geofabrik.de) and name it as "
            "`roads.path` instead."
        ) from error
    ways = found[found.index.get_level_values("element") == "way"].reset_index()
    columns = [column for column in ("id", "highway", "name") if column in ways.columns]
    return gpd.GeoDataFrame(pd.DataFrame(ways[columns]), geometry=ways.geometry)


def _box(shape: shapely.Geometry) -> str:
    return ", ".join(f"{edge:.4f}" for edge in shape.bounds)
