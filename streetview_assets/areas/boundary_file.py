"""Reading a boundary file: a kind that GDAL reads and that leads nowhere else, or GeoParquet."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import polars as pl

from streetview_assets.areas.columns import Wanted, require_columns
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import require_crs
from streetview_assets.files.geo_file import GeoFile, frame, info


def read_attributes(path: Path, wanted: Wanted) -> pl.DataFrame:
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
    file = _geo_file(path)
    with file.reading():
        columns = require_columns(str(path), wanted, info(file)["fields"])
        if file.is_parquet:
            return pl.read_parquet(path, columns=columns, glob=False)
        return pl.from_pandas(frame(file, columns=columns, read_geometry=False))


def read_outlines(path: Path, wanted: Wanted) -> tuple[pl.DataFrame, gpd.GeoSeries]:
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
    file = _geo_file(path)
    with file.reading():
        columns = require_columns(str(path), wanted, info(file)["fields"])
        # An outline too broken to build (an unclosed ring) comes back missing, and is refused
        # with its code by whoever knows the codes.
        rows = frame(file, columns=columns, on_invalid="ignore")
        if not isinstance(rows, gpd.GeoDataFrame):
            raise StudyError(f"{file.place} has no geometry. {file.remedy}")
        require_crs(file.place, rows.crs, "areas")
        return pl.from_pandas(pd.DataFrame(rows[columns])), rows.geometry.reset_index(drop=True)


def _geo_file(path: Path) -> GeoFile:
    return GeoFile(path, "areas.path", "a boundary file")
