"""What a road is: the columns that say its class, name and id, and which classes are drivable."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pandas as pd

from streetview_assets.errors import StudyError
from streetview_assets.study.points import RoadClass

_WITH_LINKS = ("motorway", "trunk", "primary", "secondary", "tertiary")
DRIVABLE = frozenset(
    (
        *_WITH_LINKS,
        *(f"{road_class}_link" for road_class in _WITH_LINKS),
        *("residential", "unclassified", "living_street", "road"),
    )
)
"""Values of OpenStreetMap's `highway` on which the public drives.

Service roads (car parks, drives, alleys) are left out, as in osmnx's network "drive"; ways that
are restricted by other tags are kept, for most extracts do not carry those.
"""

_NO_ROADS = frozenset(
    (
        *("abandoned", "bus_guideway", "bus_stop", "busway", "construction", "corridor"),
        *("cross", "crossing", "demolished", "disused", "dismantled", "elevator"),
        *("emergency_bay", "escape", "ladder", "layby", "no", "passing_place"),
        *("planned", "platform", "proposed", "raceway", "razed", "removed"),
        *("rest_area", "services", "traffic_island", "turning_circle", "turning_loop"),
        *("via_ferrata", "yes", "track_grade1", "track_grade2", "track_grade3", "track_grade4"),
        *("track_grade5", "unknown", "unsurfaced"),
    )
)
"""Other values of `highway`, and of `fclass` in Geofabrik's Shapefiles: no roads to drive on."""

OS_ROADS = {
    "a road primary": "primary",
    "a road": "primary",
    "b road": "secondary",
    "classified unnumbered": "tertiary",
    "not classified": "service",
    "minor road": "tertiary",
    "local road": "unclassified",
    "local access road": "unclassified",
    "restricted local access road": "service",
    "secondary access road": "service",
    "restricted secondary access road": "service",
}
"""Classes and functions of Ordnance Survey's roads (OS Open Roads) as those of OpenStreetMap that
are nearest; `Motorway`, `Unclassified` and `Unknown` mean the same in both. What no highway
authority keeps up, or is not open to all, is `service`: not drivable."""

CLASS_COLUMNS = (
    *("highway", "road_class", "roadclass", "fclass", "class", "road_classification"),
    *("roadclassification", "road_function", "roadfunction", "function", "routehierarchy"),
    *("road_type", "type"),
)
NAME_COLUMNS = ("name", "street_name", "streetname", "road_name", "roadname", "name1", "name_1")
ONEWAY_COLUMNS = ("oneway", "one_way", "other_tags")
_ONE_WAY = frozenset(("yes", "true", "1", "-1", "reverse", "f", "t", "ft", "tf"))
_BOTH_WAYS = frozenset(("no", "false", "0", "b"))
_ONEWAY_TAG = re.compile(r'"oneway"=>"([^"]*)"')
LEFT_OUT = ""
"""Class of the roads that the study leaves out."""
_MOST_SHOWN = 12

ID_COLUMNS = ("road_id", "osm_id", "osmid", "way_id", "id", "fid", "toid", "identifier", "objectid")


def candidates(columns: Iterable[str]) -> list[str]:
    """Give the columns that may say the class, name or id of a road."""
    known = {*CLASS_COLUMNS, *NAME_COLUMNS, *ID_COLUMNS, *ONEWAY_COLUMNS}
    return [column for column in columns if column.lower() in known]


def road_classes(
    rows: pd.DataFrame, own: Mapping[str, str | None], place: str, *, refuse_unknown: bool
) -> pd.Series | None:
    """Find the class of each road, a word of OpenStreetMap; None where no column says it.

    Of several columns that may say it, the first is taken of which every word is known.

    Parameters
    ----------
    rows
        Roads as they stand in the file.
    own
        The study's `roads.classes`: the class of words of the file, None: leave out.
    place
        The file, for the message.
    refuse_unknown
        Whether a word that is not known is an error; else it stays, in lower case.

    Returns
    -------
    pandas.Series or None
        Missing where the file says nothing; `LEFT_OUT` where the study leaves a word out.

    Raises
    ------
    StudyError
        Where every column has words that are not known, or the study names one that is not there.
    """
    columns = {name: _words(rows[name]) for name in _present(rows, CLASS_COLUMNS)}
    _refuse_absent(own, columns, place)
    told = {name: texts for name, texts in columns.items() if texts.notna().any()} or columns
    if not told:
        return None
    known = {
        **{word: word for word in (*get_args(RoadClass), *_NO_ROADS)},
        **OS_ROADS,
        **{word.lower(): road_class or LEFT_OUT for word, road_class in own.items()},
    }
    is_known = {name: texts.isna() | texts.isin(list(known)) for name, texts in told.items()}
    name = max(told, key=lambda name: is_known[name].mean())  # of equals, the first
    if refuse_unknown and not is_known[name].all():
        raise _unknown_words(name, as_text(rows[name])[~is_known[name]], place)
    return told[name].map(lambda word: known.get(word, word), na_action="ignore")


def first_text(rows: pd.DataFrame, wanted: tuple[str, ...]) -> pd.Series:
    """Read the first of some columns that is there as text; missing where none is, or says nothing.

    Parameters
    ----------
    rows
        Roads as they stand in the file.
    wanted
        Names in lower case, such as `NAME_COLUMNS`.
    """
    present = _present(rows, wanted)
    return as_text(rows[present[0]] if present else pd.Series(index=rows.index, dtype=object))


def one_way(rows: pd.DataFrame) -> pd.Series:
    """Say which roads have one direction alone; missing where the file does not say.

    Parameters
    ----------
    rows
        Roads as they stand in the file: in a column `oneway`, by the words of OpenStreetMap, osmnx
        or Geofabrik, or among the other tags that GDAL has of an extract.
    """
    words = first_text(rows, ONEWAY_COLUMNS).map(_oneway_word, na_action="ignore").str.lower()
    told = words.isin(list(_ONE_WAY)).astype(object)
    return told.where(words.isin([*_ONE_WAY, *_BOTH_WAYS]), None)


def _oneway_word(text: str) -> str:
    found = _ONEWAY_TAG.search(text)
    return found[1] if found else text


def as_text(cells: pd.Series) -> pd.Series:
    """Read cells as text: of a list its first item, missing where empty; `12.0` is `12`."""
    texts = [_text(cell) for cell in cells]
    return pd.Series(texts, index=cells.index, dtype=object)


def _words(cells: pd.Series) -> pd.Series:
    """Read cells as words in lower case; of `primary;service`, the first."""
    return as_text(cells).str.partition(";")[0].str.strip().str.lower()


def _refuse_absent(
    own: Mapping[str, str | None], columns: Mapping[str, pd.Series], place: str
) -> None:
    there = {word for texts in columns.values() for word in texts.dropna()}
    absent = [word for word in own if word.lower() not in there]
    if absent:
        raise StudyError(
            f"roads.classes: {place} has no road of the class {', '.join(map(repr, absent[:5]))}; "
            f"its columns of classes ({', '.join(columns) or 'none'}) say: "
            f"{', '.join(sorted(there)[:_MOST_SHOWN]) or 'nothing'}."
        )


def _unknown_words(column: str, words: pd.Series, place: str) -> StudyError:
    counts = words.value_counts()
    shown = ", ".join(f"{word!r} ({count:,})" for word, count in counts.head(_MOST_SHOWN).items())
    more = f" and {len(counts) - _MOST_SHOWN} more" if len(counts) > _MOST_SHOWN else ""
    return StudyError(
        f"roads.classes: {place}, column {column!r}, has classes of roads that are neither "
        f"OpenStreetMap's nor those of OS Open Roads: {shown}{more}. Say which of OpenStreetMap's "
        f"each is (roads: {{classes: {{{counts.index[0]!r}: residential}}}}), null to leave it "
        "out; or set `drivable_only: false` to take all lines."
    )


def _present(rows: pd.DataFrame, wanted: tuple[str, ...]) -> list[str]:
    by_lower = {column.lower(): column for column in rows.columns}
    return [by_lower[name] for name in wanted if name in by_lower]


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
