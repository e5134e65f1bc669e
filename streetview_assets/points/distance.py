"""How far two places are from each other."""

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""

Degrees = float | npt.NDArray[np.float64]


def distance_m(
    longitude: float, latitude: float, other_longitude: float, other_latitude: float
) -> float:
    """Measure along the great circle between two places in degrees (haversine).

    On the scale of streets it agrees with the ellipsoid to half a per cent.

    Parameters
    ----------
    longitude, latitude, other_longitude, other_latitude
        Degrees (WGS 84).
    """
    return float(distances_m(longitude, latitude, other_longitude, other_latitude))


def distances_m(
    longitude: Degrees, latitude: Degrees, other_longitude: Degrees, other_latitude: Degrees
) -> npt.NDArray[np.float64]:
    """Measure as `distance_m` does, from many places to as many others; NaN where one is NaN.

    Parameters
    ----------
    longitude, latitude, other_longitude, other_latitude
        Degrees (WGS 84), shapes that broadcast.
    """
    south, north = np.radians(latitude), np.radians(other_latitude)
    across = np.radians(np.subtract(other_longitude, longitude))
    chord = np.sin((north - south) / 2) ** 2
    chord = chord + np.cos(south) * np.cos(north) * np.sin(across / 2) ** 2
    found: npt.NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(chord)))
    return found
