"""Places in a file that people wrote, row by row: CSV of any form, a pickle, GeoJSON of points."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl
import polars.selectors as cs

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError
from streetview_assets.files import pickled
from streetview_assets.files.geo_file import GeoFile, frame
from streetview_assets.files.reading import reading

Cells = Mapping[str, Any]
Place = tuple[float, float]


def read_pickle(path: Path, key: str) -> tuple[list[str], Iterable[tuple[str, Cells]]]:
    """Read the rows of a pickled data frame, every cell as text; vectors and shapes are left out.

    Parameters
    ----------
    path, key
        The file, and the key of the study that names it.

    Returns
    -------
    header, rows
        As `read_csv`.

    Raises
    ------
    StudyError
        Where it is no data frame, or holds more than data.
    """
    with pickled.as_parquet(path, f"{key}: {path}") as parquet:
        frame = pl.read_parquet(parquet, glob=False)
    frame = frame.select(~cs.nested() & ~cs.binary()).cast(pl.String)
    rows = ((f"row {number}", row) for number, row in enumerate(frame.iter_rows(named=True), 1))
    return frame.columns, rows


def read_csv(path: Path, key: str, **form: Any) -> tuple[list[str], Iterable[tuple[str, Cells]]]:
    """Read CSV with commas, semicolons or tabs, in UTF-8.

    Parameters
    ----------
    path, key
        The file, and the key of the study that names it.
    form
        As `csv.DictReader`.

    Returns
    -------
    header, rows
        The names of the columns, and of each row how to name it to a person and its cells.

    Raises
    ------
    StudyError
        Where it is no UTF-8.
    """
    with reading(f"{key}: {path}", "UTF-8 text", "Save it as CSV in UTF-8."):
        text = path.read_text(encoding="utf-8-sig")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, **form)
    return list(reader.fieldnames or ()), ((f"line {reader.line_num}", row) for row in reader)


def read_geojson(
    path: Path, key: str, remedy: str
) -> tuple[gpd.GeoDataFrame, list[tuple[str, Place | None]]]:
    """Read GeoJSON of points.

    Parameters
    ----------
    path, key
        The file, and the key of the study that names it.
    remedy
        What to do about a feature that is no point.

    Returns
    -------
    features, places
        All that the file says, and of each feature how to name it to a person and where it lies:
        longitude and latitude, None where it does not say.

    Raises
    ------
    StudyError
        Where the file has no geometry, or a feature another than a point.
    """
    features = frame(GeoFile(path, key, "GeoJSON", "Give GeoJSON of points."))
    if not isinstance(features, gpd.GeoDataFrame):
        raise StudyError(f"{key}: {path} has no geometry. Give GeoJSON of points.")
    places: list[tuple[str, Place | None]] = []
    for number, shape in enumerate(features.geometry.to_crs(GEOGRAPHIC_CRS), start=1):
        if shape is None or shape.is_empty:
            places.append((f"feature {number}", None))
        elif shape.geom_type == "Point":
            places.append((f"feature {number}", (shape.x, shape.y)))
        else:
            raise StudyError(
                f"{key}: {path}, feature {number}: a {shape.geom_type} where a Point was expected. "
                f"{remedy}"
            )
    return features, places


def as_degrees(cell: Any, most: int, what: str, remedy: str) -> float:
    """Read degrees (WGS 84).

    Parameters
    ----------
    cell
        As it stands in the file.
    most
        180 of a longitude, 90 of a latitude.
    what
        The key, the file, the row and what is read, for the message.
    remedy
        How the message ends.

    Raises
    ------
    StudyError
        Where it is no number, or beyond what there is.
    """
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not -most <= value <= most:
        shown = "missing" if cell is None else repr(cell)
        raise StudyError(
            f"{what} is {shown}; expected degrees (WGS 84) from -{most} to {most}{remedy}"
        )
    return value
