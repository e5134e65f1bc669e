"""A made-up world of panoramas: what is where, and what it looks like, by arithmetic alone.

Everything follows from the seed and the place: nothing is kept, so that a test can say beforehand
what the server is going to answer.
"""

import colorsys
import functools
import hashlib
import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

METRES_PER_DEGREE = 111_320
GREY = (228, 227, 223)
FIRST_MONTH = 2009 * 12
MONTHS = 15 * 12
_ID = re.compile(r"pano_(-?\d+)_(-?\d+)_(\d+)")


@dataclass
class Settings:
    """What the world is like, and what goes wrong in it; every part can be changed while it runs.

    Attributes
    ----------
    seed
        Of everything that is drawn by chance.
    latency_s
        Before every answer.
    key, secret, token
        What the services accept; with a secret, requests to Google have to be signed.
    grid_m
        Points that fall into one square of so many metres share a panorama.
    empty_share, far_share, foreign_share, gone_share
        Shares of squares without imagery; with their panorama 300 m away; with a panorama that
        somebody uploaded; with a panorama whose images are gone.
    paintings
        Images that look different; further ones differ by a comment alone.
    changes
        What has become new: ``{"share": 0.1, "seed": 1, "what": "date" | "id"}``, also
        ``"bbox": [west, south, east, north]``.
    panorama_share
        Of Mapillary's and Panoramax's images, how many are 360° panoramas.
    thumb_px, thumb_expires_s
        Width of their images, and for how long an address holds.
    most_bbox_deg, most_found
        Mapillary: the first width or height of a box that is refused, and the most in an answer.
    densest
        Mapillary: a box of more images is answered by HTTP 500 and the request to ask for less.
    faults
        ``{"kind": "500", "share": 0.1}`` with, as wanted, ``where`` (``metadata``, ``image``,
        ``search``, ``address``, ``thumb``; default: everywhere), ``tries`` (so many requests for
        one thing go wrong, then it is good; default 1; None: for ever), ``holding`` (in place of a
        share: a text that the request's path or query holds), ``retry_after``, ``seconds``,
        ``status``, ``to``, ``announced``. Shares do not overlap.
    """

    seed: int = 0
    latency_s: float = 0.0
    key: str = "a-good-key"
    secret: str | None = None
    token: str = "MLY|1|good"
    grid_m: float = 40.0
    empty_share: float = 0.0
    far_share: float = 0.0
    foreign_share: float = 0.0
    gone_share: float = 0.0
    undated: bool = False
    paintings: int = 500
    changes: list[dict[str, Any]] = field(default_factory=list)
    panorama_share: float = 0.3
    thumb_px: int = 512
    thumb_expires_s: float = 60.0
    most_bbox_deg: float = 0.01
    most_found: int = 2000
    densest: int = 10_000
    faults: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Panorama:
    """What there is in one square."""

    panorama_id: str
    longitude: float
    latitude: float
    month: str
    copyright: str


@dataclass(frozen=True)
class Shot:
    """One image of Mapillary's or Panoramax's kind."""

    number: int
    longitude: float
    latitude: float
    captured_at: datetime
    heading_deg: float
    is_panorama: bool
    creator: str


def chance(*what: object) -> float:
    """Give a number from 0 to 1 that always is the same for the same things."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def square_of(settings: Settings, longitude: float, latitude: float) -> tuple[int, int]:
    """Find the square in which a place lies: from the south, and from the west."""
    step = settings.grid_m / METRES_PER_DEGREE
    return round(latitude / step), round(longitude / step / 1.7)


def panorama_at(settings: Settings, longitude: float, latitude: float) -> Panorama | None:
    """Find the panorama of the square in which a place lies."""
    return panorama_of(settings, *square_of(settings, longitude, latitude))


def panorama_called(settings: Settings, panorama_id: str) -> Panorama | None:
    """Find a panorama by its id; one that was replaced is not there any more."""
    found = _ID.fullmatch(panorama_id)
    panorama = panorama_of(settings, int(found[1]), int(found[2])) if found else None
    return panorama if panorama and panorama.panorama_id == panorama_id else None


def panorama_of(settings: Settings, north: int, east: int) -> Panorama | None:
    """Find the panorama of a square; None where there is no imagery."""
    seed, square = settings.seed, (north, east)
    if chance("empty", seed, square) < settings.empty_share:
        return None
    step = settings.grid_m / METRES_PER_DEGREE
    latitude, longitude = north * step, east * step * 1.7
    version, month = 1, FIRST_MONTH + int(chance("month", seed, square) * MONTHS)
    for change in settings.changes:
        west, south, to_east, to_north = change.get("bbox") or (-181, -91, 181, 91)
        inside = west <= longitude <= to_east and south <= latitude <= to_north
        if inside and chance("change", change.get("seed", 0), square) < change["share"]:
            month += 1
            version += change.get("what") == "id"
    if chance("far", seed, square) < settings.far_share:
        latitude += 300 / METRES_PER_DEGREE
    foreign = chance("foreign", seed, square) < settings.foreign_share
    return Panorama(
        f"pano_{north}_{east}_{version}",
        round(longitude, 7),
        round(latitude, 7),
        f"{month // 12}-{month % 12 + 1:02d}",
        "© A Visitor" if foreign else "© Google",
    )


def is_gone(settings: Settings, panorama_id: str) -> bool:
    """Whether a panorama is known and has no images."""
    return chance("gone", settings.seed, panorama_id) < settings.gone_share


def shots_within(settings: Settings, bbox: tuple[float, float, float, float]) -> list[Shot]:
    """List the images whose place lies in a box, in no order that a map would show."""
    west, south, east, north = bbox
    low, high = square_of(settings, west, south), square_of(settings, east, north)
    found = [
        shot
        for row in range(low[0] - 1, high[0] + 2)
        for column in range(low[1] - 1, high[1] + 2)
        for shot in _shots_of(settings, row, column)
        if west <= shot.longitude <= east and south <= shot.latitude <= north
    ]
    return sorted(found, key=lambda shot: chance("order", settings.seed, shot.number))


def shot_called(settings: Settings, number: int) -> Shot | None:
    """Find an image by its number."""
    row, column = divmod((number - 10**15) // 4, 2**21)
    shots = _shots_of(settings, row - 2**20, column - 2**20) if number >= 10**15 else []
    return next((shot for shot in shots if shot.number == number), None)


def _shots_of(settings: Settings, north: int, east: int) -> list[Shot]:
    """Take the images of a square: one panorama, or three images along a drive."""
    panorama = panorama_of(settings, north, east)
    if panorama is None:
        return []
    number = 10**15 + ((north + 2**20) * 2**21 + east + 2**20) * 4
    draw = functools.partial(chance, settings.seed, north, east)
    is_panorama = draw("kind") < settings.panorama_share
    year, month = map(int, panorama.month.split("-"))
    captured_at = datetime(year, month, 1, tzinfo=UTC) + timedelta(minutes=int(draw("at") * 40_000))
    return [
        Shot(
            number + place,
            round(panorama.longitude + (draw("x", place) - 0.5) * 2e-4, 7),
            round(panorama.latitude + (draw("y", place) - 0.5) * 1e-4, 7),
            captured_at + timedelta(seconds=place),
            round(draw("heading", place) * 360, 3),
            is_panorama,
            f"person_{int(draw('creator') * 20)}",
        )
        for place in range(1 if is_panorama else 3)
    ]


@functools.lru_cache(maxsize=4096)
def _painting(width: int, height: int, number: int) -> bytes:
    """Paint an image of soft colours and grain, as a JPEG."""
    random = np.random.default_rng(number)
    soft = Image.fromarray(random.integers(20, 236, (8, 8, 3), dtype=np.uint8))
    pixels = np.asarray(soft.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    grain = random.integers(-12, 13, (height, width, 1), dtype=np.int16)
    return _jpeg(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def image(settings: Settings, size: tuple[int, int], *what: object) -> bytes:
    """Make a JPEG of the wanted size, different for all different things."""
    number = int(chance("painting", *what) * settings.paintings)
    words = " ".join(map(str, what)).encode()
    content = _painting(*size, number)
    comment = b"\xff\xfe" + (len(words) + 2).to_bytes(2) + words
    return content[:2] + comment + content[2:]


@functools.lru_cache(maxsize=8)
def grey_tile(width: int, height: int) -> bytes:
    """Make the tile that stands for no imagery."""
    tile = Image.new("RGB", (width, height), GREY)
    draw = ImageDraw.Draw(tile)
    words = "Sorry, we have no imagery here."
    draw.text((width // 8, height // 2), words, fill=(120, 120, 120), font_size=width / 20)
    return _jpeg(np.asarray(tile))


def colour_of(azimuth_deg: float) -> tuple[float, float, float]:
    """Give the colour, 0 to 255, in which a direction is painted in `shot_image`."""
    red, green, blue = colorsys.hsv_to_rgb(azimuth_deg % 360 / 360, 0.8, 0.8)
    return 255 * red, 255 * green, 255 * blue


@functools.lru_cache(maxsize=4096)
def shot_image(width: int, heading_deg: float, is_panorama: bool, fov_deg: float = 60) -> bytes:
    """Paint each direction in its colour: 2:1 and all around, or 4:3 and a part of it.

    The heading is in the middle of the image.
    """
    height = width // 2 if is_panorama else width * 3 // 4
    place = (np.arange(width) + 0.5) / width - 0.5
    if is_panorama:
        azimuths = heading_deg + 360 * place
    else:
        reach = np.tan(np.radians(fov_deg / 2))
        azimuths = heading_deg + np.degrees(np.arctan(2 * place * reach))
    row = np.array([colour_of(azimuth) for azimuth in azimuths])
    shade = np.linspace(1.0, 0.8, height)[:, None, None]
    grain = np.random.default_rng(0).normal(0, 4, (height, width, 1))
    return _jpeg(np.clip(row[None] * shade + grain, 0, 255).astype(np.uint8), quality=92)


@functools.cache
def bomb() -> bytes:
    """Make a small PNG file of 30,000 × 30,000 pixels."""
    import struct
    import zlib

    side = 30_000

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def _jpeg(pixels: np.ndarray, quality: int = 75) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
