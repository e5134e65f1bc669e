"""How an image was taken: where, when, in which direction."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

_FEWEST_DIGITS_OF_MS = 12
"""Milliseconds since 1970 have so many digits from 1973 on; seconds have them never."""


@dataclass(frozen=True)
class Taken:
    """How one image was taken.

    Attributes
    ----------
    file
        Path relative to the folder of the images, posix form.
    longitude, latitude
        Degrees, WGS 84; both None where the position is not known.
    captured_at
        UTC; a time without a zone is taken for UTC.
    heading_deg
        Direction of view, 0 to below 360, from north.
    category
        Kind of scene.
    copyright
        Whom to name beside the image.
    reason
        Why the position is not known.
    parent
        The address or building that it is of, which others may be of too.
    panorama
        What its panorama is called, where several files are views of one.
    """

    file: str
    longitude: float | None = None
    latitude: float | None = None
    captured_at: datetime | None = None
    heading_deg: float | None = None
    category: str | None = None
    copyright: str | None = None
    reason: str | None = None
    parent: str | None = None
    panorama: str | None = None


def as_heading(degrees: float) -> float:
    """Turn a direction into 0 to below 360 degrees, six decimals.

    Raises
    ------
    ValueError
        Where it is no finite number.
    """
    if not abs(degrees) < float("inf"):
        raise ValueError(f"{degrees} is no direction")
    return round(round(degrees, 6) % 360, 6) % 360


def as_time(text: str) -> datetime:
    """Read a time: ISO text, a date, a month (`2019-06`), or milliseconds since 1970.

    Raises
    ------
    ValueError
        Where it is none of these.
    """
    text = text.strip()
    whole = text.removesuffix(".0")
    if whole.isdigit() and len(whole) >= _FEWEST_DIGITS_OF_MS:
        try:
            return datetime.fromtimestamp(int(whole) / 1000, UTC)
        except (OverflowError, OSError) as error:
            raise ValueError(f"{text!r} is no time") from error
    if text.isdigit():
        raise ValueError(f"{text!r} may be a year, seconds or something else")
    if len(text) == len("2019-06"):
        return datetime.combine(date.fromisoformat(f"{text}-01"), time(), UTC)
    found = datetime.fromisoformat(text)
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError as error:  # the first day of the year 1, east of Greenwich
        raise ValueError(f"{text!r} is no time") from error
