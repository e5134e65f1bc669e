"""Reading a boundary file: a kind that GDAL reads and that leads nowhere else, or GeoParquet."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import polars as pl
import pyarrow
import pyarrow.parquet
import pyproj

from streetview_assets.areas.columns import PARQUET, require_columns
from streetview_assets.errors import StudyError
from streetview_assets.files.geo_file import READABLE, GeoFile, frame, info
from streetview_assets.files.reading import reading, refuse_parquet_bomb

_REMEDY = f"Give a {READABLE} file."


def read_attributes(path: Path, wanted: Mapping[str, str]) -> pl.DataFrame:
    """Read columns of a boundary file without its outlines.

    Parameters
    ----------
    path
        The file.
    wanted
        The column's name by the key of the study that names it.

    Raises
    ------
    StudyError
        Where the file is unreadable or a column is not there.
    """
    with _reading(path):
        columns = require_columns(str(path), wanted, _column_names(path))
        if _is_parquet(path):
            return pl.read_parquet(path, columns=columns, glob=False)
        return _to_polars(frame(_geo_file(path), columns=columns, read_geometry=False))


def read_outlines(path: Path, wanted: Mapping[str, str]) -> tuple[pl.DataFrame, gpd.GeoSeries]:
    """Read columns of a boundary file and its outlines, row by row.

    Parameters
    ----------
    path
        The file.
    wanted
        The column's name by the key of the study that names it.

    Returns
    -------
    tuple
        The columns as they stand in the file, and the outlines in the file's CRS.

    Raises
    ------
    StudyError
        Where the file is unreadable, has no geometry, or does not say its CRS, or a column is not
        there.
    """
    with _reading(path):
        columns = require_columns(str(path), wanted, _column_names(path))
        if _is_parquet(path):
            rows = gpd.read_parquet(path, columns=[*columns, _geometry_column(path)])
        else:
            # An outline too broken to build (an unclosed ring) comes back missing, and is refused
            # with its code by whoever knows the codes.
            rows = frame(_geo_file(path), columns=columns, on_invalid="ignore")
        if not isinstance(rows, gpd.GeoDataFrame):
            raise StudyError(f"areas.path: {path} has no geometry. {_REMEDY}")
        _require_crs(path, rows.crs)
        return _to_polars(pd.DataFrame(rows[columns])), rows.geometry.reset_index(drop=True)


def require_degrees(path: Path, outlines: gpd.GeoSeries, crs: pyproj.CRS) -> None:
    """Refuse outlines that, in EPSG:4326, do not lie on the Earth: the file's CRS is not its own.

    Parameters
    ----------
    path
        The file, for the message.
    outlines
        In EPSG:4326.
    crs
        What the file says its CRS is.

    Raises
    ------
    StudyError
        With a coordinate and the remedy.
    """
    west, south, east, north = outlines.total_bounds
    on_earth = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if not on_earth:
        raise StudyError(
            f"areas.path: {path} says that its coordinates are in {crs.name}, but that puts areas "
            f"at longitude {west:.6g} to {east:.6g} and latitude {south:.6g} to {north:.6g}. Write "
            "the file again with the CRS that its coordinates are really in; where that is the "
            f"British grid: `ogr2ogr -s_srs EPSG:27700 -t_srs EPSG:4326 new.gpkg {path.name}`."
        )


def _column_names(path: Path) -> list[str]:
    if _is_parquet(path):
        geometry = _geometry_column(path)
        return [name for name in pyarrow.parquet.read_schema(path).names if name != geometry]
    return [str(name) for name in info(_geo_file(path))["fields"]]


def _geo_file(path: Path) -> GeoFile:
    return GeoFile(path, "areas.path", "a boundary file", _REMEDY)


def _reading(path: Path) -> AbstractContextManager[None]:
    return reading(f"areas.path: {path}", "a boundary file", _REMEDY)


def _geometry_column(path: Path) -> str:
    schema = pyarrow.parquet.read_schema(path)
    refuse_parquet_bomb(path, len(schema), f"areas.path: {path}")
    metadata = schema.metadata or {}
    if b"geo" not in metadata:
        raise StudyError(
            f"areas.path: {path} is Parquet without the metadata of GeoParquet, so nothing says "
            "which column holds outlines. Write it with GeoDataFrame.to_parquet."
        )
    return str(json.loads(metadata[b"geo"])["primary_column"])


def _require_crs(path: Path, crs: pyproj.CRS | None) -> None:
    if crs is None or not (crs.is_geographic or crs.is_projected):
        found = "does not say its CRS" if crs is None else f"has the CRS {crs.name!r}"
        raise StudyError(
            f"areas.path: {path} {found}, so nothing says where on Earth its areas are. Write it "
            "again with its CRS (geopandas: `frame.set_crs('EPSG:27700').to_file(…)`; for a "
            "Shapefile, put its .prj beside it)."
        )


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET


def _to_polars(frame: pd.DataFrame) -> pl.DataFrame:
    return pl.from_pandas(frame)
