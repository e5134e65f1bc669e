"""Tables of the published database as files that other programs open."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.exports.formats import (
    write_csv,
    write_geojson,
    write_latex,
    write_xlsx,
    write_xml,
)
from streetview_assets.exports.frames import FRAMES, write_pickle
from streetview_assets.exports.qgis import write_gpkg, write_qml
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.points.imported.locations import as_locations
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.contract import VECTOR
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.strict_json import to_json

Write = Callable[[gpd.GeoDataFrame, pl.DataFrame, Path, str], None]
GEOPARQUET = {"schema_version": "1.1.0", "write_covering_bbox": True, "compression": "zstd"}
"""With a box for each row, by which a reader skips what lies elsewhere."""

GEOGRAPHIC: dict[str, tuple[str, Write]] = {
    "geoparquet": (
        "parquet",
        lambda places, rows, path, table: places.to_parquet(path, **GEOPARQUET),
    ),
    "gpkg": ("gpkg", lambda places, rows, path, table: write_gpkg(places, path, table)),
    "geojson": (
        "geojson",
        lambda places, rows, path, table: write_geojson(rows, places.geometry, path, table),
    ),
}
PLAIN: dict[str, Callable[[pl.DataFrame, Path, str], None]] = {
    "csv": write_csv,
    "parquet": lambda rows, path, table: rows.write_parquet(path),
    "xlsx": write_xlsx,
    "xml": write_xml,
    "latex": write_latex,
}
MAP_GENERATOR, PICKLE = "map-generator", "pickle"


def export_table(opened: OpenStudy, table: str, kind: str, output: Path | None) -> Path:
    """Write a table of the published database to a file.

    Parameters
    ----------
    opened
        A study that is published.
    table
        Name of a table, view or mart of the published database; of parquet, also of the lake; of
        pickle, also one of `FRAMES`.
    kind
        geoparquet, gpkg (with styles for QGIS, the default beside it as QML) or geojson, with the
        geometry of areas or points; csv, xlsx, xml or latex;
        parquet, with vectors that stay in the lake too; of `sample_points`, map-generator: JSON of
        locations, all that they came with among it; or pickle, a frame of pandas.
    output
        Default: the table's name with the ending of the kind, in the current folder.

    Raises
    ------
    StudyError
        Where there is no such kind of file, no such table, no place in the table, or something
        in it that such a file cannot hold.
    """
    endings = {kind: ending for kind, (ending, _) in GEOGRAPHIC.items()}
    own = {MAP_GENERATOR: "json", PICKLE: "pkl", "latex": "tex"}
    kinds = {**endings, **{kind: kind for kind in PLAIN}, **own}
    if kind not in kinds:
        raise StudyError(f"no export format {kind!r}; there are: {', '.join(kinds)}")
    if kind == MAP_GENERATOR and table != "sample_points":
        raise StudyError(
            f"{MAP_GENERATOR} is a list of places: export sample_points so, and {table} as one of "
            f"{', '.join({**GEOGRAPHIC, **PLAIN})}"
        )
    if table in FRAMES and kind != PICKLE:
        raise StudyError(f"{table} is a frame for pandas: export it with --format {PICKLE}")
    path = output or Path(f"{table}.{kinds[kind]}")
    if kind == PICKLE:
        with written_aside(path, suffix=path.suffix) as aside:
            write_pickle(opened, table, aside)
        return path
    places = opened.geo(table) if kind in GEOGRAPHIC else None
    rows = _with_vectors(opened, table) if kind == "parquet" else opened.table(table)
    with written_aside(path, suffix=path.suffix) as aside:
        if kind == MAP_GENERATOR:
            aside.write_text(to_json(as_locations(rows), indent=1), encoding="utf-8")
        elif places is None:
            PLAIN[kind](rows, aside, table)
        else:
            GEOGRAPHIC[kind][1](places, rows, aside, table)
    if kind == "gpkg" and places is not None:
        write_qml(places, path, table)
    return path


def _with_vectors(opened: OpenStudy, table: str) -> pl.DataFrame:
    """Read a table with the vectors that stay in the lake, where it has any."""
    frame = opened.table(table)
    columns = TABLES[table].columns if table in TABLES else ()
    if all(column.name in frame.columns for column in columns if column.dtype == VECTOR):
        return frame
    return opened.sql(f'from "{table}"', with_vectors=True)
