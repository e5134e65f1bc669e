"""Captures matched to points: which of what lies around a point shows what is wanted there."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from streetview_assets.images.providers.base import Row, dated, not_found
from streetview_assets.images.providers.search_boxes import METRES_PER_DEGREE
from streetview_assets.points.distance import distance_m
from streetview_assets.study.images import Images

LEAST_HALF_ANGLE_DEG = 45.0


@dataclass(frozen=True)
class Capture:
    """An image or a panorama that somebody took.

    Attributes
    ----------
    panorama_id
        The provider's.
    longitude, latitude
        Degrees (WGS 84).
    captured_on
        First of the month; `UNKNOWN_DATE` where it is not known.
    heading_deg
        Direction of its middle, from north; None where it is not known.
    is_panoramic
        Whether it goes all round.
    creator
        Whom to name; None where nobody is told.
    licence
        Its name.
    copyright
        The whole line beside the image.
    """

    panorama_id: str
    longitude: float
    latitude: float
    captured_on: date
    heading_deg: float | None
    is_panoramic: bool
    creator: str | None
    licence: str
    copyright: str | None

    def away_m(self, point: Row) -> float:
        """Measure the distance from a point, metres."""
        return distance_m(point["longitude"], point["latitude"], self.longitude, self.latitude)

    def found_at(self, point: Row, away_m: float) -> Row:
        """Say that it was found at a point, with columns of `FOUND`."""
        return {"point_id": point["point_id"], "status": "ok", "distance_m": away_m, **asdict(self)}


Pair = tuple[Capture, float]
"""A capture and how far away it is, metres."""


def found_near(point: Row, captures: Iterable[Capture], images: Images) -> list[Row]:
    """Choose for a point what shows the wanted headings.

    A panorama serves all of them: the one of the newest month, then the nearest. Without one, for
    each heading an image that looks within half the field of view of it (at least 45 degrees) is
    chosen: again the newest, then the nearest. What has no heading is left out.

    Parameters
    ----------
    point
        point_id, longitude and latitude, degrees (WGS 84).
    captures
        What the provider has there, of dates that are wanted.
    images
        The study's part `images`: the radius in metres, headings and field of view in degrees.

    Returns
    -------
    list of dict
        Rows with columns of `FOUND`: the captures chosen, or one that says why there is none.
    """
    around = [
        (one, away_m)
        for one in captures
        if _may_be_near(point, one, images.radius_m)
        and (away_m := one.away_m(point)) <= images.radius_m
    ]
    wanted = [pair for pair in around if images.wants(pair[0].captured_on)]
    seeing = [pair for pair in wanted if pair[0].heading_deg is not None]
    chosen = _chosen(sorted(seeing, key=_newest_first), images)
    if chosen:
        return [one.found_at(point, away_m) for one, away_m in chosen]
    return [not_found(point["point_id"], _why_none(around, wanted, seeing))]


def angle_between_deg(one: float, other: float) -> float:
    """Measure the angle between two headings, 0 to 180.

    Parameters
    ----------
    one, other
        Degrees; more than a full turn is taken off.
    """
    return abs((one - other + 180) % 360 - 180)


def _chosen(wanted: Sequence[Pair], images: Images) -> list[Pair]:
    panoramas = [pair for pair in wanted if pair[0].is_panoramic]
    if panoramas:
        return panoramas[:1]
    half_angle_deg = max(LEAST_HALF_ANGLE_DEG, images.fov_deg / 2)
    chosen: dict[str, Pair] = {}
    for heading_deg in images.headings_deg:
        for one, away_m in wanted:
            if angle_between_deg(one.heading_deg or 0.0, heading_deg) <= half_angle_deg:
                chosen.setdefault(one.panorama_id, (one, away_m))
                break
    return list(chosen.values())


def _newest_first(pair: Pair) -> tuple[int, float, str]:
    one, away_m = pair
    return -one.captured_on.toordinal(), away_m, one.panorama_id


def _may_be_near(point: Row, one: Capture, radius_m: float) -> bool:
    """Rule out quickly what lies too far to the north or south."""
    away_deg: float = abs(one.latitude - point["latitude"])
    return away_deg * METRES_PER_DEGREE <= radius_m


def _why_none(around: Sequence[Pair], wanted: Sequence[Pair], seeing: Sequence[Pair]) -> str | None:
    if seeing:
        return "no image there looks in a wanted direction"
    if wanted:
        return "no capture there says where it looks"
    if not around:
        return None
    nearest, _ = min(around, key=lambda pair: (pair[1], pair[0].panorama_id))
    return f"the nearest capture {dated(nearest.captured_on)}"
