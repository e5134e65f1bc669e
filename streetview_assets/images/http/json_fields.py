"""Answers in JSON, of which nothing is trusted: neither that they parse nor their shape."""

import json
from typing import Any, TypeGuard

from streetview_assets.images.http.answers import Answer, TryAgainError

LARGEST_NUMBER = 1e18
LONGEST_TEXT = 200


def parsed(answer: Answer) -> Any:
    """Read an answer as JSON.

    Raises
    ------
    TryAgainError
        Where it is something else, as a page that says that the service is busy.
    """
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        raise TryAgainError(f"HTTP {answer.status_code}: the answer is no JSON") from None


def json_of(answer: Answer) -> Any:
    """Read an answer as a JSON object; None where it is something else."""
    if not answer.content[:100].lstrip().startswith(b"{"):
        return None
    try:
        return parsed(answer)
    except TryAgainError:
        return None


def at(said: object, *keys: str) -> Any:
    """Follow keys into an answer; None where one is not there."""
    for key in keys:
        said = said.get(key) if isinstance(said, dict) else None
    return said


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number to reckon with."""
    # Neither nan, nor infinite, nor an integer too long for a float: JSON may hold all of them.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < LARGEST_NUMBER


def text(value: object) -> str | None:
    """Read a name or a message; None where it is none. It is cut short, and can be stored."""
    if not isinstance(value, str) or not value:
        return None
    # JSON may escape half of a letter, which no table can hold.
    return value[:LONGEST_TEXT].encode("utf-8", "replace").decode()


def place(coordinates: object) -> tuple[float, float] | None:
    """Read longitude and latitude as GeoJSON writes them; None where they are no place."""
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        return None
    longitude, latitude = coordinates[:2]
    if not (is_number(longitude) and is_number(latitude)):
        return None
    if abs(longitude) > 180 or abs(latitude) > 90:
        return None
    return float(longitude), float(latitude)
