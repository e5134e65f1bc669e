"""Tables with their place on the map: GeoDataFrames of areas and points."""

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets.errors import StudyError
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.strict_json import to_json


def to_places(frame: pl.DataFrame, name: str, areas: pl.DataFrame) -> gpd.GeoDataFrame:
    """Make a GeoDataFrame, EPSG:4326, of a table that means areas or points.

    Parameters
    ----------
    frame
        Rows with a geometry (WKB), or an area_code, or longitude and latitude.
    name
        The table's name, for messages.
    areas
        Table `areas`, which gives the outlines of area codes.

    Raises
    ------
    StudyError
        Where the rows have no place.
    """
    if "geometry" not in frame.columns and {"longitude", "latitude"} <= set(frame.columns):
        longitude, latitude = (frame[name].to_numpy() for name in ("longitude", "latitude"))
        points = shapely.points(longitude, latitude)
        geometry = np.where(np.isfinite(longitude) & np.isfinite(latitude), points, None)
    elif "geometry" in frame.columns or "area_code" in frame.columns:
        if "geometry" not in frame.columns:
            outlines = areas.select("area_code", "geometry")
            frame = frame.join(outlines, on="area_code", how="left", maintain_order="left")
        geometry = shapely.from_wkb(frame["geometry"].to_numpy())
        frame = frame.drop("geometry")
    else:
        raise StudyError(
            f"table {name} has no place: neither geometry nor area_code nor longitude and "
            "latitude; export it as csv or parquet"
        )
    return gpd.GeoDataFrame(flat(frame).to_pandas(), geometry=geometry, crs="EPSG:4326")


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Write what a plain file cannot hold as text: maps and lists as JSON, geometry as WKT."""
    texts = [
        pl.Series(name, [None if v is None else _text(v) for v in frame[name].to_list()], pl.String)
        for name, dtype in frame.schema.items()
        if dtype.is_nested() or dtype == pl.Binary
    ]
    return frame.with_columns(texts)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return str(shapely.to_wkt(shapely.from_wkb(value)))
    return to_json(value, default=str, ensure_ascii=False)


@pl.api.register_dataframe_namespace("geo")
class Geo:
    """`frame.geo()`: a frame with a geometry, or a place, as a GeoDataFrame."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __call__(self) -> gpd.GeoDataFrame:
        """Make a GeoDataFrame, EPSG:4326."""
        return to_places(self._frame, "(this frame)", TABLES["areas"].frame())
