"""What cameras write into a picture about how it was taken (EXIF 2.32: GPS and Exif IFDs)."""

import struct
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from streetview_assets.points.taken import Taken, as_heading, as_time

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow raises for files that are no pictures, and for EXIF that is not what it says."""

_OTHER_SIDE = {"S", "W"}


def read_exif(path: Path, file: str) -> Taken:
    """Read how a picture was taken.

    A direction from magnetic north is taken as it is: the two norths differ by a few degrees.

    Parameters
    ----------
    path
        The picture; it is not decoded.
    file
        Its name in what is given back.

    Returns
    -------
    Taken
        Without a position where the picture has none, or cannot be read.
    """
    try:
        with Image.open(path) as picture:
            exif = picture.getexif()
            gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
            about = exif.get_ifd(ExifTags.IFD.Exif)
    except _BROKEN:
        return Taken(file)
    longitude = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, 180)
    latitude = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, 90)
    if longitude is None or latitude is None:
        return Taken(file)
    return Taken(
        file=file,
        longitude=longitude,
        latitude=latitude,
        captured_at=_time(about),
        heading_deg=_heading(gps),
        copyright=_copyright(exif.get(ExifTags.Base.Copyright)),
    )


def _degrees(gps: dict[int, Any], tag: int, reference: int, most: float) -> float | None:
    """Read degrees, minutes and seconds; None where they are absent or no degrees."""
    try:
        degrees, minutes, seconds = (float(part) for part in gps[tag])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    size = degrees + minutes / 60 + seconds / 3600
    if not 0 <= size <= most:
        return None
    return -size if _text(gps.get(reference)).upper() in _OTHER_SIDE else size


def _heading(gps: dict[int, Any]) -> float | None:
    try:
        return as_heading(float(gps[ExifTags.GPS.GPSImgDirection]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _time(about: dict[int, Any]) -> datetime | None:
    """Read the time, which EXIF writes as `2019:06:01 12:00:00`, with its zone if it has one."""
    day, _, clock = _text(about.get(ExifTags.Base.DateTimeOriginal)).partition(" ")
    zone = _text(about.get(ExifTags.Base.OffsetTimeOriginal))
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
