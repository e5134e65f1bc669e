"""Tables of the published database as files that other programs open."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.lake.atomic import written_aside
from streetview_assets.lake.open_study import OpenStudy
from streetview_assets.lake.places import flat

GEOGRAPHIC: dict[str, tuple[str, Callable[[gpd.GeoDataFrame, Path], None]]] = {
    "geoparquet": ("parquet", lambda places, path: places.to_parquet(path)),
    "gpkg": ("gpkg", lambda places, path: places.to_file(path, driver="GPKG", engine="pyogrio")),
    "geojson": (
        "geojson",
        lambda places, path: places.to_file(path, driver="GeoJSON", engine="pyogrio"),
    ),
}
PLAIN: dict[str, tuple[str, Callable[[pl.DataFrame, Path], None]]] = {
    "csv": ("csv", lambda frame, path: flat(frame).write_csv(path)),
    "parquet": ("parquet", lambda frame, path: frame.write_parquet(path)),
}


def export_table(opened: OpenStudy, table: str, kind: str, output: Path | None) -> Path:
    """Write a table of the published database to a file.

    Parameters
    ----------
    kind
        geoparquet, gpkg or geojson, with the geometry of areas or points; csv or parquet.
    output
        Default: the table's name with the ending of the kind, in the current folder.

    Raises
    ------
    StudyError
        Where there is no such kind of file, no such table, or no place in the table.
    """
    kinds = {**GEOGRAPHIC, **PLAIN}
    if kind not in kinds:
        raise StudyError(f"no export format {kind!r}; there are: {', '.join(kinds)}")
    path = output or Path(f"{table}.{kinds[kind][0]}")
    if kind in GEOGRAPHIC:
        places = opened.geo(table)
        with written_aside(path, suffix=path.suffix) as aside:
            GEOGRAPHIC[kind][1](places, aside)
    else:
        frame = opened.table(table)
        with written_aside(path, suffix=path.suffix) as aside:
            PLAIN[kind][1](frame, aside)
    return path
