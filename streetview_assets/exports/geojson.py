"""A table as GeoJSON (RFC 7946); written here, since GDAL takes some text for JSON."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from streetview_assets.text.strict_json import to_json

OF_JSON = "source_properties"
"""The column whose texts are JSON."""


def write_geojson(
    frame: pl.DataFrame, shapes: Iterable[BaseGeometry | None], path: Path, table: str
) -> None:
    """Write a feature a row; lists and maps stay such, dates are ISO text, a gap is null.

    Parameters
    ----------
    frame
        Rows; a column `geometry` is left out.
    shapes
        Of each row, in degrees (WGS 84); None where it has no place.
    path
        The file to write; what is there is replaced.
    table
        Name of the collection.
    """
    rows = frame.drop("geometry", strict=False).iter_rows(named=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"type": "FeatureCollection", "name": {to_json(table)}, "features": [')
        for number, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
            feature = {
                "type": "Feature",
                "properties": _properties(row),
                "geometry": None if shape is None else shapely.geometry.mapping(shape),
            }
            file.write(",\n" if number else "\n")
            file.write(to_json(feature, default=str))
        file.write("\n]}\n")


def _properties(row: dict[str, Any]) -> dict[str, Any]:
    told = row.get(OF_JSON)
    return row if told is None else row | {OF_JSON: json.loads(told)}
