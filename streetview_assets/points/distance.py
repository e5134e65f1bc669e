"""How far two places are from each other."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""


def distance_m(
    longitude: float, latitude: float, other_longitude: float, other_latitude: float
) -> float:
    """Measure along the great circle between two places in degrees (haversine).

    On the scale of streets it agrees with the ellipsoid to half a per cent.
    """
    south, north = radians(latitude), radians(other_latitude)
    across = radians(other_longitude - longitude)
    chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))
