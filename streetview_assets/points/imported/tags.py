"""Tags of locations, as map-making.app shows them: `extra.tags`, a list of texts."""

from collections.abc import Sequence
from typing import Any, TypeVar

from streetview_assets.errors import StudyError

EXTRA, TAGS = "extra", "tags"
T = TypeVar("T", dict[str, Any], list[Any])


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
