"""Which column of a CSV of ratings means what: as the study names it, or by its usual names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streetview_assets.areas.columns import require_columns
from streetview_assets.errors import StudyError
from streetview_assets.files.csv_file import CsvFile
from streetview_assets.perception.ratings.demographics import PEOPLE, RATER
from streetview_assets.study.perception import ColumnOf, RatingColumns

ALIASES: Mapping[str, tuple[str, ...]] = {
    "image": (
        *("image", "image_name", "file", "file_name", "filename", "path", "image_path", "url"),
        *("img", "photo", "image_id", "img_id", "panorama_id", "pano_id", "panoid", "location_id"),
    ),
    "quality": (
        *("quality", "perception", "category", "study_id", "study_question", "question"),
        *("attribute", "dimension", "indicator"),
    ),
    "value": ("rating", "value", "score", "trueskill.score", "mean", "average"),
    "spread": ("spread", "stddev", "stdev", "std", "sd", "standard_deviation"),
    "count": (
        *("rating_count", "count", "num_votes", "votes", "num_ratings", "n_ratings", "n"),
        "ratings",
    ),
    "rating_id": ("rating_id", "comparison_id", "vote_id", "_id"),
    "rater": RATER,
    "age": ("age",),
    **{name: (name,) for name in PEOPLE if name != "postalcode"},
    "postalcode": ("postalcode", "postcode", "postal_code", "zip"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "latitude": ("latitude", "lat"),
    "left": ("left", "left_id", "img_1", "image_1", "image_left", "left_image", "place_id_left"),
    "right": (
        *("right", "right_id", "img_2", "image_2", "image_right", "right_image"),
        "place_id_right",
    ),
    "choice": ("choice", "winner", "vote"),
}
"""Names by which others call a column of a meaning, the surest first, in any case of letters."""

PAIR = ("left", "right", "choice")

_GROUP = r"(?:(?P<group>male|female|men|women|man|woman|age_\d+_(?:\d+|plus))_)?"
_AVERAGES = (
    re.compile(_GROUP + r"(?P<quality>.+?)_(?:avg|average|mean)", re.IGNORECASE),
    re.compile(r"(?P<group>)(?:avg|average|mean)_(?P<quality>.+)", re.IGNORECASE),
)
_SPREADS = ("{}_stddev", "{}_sd", "{}_std", "sd_{}", "stddev_{}", "std_{}")
_COUNTS = ("{}_count", "{}_n", "n_{}", "count_{}", "{}_ratings")


@dataclass(frozen=True)
class ValueColumn:
    """A column of ratings or averages, with those that belong to it.

    Attributes
    ----------
    value
        The column.
    quality
        What it rates; None where another column says so of each row.
    spread, count
        Columns of the standard deviation and the number of ratings behind an average.
    group_name
        The group of people whose averages these are; None: everybody's.
    """

    value: str
    quality: str | None = None
    spread: str | None = None
    count: str | None = None
    group_name: str | None = None


def found_columns(file: CsvFile, wishes: RatingColumns, meanings: Iterable[str]) -> dict[str, str]:
    """Find the columns of some meanings.

    Parameters
    ----------
    file
        The file, opened.
    wishes
        What the study names.
    meanings
        Among the keys of `ALIASES`, each of one column.

    Returns
    -------
    dict
        The column of each meaning that is there.

    Raises
    ------
    StudyError
        Where a column that the study names is not there.
    """
    named = {meaning: getattr(wishes, meaning) for meaning in meanings}
    wanted = {f"perception.columns.{meaning}": column for meaning, column in named.items()}
    require_columns(str(file.path), wanted, file.columns)
    found = {name: column or file.find(*ALIASES[name]) for name, column in named.items()}
    return {name: column for name, column in found.items() if column}


def is_of_pairs(file: CsvFile, wishes: RatingColumns) -> bool:
    """Whether a file holds pairs of images and which was chosen.

    Parameters
    ----------
    file, wishes
        As `found_columns`.
    """
    named = [getattr(wishes, meaning) or file.find(*ALIASES[meaning]) for meaning in PAIR]
    return all(column in file.columns for column in named)


def value_columns(
    file: CsvFile, wishes: RatingColumns, qualities: tuple[str, ...] = ()
) -> list[ValueColumn]:
    """Find the columns of ratings or averages: one, or several side by side.

    Where the study names none and none has a usual name, columns that are called as its qualities
    count; without such, averages are known by their names, such as
    `safety_avg` with `safety_stddev` and `safety_count` or `rating_count`; those of people alone
    begin with `male_`, `female_`, `age_19_39_` or `age_60_plus_`.

    Parameters
    ----------
    file, wishes
        As `found_columns`.
    qualities
        Those of the study.

    Raises
    ------
    StudyError
        Where there is none, or one that the study names is not there.
    """
    asked = {name: getattr(wishes, name) for name in ("value", "spread", "count")}
    require_columns(str(file.path), _wanted(asked), file.columns)
    value = wishes.value or file.find(*ALIASES["value"])
    if value is not None:
        beside = {name: asked[name] or file.find(*ALIASES[name]) for name in ("spread", "count")}
        if isinstance(value, str):
            return [ValueColumn(value, None, *(_one(beside[name]) for name in beside))]
        return [
            ValueColumn(column, quality, *(_of(beside[name], quality) for name in beside))
            for quality, column in value.items()
        ]
    called = {quality: file.find(quality.lower()) for quality in qualities}
    if any(called.values()):
        return [
            ValueColumn(column, quality, *_beside(file, quality.lower(), ALIASES["count"]))
            for quality, column in called.items()
            if column
        ]
    if averages := [found for name in file.columns if (found := _average(file, name))]:
        return averages
    raise StudyError(
        f"{file.place}: no column holds ratings. Name it under perception.columns.value, or "
        "several by quality: `value: {safety: safe_mean, greenness: green_mean}`. The columns "
        f"there are: {', '.join(file.columns)}."
    )


def _average(file: CsvFile, name: str) -> ValueColumn | None:
    found = next((found for form in _AVERAGES if (found := form.fullmatch(name))), None)
    if found is None:
        return None
    group, quality = found["group"] or "", found["quality"].lower()
    stem = f"{group}_{quality}".strip("_").lower()
    of_all = (f"{group.lower()}_ratings",) if group else ALIASES["count"]
    whose = _group_name(group.lower()) if group else None
    return ValueColumn(name, quality, *_beside(file, stem, of_all), whose)


def _beside(
    file: CsvFile, stem: str, counts_of_all: tuple[str, ...]
) -> tuple[str | None, str | None]:
    """Find the columns of the spread and the count of averages that are called so."""
    spread = file.find(*(form.format(stem) for form in _SPREADS))
    count = file.find(*(form.format(stem) for form in _COUNTS))
    return spread, count or file.find(*counts_of_all)


def _group_name(group: str) -> str:
    if not group.startswith("age_"):
        return f"gender {group}"
    _, youngest, oldest = group.split("_")
    return f"age {youngest}+" if oldest == "plus" else f"age {youngest}-{oldest}"


def _wanted(asked: Mapping[str, ColumnOf | None]) -> dict[str, str | None]:
    wanted: dict[str, str | None] = {}
    for name, columns in asked.items():
        key = f"perception.columns.{name}"
        if isinstance(columns, dict):
            wanted |= {f"{key}.{quality}": column for quality, column in columns.items()}
        else:
            wanted[key] = columns
    return wanted


def _one(columns: ColumnOf | None) -> str | None:
    return columns if isinstance(columns, str) else None


def _of(columns: ColumnOf | None, quality: str) -> str | None:
    return columns.get(quality) if isinstance(columns, dict) else columns
