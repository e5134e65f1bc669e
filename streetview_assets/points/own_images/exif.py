"""What cameras write into an image about how it was taken (EXIF 2.32: GPS and Exif IFDs)."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL.ExifTags import GPS, Base

from streetview_assets.image_decoding import BrokenImageError
from streetview_assets.image_decoding import read_exif as read_tags
from streetview_assets.points.own_images.taken import Taken, as_heading, as_time

NO_POSITION = "no position in its EXIF"
_SAME_DEG = 1e-4
"""Decimals, and minutes and seconds beside them that differ by less, say the same twice."""


class _NoCoordinateError(ValueError):
    """A coordinate that is not told, or only in part; its text is the reason."""


def read_exif(path: Path, file: str) -> Taken:
    """Read how an image was taken.

    A direction from magnetic north is taken as it is: the two norths differ by a few degrees.

    Parameters
    ----------
    path
        The image; it is not decoded.
    file
        Its name in what is given back.

    Returns
    -------
    Taken
        Without a position, and with the reason, where the image has none, only half of one, or
        cannot be read. A place is never guessed: without the letter that says east or west, a
        longitude is none.
    """
    try:
        exif = read_tags(path)
        longitude, latitude = _position(exif.gps)
    except OSError as error:
        return Taken(file, reason=f"cannot be opened: {error.strerror}")
    except BrokenImageError as error:
        kind = path.suffix.removeprefix(".").upper() or "file"
        return Taken(file, reason=f"{kind} that cannot be read: {error}")
    except _NoCoordinateError as error:
        return Taken(file, reason=str(error))
    return Taken(
        file=file,
        longitude=longitude,
        latitude=latitude,
        captured_at=_time(exif.photo),
        heading_deg=_heading(exif.gps),
        copyright=_copyright(exif.main.get(Base.Copyright)),
    )


def _position(gps: Mapping[int, Any]) -> tuple[float, float]:
    if not {GPS.GPSLatitude, GPS.GPSLongitude} & gps.keys():
        raise _NoCoordinateError(NO_POSITION)
    longitude = _degrees(gps, GPS.GPSLongitude, "east or west", 180)
    return longitude, _degrees(gps, GPS.GPSLatitude, "north or south", 90)


def _degrees(gps: Mapping[int, Any], tag: GPS, sides: str, most: float) -> float:
    """Read degrees, minutes and seconds, with their side, whose first letter stands beside them."""
    if tag not in gps:
        raise _NoCoordinateError(f"half a position in its EXIF: no {tag.name}")
    size = _size(_numbers(gps[tag]))
    if size is None or abs(size) > most:
        raise _NoCoordinateError(f"no position in its EXIF: {tag.name} says no degrees")
    letter_tag = GPS[f"{tag.name}Ref"]
    letter = _text(gps.get(letter_tag)).upper()[:1]
    plus, minus = (side[0].upper() for side in sides.split(" or "))
    sign = {plus: 1, minus: -1}.get(letter, -1 if size < 0 and not letter else 0)
    if sign == 0 or (size < 0 and sign > 0):
        said = f"{letter_tag.name} does not say {sides}"
        raise _NoCoordinateError(f"half a position in its EXIF: {said}")
    return sign * abs(size)


def _numbers(value: Any) -> list[float]:
    """Give the parts of a coordinate; NaN stands for a part whose denominator is zero."""
    parts = value if isinstance(value, tuple | list) else [value]
    try:
        return [_number(part) for part in parts]
    except (TypeError, ValueError):
        return []


def _number(part: Any) -> float:
    try:
        return float(_text(part) if isinstance(part, bytes) else part)
    except ZeroDivisionError:
        return math.nan


def _size(parts: list[float]) -> float | None:
    """Add degrees, minutes and seconds up; None where they say nothing, or two things.

    Some programs write decimal degrees or minutes and leave what is smaller undefined, or say it
    twice. A whole number with something undefined below it may be off by that much, and is none.
    """
    if not 1 <= len(parts) <= 3 or not math.isfinite(parts[0]):
        return None
    degrees, minutes, seconds = (abs(parts[0]), *parts[1:], 0.0, 0.0)[:3]
    if not all(math.isnan(part) or 0 <= part <= 60 for part in (minutes, seconds)):
        return None
    told = [part for part in (minutes / 60, seconds / 3600) if not math.isnan(part)]
    if degrees % 1:
        size = degrees if _same_or_nothing(degrees % 1, sum(told)) else None
    elif math.isnan(minutes) or (math.isnan(seconds) and minutes % 1 == 0):
        size = None
    elif minutes % 1 and len(told) == 2:
        same = _same_or_nothing(minutes % 1 / 60, seconds / 3600)
        size = degrees + minutes / 60 if same else None
    else:
        size = degrees + sum(told)
    return None if size is None else math.copysign(size, parts[0])


def _same_or_nothing(decimals_deg: float, below_deg: float) -> bool:
    return below_deg == 0 or abs(decimals_deg - below_deg) < _SAME_DEG


def _heading(gps: Mapping[int, Any]) -> float | None:
    try:
        return as_heading(float(gps[GPS.GPSImgDirection]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _time(photo: Mapping[int, Any]) -> datetime | None:
    """Read the time, which EXIF writes as `2019:06:01 12:00:00`, with its zone if it has one."""
    day, _, clock = _text(photo.get(Base.DateTimeOriginal)).partition(" ")
    zone = _text(photo.get(Base.OffsetTimeOriginal))
    try:
        return as_time(f"{day.replace(':', '-')}T{clock}{zone}")
    except ValueError:
        return None


def _copyright(value: Any) -> str | None:
    """Read whom to name: the photographer and, behind a zero byte, the editor."""
    names = (name.strip() for name in _text(value).split("\0"))
    return ", ".join(name for name in names if name) or None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    return str(value or "").strip("\0 ")
