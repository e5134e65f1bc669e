"""Roads fetched from OpenStreetMap through the Overpass API, cached by osmnx."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError, UnavailableError
from streetview_assets.files.reading import reading
from streetview_assets.points.roads.classes import DRIVABLE

if TYPE_CHECKING:
    import requests

Tags = dict[str, bool | str | list[str]]

_WAYS_OUT = (
    "Try again later; or download an extract of the region (.osm.pbf, for example from "
    "download.geofabrik.de) and name it as `roads.path` instead."
)
_MOST_SPLITS = 3
"""How often a box is quartered: 64 boxes at most."""


class _PartialError(Exception):
    """The server says that its answer is not all there is."""


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
    UnavailableError
        Where the service cannot be reached, refuses, or breaks off for small boxes too; with the
        ways out.
    StudyError
        Where OpenStreetMap has no such road there.
    """
    import osmnx

    hull = shapely.union_all(around.to_crs(GEOGRAPHIC_CRS).to_numpy()).convex_hull
    tags: Tags = {"highway": sorted(DRIVABLE) if drivable_only else True}
    place = f"roads.source: overpass: {osmnx.settings.overpass_url} gave no roads: its answer"
    with (
        reading(place, "all the roads", _WAYS_OUT, error=UnavailableError),
        _checking(cache_folder),
    ):
        found = _fetch(shapely.set_precision(hull, 1e-5), tags, _MOST_SPLITS)
    if not found:
        box = ", ".join(f"{edge:.4f}" for edge in hull.bounds)
        raise StudyError(
            f"roads.source: OpenStreetMap has no such road in the box {box} of the areas. "
            "Check the areas and their CRS, or give `roads.path`."
        )
    ways = pd.concat(found)
    ways = ways[~ways.index.duplicated()]
    ways = ways[ways.index.get_level_values("element") == "way"].reset_index()
    told = pd.DataFrame(ways).filter(["id", "highway", "name", "oneway"])
    return gpd.GeoDataFrame(told, geometry=ways.geometry)


@contextmanager
def _checking(cache_folder: Path | None) -> Iterator[None]:
    """Let osmnx keep answers in a folder, and look at each before osmnx does."""
    import osmnx

    osmnx.settings.use_cache = True
    if cache_folder is not None:
        osmnx.settings.cache_folder = str(cache_folder)
        _drop_cut_answers(cache_folder)
    before = osmnx.settings.requests_kwargs
    osmnx.settings.requests_kwargs = {**before, "hooks": {"response": _refuse_partial}}
    try:
        yield
    finally:
        osmnx.settings.requests_kwargs = before


def _drop_cut_answers(cache_folder: Path) -> None:
    """Forget answers that a killed process wrote half: osmnx writes them in place."""
    for file in cache_folder.glob("*.json"):
        try:
            json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            file.unlink()


def _fetch(shape: shapely.Geometry, tags: Tags, splits_left: int) -> list[gpd.GeoDataFrame]:
    """Ask for what lies in a shape; where the server breaks off, quarter by quarter."""
    import osmnx

    try:
        return [osmnx.features_from_polygon(shape, tags=tags)]
    except osmnx._errors.InsufficientResponseError:
        return []
    except _PartialError:
        if not splits_left:
            raise
    parts = (shape & quarter for quarter in _quarters(shape))
    areal = [part for part in parts if part.area > 0]
    return [found for part in areal for found in _fetch(part, tags, splits_left - 1)]


def _quarters(shape: shapely.Geometry) -> list[shapely.Geometry]:
    west, south, east, north = shape.bounds
    x, y = (west + east) / 2, (south + north) / 2
    columns, rows = ((west, x), (x, east)), ((south, y), (y, north))
    return [shapely.box(x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns]


def _refuse_partial(response: "requests.Response", *_: object, **__: object) -> None:
    """Look at an answer before osmnx does, which takes one that broke off for all there is.

    Raises
    ------
    _PartialError
        Where the answer carries a remark: the server ran out of time or memory, with status 200.
    requests.exceptions.RequestException
        Where it is no answer to a query.
    """
    import requests

    if response.request.method != "POST" or response.status_code in (429, 504):
        return  # osmnx tries again itself
    response.raise_for_status()
    answer = response.json()
    if not isinstance(answer, dict) or "elements" not in answer:
        raise requests.exceptions.InvalidJSONError("the answer has no elements")
    if answer.get("remark"):
        raise _PartialError(" ".join(str(answer["remark"]).split())[:300])
