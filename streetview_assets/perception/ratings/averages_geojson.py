"""GeoJSON of average ratings, as the survey of the percept project gives them.

A feature is an image: `image_id`, `url`, and a number or null for each quality, `average_safety`
and the like. All else that a feature says describes what lies around it, and is kept as it stands.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading

AVERAGE = "average_"
"""How the names of properties begin that hold an average."""

_WHOSE = {"image_id": pl.String, "image_name": pl.String, "url": pl.String}
_PLACE = {"longitude": pl.Float64, "latitude": pl.Float64}
_FORM = "GeoJSON of ratings"
_REMEDY = "Give a FeatureCollection whose features have `image_id`, `url` and numbers `average_…`."
_BEYOND = "beyond what degrees there are. Write the file in EPSG:4326"


@dataclass(frozen=True)
class Averages:
    """Average ratings of images, in the order of the file.

    Attributes
    ----------
    scores
        image_id and url (text; null where not given), image_name (the url behind its last slash,
        null without one), longitude and latitude (degrees, EPSG:4326; null where the feature has no
        point), and `average_<quality>` for each quality, null where there is no score.
    properties
        All properties of each feature as the file has them, in its order.
    """

    scores: pl.DataFrame
    properties: list[Mapping[str, Any]]

    @property
    def qualities(self) -> list[str]:
        """The qualities that are there, in the order of the file."""
        names = self.scores.columns
        return [name.removeprefix(AVERAGE) for name in names if name.startswith(AVERAGE)]


def read_averages(
    path: Path, key: str = "perception.ratings", *, are_needed: bool = True
) -> Averages:
    """Read GeoJSON of average ratings.

    Parameters
    ----------
    path
        The file.
    key
        The key of the study, or the option of the command, that names it.
    are_needed
        Whether there have to be averages: where single ratings are looked at, images are enough.

    Raises
    ------
    StudyError
        With the feature and the property: where the file is no such GeoJSON, no property is an
        average that is needed, an average is no finite number, an image has neither id nor url, or
        has one that stands there twice.
    """
    place = f"{key}: {path}"
    with reading(place, _FORM, _REMEDY):
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise StudyError(f"{place} has no features. {_REMEDY}")
    properties = [_properties(place, at, feature) for at, feature in enumerate(features, start=1)]
    # A dictionary keeps the order in which the file first names them, a set does not.
    columns = dict.fromkeys(
        name for told in properties for name in told if name.startswith(AVERAGE)
    )
    if are_needed and not columns:
        there = ", ".join(dict.fromkeys(name for told in properties[:1] for name in told)) or "none"
        raise StudyError(f"{place}: no property is named {AVERAGE}…; there are: {there}. {_REMEDY}")
    rows = [
        _row(f"{place}, feature {at}", feature, told, list(columns))
        for at, (feature, told) in enumerate(zip(features, properties, strict=True), start=1)
    ]
    schema = _WHOSE | _PLACE | dict.fromkeys(columns, pl.Float64)
    scores = pl.DataFrame(rows, schema=schema, orient="row")
    for column in ("image_id", "url"):
        _refuse_repeated(place, scores[column])
    return Averages(scores, properties)


def _properties(place: str, at: int, feature: Any) -> Mapping[str, Any]:
    told = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(told, dict):
        raise StudyError(f"{place}, feature {at} has no properties. {_REMEDY}")
    return told


def _row(
    place: str, feature: Mapping[str, Any], told: Mapping[str, Any], columns: list[str]
) -> list[Any]:
    image_id, url = _text(place, told, "image_id"), _text(place, told, "url")
    if image_id is None and url is None:
        raise StudyError(f"{place} has neither `image_id` nor `url`: nothing says which image.")
    name = url.rpartition("/")[2] or None if url else None
    averages = [_number(place, told, column) for column in columns]
    return [image_id, name, url, *_point(place, feature), *averages]


def _text(place: str, told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise StudyError(f"{place}: {name} is {str(value)[:80]!r}; expected a text or whole number")
    return str(value)


def _number(place: str, told: Mapping[str, Any], name: str) -> float | None:
    value = told.get(name)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else math.inf
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise StudyError(
            f"{place}: {name} is {str(value)[:80]!r}, not a finite number. Put a number there, or "
            "null where there is no score."
        )
    return number


def _point(place: str, feature: Mapping[str, Any]) -> tuple[float | None, float | None]:
    shape = feature.get("geometry")
    if not isinstance(shape, dict) or shape.get("type") != "Point":
        return None, None
    try:
        longitude, latitude = (float(degrees) for degrees in shape["coordinates"][:2])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None, None
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise StudyError(f"{place} lies at {longitude:g}, {latitude:g}, {_BEYOND}.")
    return longitude, latitude


def _refuse_repeated(place: str, names: pl.Series) -> None:
    value, count = next(
        iter(sorted(item for item in Counter(names.drop_nulls()).items() if item[1] > 1)), ("", 0)
    )
    if count:
        first, second, *_ = (names == value).fill_null(False).arg_true() + 1
        raise StudyError(
            f"{place}: {names.name} {value[:80]!r} stands in features {first} and {second}. "
            "Keep one feature an image."
        )
