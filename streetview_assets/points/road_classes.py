"""What a road is: the columns that say its class, name and id, and which classes are drivable."""

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

_WITH_LINKS = ("motorway", "trunk", "primary", "secondary", "tertiary")
DRIVABLE = frozenset(
    (
        *_WITH_LINKS,
        *(f"{road_class}_link" for road_class in _WITH_LINKS),
        "residential",
        "unclassified",
        "living_street",
        "road",
    )
)
"""Values of OpenStreetMap's `highway` on which the public drives.

Service roads (car parks, drives, alleys) are left out, as in osmnx's network "drive"; ways that
are restricted by other tags are kept, for most extracts do not carry those.
"""

CLASS_COLUMNS = (
    "highway",
    "road_class",
    "roadclass",
    "fclass",
    "class",
    "road_type",
    "roadclassification",
    "type",
)
NAME_COLUMNS = ("name", "street_name", "streetname", "road_name", "roadname", "name1", "name_1")
ID_COLUMNS = ("road_id", "osm_id", "osmid", "way_id", "id", "fid", "toid", "identifier", "objectid")


def candidates(columns: Iterable[str]) -> list[str]:
    """Give the columns that may say the class, name or id of a road."""
    known = {*CLASS_COLUMNS, *NAME_COLUMNS, *ID_COLUMNS}
    return [column for column in columns if column.lower() in known]


def road_classes(rows: pd.DataFrame) -> pd.Series | None:
    """Find the class of each road, in lower case; None where no column says it.

    Of several columns that may say it, the first with classes of OpenStreetMap is taken, else
    the first.
    """
    found = [as_text(rows[column]).str.lower() for column in _present(rows, CLASS_COLUMNS)]
    known = [classes for classes in found if classes.isin(list(DRIVABLE)).any()]
    return next(iter([*known, *found]), None)


def road_names(rows: pd.DataFrame) -> pd.Series:
    """Find the name of each road, missing where it has none."""
    return _first(rows, NAME_COLUMNS)


def source_ids(rows: pd.DataFrame) -> pd.Series:
    """Find the id of each road in its source, missing where it has none."""
    return _first(rows, ID_COLUMNS)


def as_text(cells: pd.Series) -> pd.Series:
    """Read cells as text: of a list its first item, missing where empty; `12.0` is `12`."""
    texts = [_text(cell) for cell in cells]
    return pd.Series(texts, index=cells.index, dtype=object)


def _present(rows: pd.DataFrame, wanted: tuple[str, ...]) -> list[str]:
    by_lower = {column.lower(): column for column in rows.columns}
    return [by_lower[name] for name in wanted if name in by_lower]


def _first(rows: pd.DataFrame, wanted: tuple[str, ...]) -> pd.Series:
    present = _present(rows, wanted)
    if present:
        return as_text(rows[present[0]])
    return pd.Series([None] * len(rows), index=rows.index, dtype=object)


def _text(cell: Any) -> str | None:
    # A simplified graph puts several ways into one edge, as a list or as the text of one.
    if isinstance(cell, str) and cell.startswith("[") and cell.endswith("]"):
        cell = re.findall(r"[^\[\],'\"]+", cell.replace(", ", ","))
    if isinstance(cell, (list, tuple)):
        cell = next(iter(cell), None)
    if cell is None or cell is pd.NA or cell != cell:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() or None
