"""The areas of a study: outlines checked and mended, each with its code, name and authority."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import shapely

from streetview_assets.areas.authorities import (
    require_authorities,
    wanted_columns,
    with_authorities,
)
from streetview_assets.areas.columns import Wanted, as_codes, listed, read_source, require_columns
from streetview_assets.areas.converted_sources import Boundaries
from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, metric_crs, wkb_series
from streetview_assets.areas.thiessen import is_table_of_places, read_outlines_of_places
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import require_crs, require_degrees
from streetview_assets.files.geo_file import GeoFile, frame, info
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

Shapes = npt.NDArray[np.object_]
POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def read_boundaries(study: Study) -> Boundaries:
    """Read the areas of all authorities that the study names, or of all in the file.

    Invalid outlines are mended, so that the area inside stays the area inside; lines and points
    that a repair leaves over are dropped.

    Raises
    ------
    StudyError
        Where the file, its columns, codes, outlines or CRS, or the authorities of the study are
        wrong; the message names the key, the file, the codes and the remedy.
    """
    settings = study.areas
    if settings is None:
        raise StudyError(f"{study.path}: the study has no areas; add `areas:` to read boundaries.")
    wanted = {**wanted_columns(settings), "areas.name": settings.name}
    rows, outlines = _read_outlines(settings.path, wanted)
    named = with_authorities(rows, settings, study.authorities)
    twice = named["area_code"].filter(named["area_code"].is_duplicated())
    if len(twice):
        raise StudyError(
            f"areas.code: {settings.path}, column {settings.code!r}: "
            f"{counted(twice.n_unique(), 'code stands', 'codes stand')} at more than one area: "
            f"{listed(twice)}. Dissolve the areas of a code into one "
            "(`frame.dissolve(by=…)`), or name a column whose values are unique."
        )
    names = as_codes(rows[settings.name]) if settings.name else named["area_code"]
    named = named.with_columns(area_name=names.fill_null(named["area_code"]))
    authority = named["authority_code"]
    if study.authorities:
        require_authorities(study.authorities, authority, settings)
    chosen = authority.is_in(study.authorities or authority.unique().implode())
    named = named.filter(chosen)
    geographic, mended_count = _usable_outlines(
        outlines[chosen.to_numpy()], named["area_code"], settings.path
    )
    crs = metric_crs(study.crs, geographic)
    return Boundaries(
        areas=_areas_table(named, geographic, crs),
        crs=crs,
        mended_count=mended_count,
        file_area_count=rows.height,
    )


def authority_codes(study: Study) -> list[str]:
    """List the partitions of a study, sorted, without reading outlines.

    The codes that the study itself names are given as they are: whether areas belong to them is
    for `read_boundaries` to say.

    Raises
    ------
    StudyError
        Where the areas file or the lookup cannot say which authority an area belongs to.
    """
    if study.authorities:
        return sorted(set(study.authorities))
    if study.areas is None or not study.areas.names_authorities:
        return [WITHOUT_AREAS]
    rows = _read_attributes(study.areas.path, wanted_columns(study.areas))
    named = with_authorities(rows, study.areas, None)
    return sorted(named["authority_code"].unique().to_list())


def _read_attributes(path: Path, wanted: Wanted) -> pl.DataFrame:
    """Read columns of the file without its outlines."""
    if is_table_of_places(path):
        return read_source(path, wanted).frame.unique(maintain_order=True)
    file = GeoFile(path, "areas.path", "a boundary file")
    with file.reading():
        columns = _columns(file, wanted)
        return pl.from_pandas(frame(file, columns=columns, read_geometry=False))


def _read_outlines(path: Path, wanted: Wanted) -> tuple[pl.DataFrame, gpd.GeoSeries]:
    """Read columns of the file as they stand there, and the outlines in the file's CRS."""
    if is_table_of_places(path):
        return read_outlines_of_places(path, wanted)
    file = GeoFile(path, "areas.path", "a boundary file")
    with file.reading():
        columns = _columns(file, wanted)
        # An outline too broken to build (an unclosed ring) comes back missing, and is refused
        # with its code by whoever knows the codes.
        rows = frame(file, columns=columns, on_invalid="ignore")
        if not isinstance(rows, gpd.GeoDataFrame):
            raise StudyError(f"{file.place} has no geometry. {file.remedy}")
        require_crs(file.place, rows.crs, "areas")
        return pl.from_pandas(pd.DataFrame(rows[columns])), rows.geometry.reset_index(drop=True)


def _columns(file: GeoFile, wanted: Wanted) -> list[str]:
    """Give the columns that are wanted, of a file that has areas."""
    told = info(file)
    if told.get("features") == 0:
        raise StudyError(f"{file.place} has no areas (0 rows). Give a file with at least one.")
    return require_columns(str(file.path), wanted, told["fields"])


def _usable_outlines(
    outlines: gpd.GeoSeries, codes: pl.Series, path: Path
) -> tuple[gpd.GeoSeries, int]:
    """Give valid polygons in EPSG:4326, and how many had to be mended."""
    _refuse_empty(outlines.to_numpy(), codes, path, "with an empty or missing outline")
    geographic = outlines.to_crs(GEOGRAPHIC_CRS)
    require_degrees("areas.path", path, geographic.total_bounds, outlines.crs, "areas")
    shapes: Shapes = shapely.force_2d(geographic.to_numpy())
    flat = shapely.get_dimensions(shapes) < 2
    kinds = ", ".join(sorted({shape.geom_type for shape in shapes[flat]}))
    _refuse(flat, codes, path, f"with no polygon but {kinds}", "Give a file of polygons.")
    broken = ~(shapely.is_valid(shapes) & np.isin(shapely.get_type_id(shapes), POLYGONAL))
    shapes[broken] = _mended(shapes[broken])
    _refuse_empty(shapes, codes, path, "with an outline without any area inside")
    return gpd.GeoSeries(shapes, crs=GEOGRAPHIC_CRS), int(broken.sum())


def _mended(shapes: Shapes) -> Shapes:
    # The method "structure" keeps the inside of overlapping rings; "linework" would cut holes.
    valid = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    parts, owner = shapely.get_parts(valid, return_index=True)
    polygons = np.isin(shapely.get_type_id(parts), POLYGONAL)
    mended = [shapely.union_all(parts[polygons & (owner == index)]) for index in range(len(shapes))]
    return np.array(mended, dtype=object)


def _refuse_empty(shapes: Shapes, codes: pl.Series, path: Path, what: str) -> None:
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    _refuse(empty, codes, path, what, "Draw them, or take them out of the file.")


def _refuse(
    wrong: npt.NDArray[np.bool_], codes: pl.Series, path: Path, what: str, remedy: str
) -> None:
    if wrong.any():
        raise StudyError(
            f"areas.path: {path}: {counted(int(wrong.sum()), 'area')} {what}: "
            f"{listed(codes.filter(pl.Series(wrong)))}. {remedy}"
        )


def _areas_table(named: pl.DataFrame, geographic: gpd.GeoSeries, crs: str) -> pl.DataFrame:
    inside = shapely.get_coordinates(shapely.point_on_surface(geographic.to_numpy()))
    return (
        named.with_columns(
            longitude=pl.Series(inside[:, 0]),
            latitude=pl.Series(inside[:, 1]),
            area_km2=pl.Series(geographic.to_crs(crs).area.to_numpy() / 1e6),
            geometry=wkb_series(geographic),
        )
        .select(TABLES["areas"].schema.names())
        .sort("authority_code", "area_code")
    )
