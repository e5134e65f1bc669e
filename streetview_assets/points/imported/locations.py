"""Points as the list of locations that map generators read and write, with tags.

map-making.app shows `extra.tags`, a list of texts.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

import polars as pl

from streetview_assets.errors import StudyError

EXTRA, TAGS = "extra", "tags"
T = TypeVar("T", dict[str, Any], list[Any])


def as_locations(points: pl.DataFrame) -> list[dict[str, Any]]:
    """Write points as locations: the way back of `import_points`.

    Parameters
    ----------
    points
        Table ``sample_points``, at least longitude, latitude, source_panorama_id and
        source_properties.

    Returns
    -------
    list of dict
        ``lat`` and ``lng`` in degrees, to the six decimals of the table, and then all that the
        point came with, as it came. A panorama that it named under another key is there as
        ``panoId`` too, which is what map generators look for.
    """
    columns = ("latitude", "longitude", "source_panorama_id", "source_properties")
    locations = []
    for latitude, longitude, panorama_id, properties in points.select(columns).iter_rows():
        told = json.loads(properties) if properties else {}
        names = {name.lower() for name in told}
        named = {"panoId": panorama_id} if panorama_id and "panoid" not in names else {}
        place = {"lat": latitude, "lng": longitude}
        locations.append({**place, **told, **named, **place})
    return locations


def tagged(location: dict[str, Any], tags: Sequence[str], *, place: str) -> dict[str, Any]:
    """Add tags to those that a location has; all else stays as it is, and in its order.

    Parameters
    ----------
    location
        As map generators write it; it is not changed.
    tags
        Those that it has already are not added again.
    place
        How to name the location to a person.

    Raises
    ------
    StudyError
        Where `extra` is there and is no object, or its `tags` are no list.
    """
    if not tags:
        return location
    an_object = f"an object, such as {{'{TAGS}': []}}"
    extra = _part(location, EXTRA, dict, f"{place}: `{EXTRA}`", an_object)
    there = _part(extra, TAGS, list, f"{place}: `{EXTRA}.{TAGS}`", "a list of texts")
    new = [tag for tag in dict.fromkeys(tags) if tag not in there]
    return location | {EXTRA: extra | {TAGS: [*there, *new]}}


def _part(whole: dict[str, Any], name: str, kind: type[T], place: str, expected: str) -> T:
    """Give what stands under a name, nothing of its kind where it is not there."""
    part = whole.get(name)
    if part is None:
        return kind()
    if not isinstance(part, kind):
        raise StudyError(f"{place} is {part!r}; expected {expected}. Correct it, or take it out.")
    return part
