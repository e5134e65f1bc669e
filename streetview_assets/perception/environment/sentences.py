"""What lies around an image in a sentence, worded as percept-knn-model (Danish 2024) words it.

A sentence joins what variables say: `shops count (within buffer of size 100m) is 28; …`. Style 0
tells values as they are, style 1 how they stand among all images, in five words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.perception.environment.feature_classes import FEATURE_CLASSES

MEASURES = ("count", "density_or_proportion", "shannon_entropy")
OF_STREETS = (
    *("bike_network_length", "walk_network_length", "num_nodes", "num_edges"),
    *("streets_per_node_avg", "streets_per_node_proportions1", "streets_per_node_proportions3"),
    *("streets_per_node_proportions4", "intersection_count", "street_length_total"),
    *("street_segment_count", "street_length_avg", "orientation_entropy", "median_speed"),
)
VARIABLES = (
    *(f"{name}_{measure}" for measure in MEASURES for name in FEATURE_CLASSES),
    *OF_STREETS,
)
"""The 38 variables, each told for every radius: `shops_count_100`."""
RADII_M = (100, 300)

WORDS = ("very low", "low", "medium", "high", "very high")
UNKNOWN = "unknown"
"""In place of a word, where a variable has no value."""
JOINT = "; "

_CUTS = (0.2, 0.4, 0.6, 0.8)
_NAMED_OTHERWISE = {
    "streets_per_node_proportions1": "number of cul-de-sacs",
    "streets_per_node_proportions3": "number of 3-way intersections",
    "streets_per_node_proportions4": "number of 4-way intersections",
    "num_nodes": "number of intersections",
    "num_edges": "number of street segments",
}


def sentences(
    places: Sequence[Mapping[str, Any]], style: int, radii_m: Sequence[float] = RADII_M
) -> list[str]:
    """Say in a sentence what lies around each place.

    Parameters
    ----------
    places
        Properties of each, of which those named `<variable>_<radius>` are told, in their order.
    style
        0: values as Python writes them. 1: the fifth, in `WORDS`, in which a value lies: fifths of
        the different values that the variable has, each up to and with its upper cut.
    radii_m
        Which radii are told.

    Returns
    -------
    list of str
        One a place; empty where none of the variables is told of it.

    Raises
    ------
    StudyError
        In style 1, where a value is no number.
    """
    told = told_variables(places, radii_m)
    cuts = {key: _cuts(places, key) for key in told} if style == 1 else {}

    def value_of(place: Mapping[str, Any], key: str) -> str:
        return word_of(_number(place, key), cuts[key]) if style == 1 else f"{place[key]}"

    return [
        JOINT.join(f"{worded(key)} is {value_of(place, key)}" for key in place if key in told)
        for place in places
    ]


def told_variables(
    places: Sequence[Mapping[str, Any]], radii_m: Sequence[float] = RADII_M
) -> dict[str, None]:
    """List the variables that any place has, in the order of the places' properties.

    Parameters
    ----------
    places
        Properties of each.
    radii_m
        Which radii are told.
    """
    known = {f"{name}_{radius:g}" for radius in radii_m for name in VARIABLES}
    return dict.fromkeys(key for place in places for key in place if key in known)


def few_values(places: Sequence[Mapping[str, Any]], told: Sequence[str]) -> list[str]:
    """List the variables with fewer different values than there are words.

    Parameters
    ----------
    places
        Properties of each.
    told
        Which variables.
    """
    return [key for key in told if len(_different(places, key)) < len(WORDS)]


def worded(key: str) -> str:
    """Word the name of a variable: `num_nodes_100` is the number of intersections in 100 m."""
    name, _, radius = key.rpartition("_")
    words = _NAMED_OTHERWISE.get(name, name.replace("_", " "))
    return f"{words} (within buffer of size {radius}m)"


def word_of(value: float | None, cuts: np.ndarray) -> str:
    """Give the word for a value, None for one that is not known, by the four cuts, ascending."""
    return UNKNOWN if value is None else WORDS[int(np.searchsorted(cuts, value, side="left"))]


def _cuts(places: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    different = _different(places, key)
    return np.quantile(different, _CUTS) if different else np.empty(0)


def _different(places: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """List the values of a variable once each, so that what is frequent does not make the cuts."""
    numbers = (_number(place, key) for place in places)
    return sorted({number for number in numbers if number is not None})


def _number(place: Mapping[str, Any], key: str) -> float | None:
    value = place.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudyError(
            f"the environment's {key} is {str(value)[:80]!r}, no number, so that it cannot be told "
            "in words. Put a number there, or null."
        )
    return float(value) if np.isfinite(value) else None
