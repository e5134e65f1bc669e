"""Tags of locations, as map-making.app shows them: `extra.tags`, a list of texts."""

from collections.abc import Sequence
from typing import Any

from streetview_assets.errors import StudyError

EXTRA, TAGS = "extra", "tags"


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
    extra = location.get(EXTRA)
    if extra is None:
        extra = {}
    if not isinstance(extra, dict):
        raise StudyError(
            f"{place}: `{EXTRA}` is {extra!r}; expected an object, such as {{'{TAGS}': []}}. "
            "Correct it, or take it out."
        )
    there = extra.get(TAGS)
    if there is None:
        there = []
    if not isinstance(there, list):
        raise StudyError(
            f"{place}: `{EXTRA}.{TAGS}` is {there!r}; expected a list of texts. "
            "Correct it, or take it out."
        )
    new = [tag for tag in dict.fromkeys(tags) if tag not in there]
    return location | {EXTRA: extra | {TAGS: [*there, *new]}}
