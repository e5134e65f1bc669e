"""Areas and roads as columns: outlines by their vertices, what is told of each area, its values."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.explorer.area_values import area_values
from streetview_assets.explorer.columns import write_json_file, write_numbers

_TEXTS = {
    "code": "area_code",
    "name": "area_name",
    "authority": "authority_code",
    "authorityName": "authority_name",
    "reason": "reason",
}
_NUMBERS = ("observed", "predicted", "lower", "upper", "interval_level", "image_count")


def write_areas(folder: Path, areas: pl.DataFrame) -> dict[str, Any]:
    """Write outlines of areas as rings, and what is told of each.

    Parameters
    ----------
    folder
        Of the explorer.
    areas
        Mart ``area_profile``.
    """
    outlines = to_geoframe(areas.select("area_code", "geometry")).geometry
    parts, owner = shapely.get_parts(outlines.to_numpy(), return_index=True)
    rings, polygon = shapely.get_rings(parts, return_index=True)
    told = {key: areas[column].to_list() for key, column in _TEXTS.items()}
    told |= {key: areas[key].to_list() for key in _NUMBERS}
    return {
        "count": areas.height,
        "facts": write_json_file(folder, "area_facts", told),
        "rings": write_lines(folder, "areas", gpd.GeoSeries(rings)),
        "polygon": write_numbers(folder, "ring_polygon", polygon, "u4"),
        "owner": write_numbers(folder, "polygon_area", owner, "u4"),
        **_values(folder, areas),
    }


def write_lines(folder: Path, name: str, lines: gpd.GeoSeries) -> dict[str, Any]:
    """Write lines: all their vertices, and where each begins.

    Parameters
    ----------
    folder
        Of the explorer.
    name
        Of the files, safe as a path.
    lines
        In EPSG:4326.
    """
    places, line = shapely.get_coordinates(lines.to_numpy(), return_index=True)
    starts = np.searchsorted(line, np.arange(len(lines) + 1))
    return {
        "vertices": write_numbers(folder, f"{name}_vertices", places, "f4"),
        "starts": write_numbers(folder, f"{name}_starts", starts, "u4"),
    }


def _values(folder: Path, areas: pl.DataFrame) -> dict[str, Any]:
    """Write what a map can be coloured by: value after value, each of all areas."""
    found = area_values(areas)
    table = np.array([_or_nan(one.values) for one in found]).reshape(len(found), areas.height)
    told = [
        {
            "key": one.key,
            "label": one.label,
            "kind": one.kind,
            "subject": one.subject,
            "diverges": one.diverges,
        }
        for one in found
    ]
    return {"values": told, "table": write_numbers(folder, "area_values", table, "f4")}


def _or_nan(values: list[float | None]) -> npt.NDArray[np.float64]:
    return pl.Series(values, dtype=pl.Float64).fill_null(float("nan")).to_numpy()
