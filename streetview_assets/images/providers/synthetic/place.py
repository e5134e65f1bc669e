"""A place of the synthetic world, and the panorama id that carries all that its scene depends on.

The id is text such as `s1-53.796400_-1.547900-residential-045-372-42`: position, road class,
bearing of the road, deprivation in thousandths (`x` where the area has none) and seed. An image
can be drawn again from its id alone, and a changed target gives a new id.
"""

import re
from dataclasses import dataclass
from math import cos, floor, radians

METRES_PER_DEGREE = 111_320.0
_GENERATION = "s1"
_UNKNOWN = "x"
_ID = re.compile(
    rf"{_GENERATION}-(?P<latitude>-?\d+\.\d{{6}})_(?P<longitude>-?\d+\.\d{{6}})"
    r"-(?P<road_class>[a-z0-9_]+)-(?P<bearing>\d{3})-(?P<deprivation>\d{3,4}|x)-(?P<seed>\d+)"
)


@dataclass(frozen=True)
class Place:
    """Where a panorama stands and what is known of it.

    Attributes
    ----------
    latitude, longitude
        Degrees, WGS 84.
    road_class
        OSM `highway` class in small letters, `x` where unknown.
    bearing_deg
        Direction of the road, whole degrees from north.
    deprivation
        0 (least) to 1 (most) deprived; None where the area has no such value.
    seed
        The study's seed: another seed, another town on the same map.
    """

    latitude: float
    longitude: float
    road_class: str
    bearing_deg: int
    deprivation: float | None
    seed: int

    @property
    def key(self) -> tuple[int, int, int]:
        """Say as whole numbers which place it is."""
        return round(self.latitude * 1e6), round(self.longitude * 1e6), self.seed


def panorama_id(place: Place) -> str:
    """Write a place as the id of its panorama."""
    road_class = re.sub(r"[^a-z0-9_]", "", place.road_class.lower()) or _UNKNOWN
    deprivation = (
        _UNKNOWN if place.deprivation is None else f"{round(place.deprivation * 1000):03d}"
    )
    return (
        f"{_GENERATION}-{place.latitude:.6f}_{place.longitude:.6f}-{road_class}"
        f"-{round(place.bearing_deg) % 360:03d}-{deprivation}-{place.seed}"
    )


def place_of(panorama: str) -> Place:
    """Read a place back from the id of its panorama.

    Raises
    ------
    ValueError
        If the text is no id that `panorama_id` wrote.
    """
    match = _ID.fullmatch(panorama)
    if match is None:
        raise ValueError(f"{panorama!r} is no id of a synthetic panorama")
    deprivation = match["deprivation"]
    return Place(
        latitude=float(match["latitude"]),
        longitude=float(match["longitude"]),
        road_class=match["road_class"],
        bearing_deg=int(match["bearing"]),
        deprivation=None if deprivation == _UNKNOWN else int(deprivation) / 1000,
        seed=int(match["seed"]),
    )


def chance(*key: int) -> float:
    """Turn whole numbers into a number in [0, 1) that looks random: same key, same number."""
    state = 0x9E3779B97F4A7C15
    for part in key:
        state = _mix(state ^ (part & _MASK))
    return state / 2**64


def field(place: Place, channel: int, scale_m: float) -> float:
    """Read a smooth field of the synthetic world at a place, 0 to 1.

    Value noise: random numbers on a square lattice of `scale_m`, blended by smoothstep. Fields of
    different channels are independent.
    """
    north = place.latitude * METRES_PER_DEGREE / scale_m
    # The rounding keeps the lattice straight within a town.
    east = place.longitude * METRES_PER_DEGREE * cos(radians(round(place.latitude))) / scale_m
    row, column = floor(north), floor(east)
    up, right = _smooth(north - row), _smooth(east - column)
    corners = [[chance(place.seed, channel, row + i, column + j) for j in (0, 1)] for i in (0, 1)]
    south = corners[0][0] * (1 - right) + corners[0][1] * right
    above = corners[1][0] * (1 - right) + corners[1][1] * right
    return south * (1 - up) + above * up


_MASK = 2**64 - 1


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)


def _mix(state: int) -> int:
    # The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
