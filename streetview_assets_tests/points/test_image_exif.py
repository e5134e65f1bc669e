"""Half-broken EXIF neither moves an image nor loses it without a word."""

import math
import struct
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from streetview_assets.points.own_images.exif import NO_POSITION, read_exif

GPS = ExifTags.GPS
HEIC = Path(__file__).parents[1] / "one.heic"
LEEDS = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (53.0, 48.0, 0.0),
    GPS.GPSLongitudeRef: "W",
    GPS.GPSLongitude: (1.0, 33.0, 0.0),
}
UNDEFINED = IFDRational(0, 0)


def taken(folder, gps, kind="JPEG", about=None):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    exif.get_ifd(ExifTags.IFD.Exif).update(about or {})
    Image.new("RGB", (8, 8)).save(folder / "x", kind, exif=exif)
    return read_exif(folder / "x", "x")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "MPO"])
def test_every_kind_says_where_it_was_taken(tmp_path, kind):
    found = taken(tmp_path, LEEDS, kind)
    assert (found.longitude, found.latitude, found.reason) == (-1.55, 53.8, None)


def test_a_heic_says_where_it_was_taken():
    found = read_exif(HEIC, "one.heic")
    assert (found.longitude, found.latitude) == (-1.55, 53.8)


@pytest.mark.parametrize(
    "changed",
    [
        {GPS.GPSLatitudeRef: "n", GPS.GPSLongitudeRef: "w"},
        {GPS.GPSLatitudeRef: "North", GPS.GPSLongitudeRef: "West"},
        {GPS.GPSLatitude: (53.8, 0.0, 0.0), GPS.GPSLongitude: (1.55, 0.0, 0.0)},
        {GPS.GPSLatitude: (53.8, UNDEFINED, UNDEFINED), GPS.GPSLongitude: (1.55,)},
        {GPS.GPSLatitude: 53.8, GPS.GPSLongitude: 1.55},
        {GPS.GPSLatitude: (53.8, 48.0, 0.0)},
        {GPS.GPSLatitude: (53.0, 47.0, 60.0)},
        {GPS.GPSLongitude: (-1.55, 0.0, 0.0)},
        {GPS.GPSLongitude: (-1.0, 33.0, 0.0), GPS.GPSLongitudeRef: ""},
        {GPS.GPSImgDirection: UNDEFINED},
    ],
)
def test_what_can_only_mean_one_place_is_that_place(tmp_path, changed):
    signed = any(
        isinstance(value, tuple) and math.copysign(1, value[0]) < 0 for value in changed.values()
    )
    found = taken(tmp_path, LEEDS | changed) if not signed else _signed(tmp_path, changed)
    assert found.reason is None
    assert found.longitude == pytest.approx(-1.55, abs=1e-9)
    assert found.latitude == pytest.approx(53.8, abs=1e-9)


def _signed(folder, changed):
    """EXIF has no negative rationals in GPS, but programs write them (type SRATIONAL)."""
    gps = LEEDS | changed
    exif = b"Exif\0\0" + _tiff(gps)
    Image.new("RGB", (8, 8)).save(folder / "x", "JPEG", exif=exif)
    return read_exif(folder / "x", "x")


def _tiff(gps) -> bytes:
    """Write a little-endian TIFF of a GPS IFD alone."""
    entries, data = [], b""
    start = 8 + 2 + 12 + 4
    values_at = start + 2 + 12 * len(gps) + 4
    for tag, value in sorted(gps.items()):
        if isinstance(value, str):
            field = (value.encode() + b"\0").ljust(4, b"\0")
            entries.append(struct.pack("<HHI", tag, 2, len(value) + 1) + field[:4])
            continue
        entries.append(struct.pack("<HHII", tag, 10, len(value), values_at + len(data)))
        data += b"".join(struct.pack("<ii", round(part * 1_000_000), 1_000_000) for part in value)
    main = struct.pack("<H", 1) + struct.pack("<HHII", ExifTags.IFD.GPSInfo, 4, 1, start) + bytes(4)
    return (
        struct.pack("<2sHI", b"II", 42, 8)
        + main
        + struct.pack("<H", len(gps))
        + b"".join(entries)
        + bytes(4)
        + data
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({GPS.GPSLongitudeRef: ""}, "GPSLongitudeRef does not say east or west"),
        ({GPS.GPSLatitudeRef: "E"}, "GPSLatitudeRef does not say north or south"),
        ({GPS.GPSLatitude: (UNDEFINED,) * 3}, "GPSLatitude says no degrees"),
        ({GPS.GPSLatitude: (53.0, UNDEFINED, UNDEFINED)}, "GPSLatitude says no degrees"),
        ({GPS.GPSLatitude: (53.0, 48.0, UNDEFINED)}, "GPSLatitude says no degrees"),
        ({GPS.GPSLatitude: (53.8, 12.0, 0.0)}, "GPSLatitude says no degrees"),
        ({GPS.GPSLatitude: (53.0, 4800.0, 0.0)}, "GPSLatitude says no degrees"),
        ({GPS.GPSLatitude: (91.0, 0.0, 0.0)}, "GPSLatitude says no degrees"),
        ({GPS.GPSLongitude: (180.0, 1.0, 0.0)}, "GPSLongitude says no degrees"),
        ({GPS.GPSLatitude: (1.0, 2.0, 3.0, 4.0)}, "GPSLatitude says no degrees"),
    ],
)
def test_half_a_position_is_none_and_says_what_is_missing(tmp_path, changed, said):
    found = taken(tmp_path, LEEDS | changed)
    assert (found.longitude, found.latitude) == (None, None)
    assert said in found.reason


def test_a_position_whose_letters_were_lost_is_not_moved_to_the_other_side(tmp_path):
    without = {tag: value for tag, value in LEEDS.items() if tag != GPS.GPSLongitudeRef}
    assert "east or west" in taken(tmp_path, without).reason


def test_a_broken_maker_note_and_an_impossible_time_take_no_place_away(tmp_path):
    about = {
        ExifTags.Base.MakerNote: b"\xff" * 40,
        ExifTags.Base.DateTimeOriginal: "0001:01:01 00:00:00",
        ExifTags.Base.OffsetTimeOriginal: "+05:00",
    }
    found = taken(tmp_path, LEEDS, about=about)
    assert (found.longitude, found.captured_at) == (-1.55, None)


def test_no_exif_at_all_says_so(tmp_path):
    assert taken(tmp_path, {}).reason == NO_POSITION


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0no TIFF", b""])
def test_exif_that_is_none_gives_a_reason(tmp_path, exif):
    Image.new("RGB", (8, 8)).save(tmp_path / "x", "JPEG", exif=exif)
    assert read_exif(tmp_path / "x", "x").reason
