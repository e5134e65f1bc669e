"""The table `satellite_embeddings`: what satellites see of each area, as vectors, or why none."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from streetview_assets.areas.geometry import points_in_metres, to_geoframe
from streetview_assets.errors import StudyError
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.satellite import published
from streetview_assets.satellite.published import KEY, read_published
from streetview_assets.satellite.raster import open_raster, raster_files
from streetview_assets.satellite.zonal import Zone, zones
from streetview_assets.study.embeddings import ALPHAEARTH, Satellite
from streetview_assets.tables.contract import STATISTICS
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

Row = dict[str, object]
Outlines = list[BaseGeometry]
Spread = Callable[[Callable[[Outlines], list[Zone]], list[Outlines]], Iterable[tuple[int, Any]]]
"""What does a work for each of some parts, wherever, and gives what came of each by its number."""

NAME = "satellite_embeddings"
AREAS_AT_ONCE = 256


def here(
    work: Callable[[Outlines], list[Zone]], parts: list[Outlines]
) -> Iterable[tuple[int, list[Zone]]]:
    """Do all of it in this process, one part after the other."""
    return enumerate(map(work, parts))


def satellite_vectors(
    satellite: Satellite,
    areas: pl.DataFrame,
    every_area: Callable[[], pl.DataFrame],
    on_progress: OnProgress = untold,
    spread: Spread = here,
    points: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Give areas their vectors: out of a table, or pooled from a raster's pixels.

    Parameters
    ----------
    satellite
        The part of the study file.
    areas
        The table `areas`, of one authority.
    every_area
        Gives that of all authorities: a source that has none of those is the wrong one.
    on_progress
        Called with areas done and in total.
    spread
        Where the pixels of a raster are pooled; default: here.
    points
        The table `sample_points`, where `satellite.sampled` says that they count.

    Returns
    -------
    polars.DataFrame
        Table `satellite_embeddings`: a row an area and statistic; of an area without a vector,
        with the reason.

    Raises
    ------
    StudyError
        Where the source cannot be read, or has nothing of any area of the study.
    """
    paths = satellite.path
    if any(path.suffix.lower() in published.SUFFIXES for path in paths if path.is_file()):
        if len(paths) > 1:
            raise StudyError(f"{KEY}: give one table, or the tiles of one raster.")
        if satellite.sampled == "points":
            raise StudyError("satellite.sampled: a table has no pixels to sample: give a raster.")
        rows = _of_table(satellite, areas, every_area())
    else:
        rows = _of_raster(satellite, areas, every_area, on_progress, spread, points)
    return TABLES[NAME].frame(rows).sort(TABLES[NAME].key)


def _of_table(satellite: Satellite, areas: pl.DataFrame, every: pl.DataFrame) -> list[Row]:
    (path,) = satellite.path
    found = read_published(path, every["area_code"], satellite.area_code)
    if satellite.statistic not in found.by_statistic:
        there = ", ".join(sorted(found.by_statistic))
        raise StudyError(
            f"satellite.statistic: {path} has no columns of the {satellite.statistic}, but of the "
            f"{there}. Name one of these."
        )
    place = {code: row for row, code in enumerate(found.codes)}
    rows: list[Row] = []
    for authority, code in areas.select("authority_code", "area_code").iter_rows():
        about = {"authority_code": authority, "area_code": code, "encoder": satellite.encoder}
        for statistic, vectors in found.by_statistic.items():
            vector = vectors[place[code]] if code in place else None
            whole = vector is not None and bool(np.isfinite(vector).all())
            why = published.NOT_IN_TABLE if vector is None else published.NO_VALUE
            told = {"embedding": vector} if whole else {"reason": why}
            rows.append(about | {"statistic": statistic} | told)
    return rows


def _of_raster(
    satellite: Satellite,
    areas: pl.DataFrame,
    every_area: Callable[[], pl.DataFrame],
    on_progress: OnProgress,
    spread: Spread,
    points: pl.DataFrame | None,
) -> list[Row]:
    files, squared = raster_files(satellite.path, KEY), satellite.encoder == ALPHAEARTH
    with open_raster(files, KEY, is_alphaearth=squared) as raster:
        outlines = (
            list(to_geoframe(areas).to_crs(raster.crs).geometry)
            if points is None
            else _points(areas, points, raster.crs)
        )
    starts = range(0, len(outlines), AREAS_AT_ONCE)
    parts = [outlines[start : start + AREAS_AT_ONCE] for start in starts]
    found: dict[int, list[Zone]] = {}
    for number, some in spread(partial(zones, files=files, squared=squared), parts):
        found[number] = some
        on_progress(sum(map(len, found.values())), areas.height)
    in_order = [one for number in range(len(parts)) for one in found[number]]
    if all(one.reason for one in in_order):
        _refuse_elsewhere(files, squared, every_area())
    return [
        area
        | {
            "encoder": satellite.encoder,
            "statistic": statistic,
            "embedding": one.vectors and one.vectors[statistic],
            "covered_share": one.covered_share,
            "reason": one.reason,
        }
        for area, one in zip(
            areas.select("authority_code", "area_code").to_dicts(), in_order, strict=True
        )
        for statistic in STATISTICS
    ]


def _points(areas: pl.DataFrame, points: pl.DataFrame, crs: str) -> Outlines:
    """Give the points of each area as one geometry, in a raster's CRS, whatever its unit."""
    by_area = points.sort("point_id").partition_by("area_code", as_dict=True)
    none = points.clear()
    return [
        shapely.MultiPoint(points_in_metres(by_area.get((code,), none), crs))
        for code in areas["area_code"]
    ]


def _refuse_elsewhere(files: Sequence[Path], squared: bool, every_area: pl.DataFrame) -> None:
    """Refuse a raster that has nothing of any area of the study."""
    with open_raster(files, KEY, is_alphaearth=squared) as raster:
        others = to_geoframe(every_area).to_crs(raster.crs).geometry.bounds
        boxes = others[np.isfinite(others).all(axis=1)].to_numpy()
        if not any(raster.meets(raster.window(tuple(box))) for box in boxes):
            raise StudyError(
                f"{KEY}: {files[0]}: no area of the study lies in the raster, of "
                f"{counted(len(files), 'tile')}. Give the tiles that cover the areas."
            )
