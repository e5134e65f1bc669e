"""Eight classes of what stands around a point, by tags of OpenStreetMap."""

from collections.abc import Mapping

FEATURE_CLASSES: Mapping[str, Mapping[str, frozenset[str] | None]] = {
    "greenspace": {
        "leisure": frozenset(
            (
                *("garden", "fitness_station", "common", "dog_park", "greenfield", "grassland"),
                *("heath", "nature_reserve", "park"),
            )
        ),
        "landuse": frozenset(
            (
                *("allotments", "recreation_ground", "grass", "forest", "greenfield"),
                *("village_green", "meadow", "orchard"),
            )
        ),
        "natural": frozenset(("grassland", "wood", "scrub", "heath", "moor")),
    },
    "shops": {"shop": None},
    "public_transport": {"public_transport": None},
    "sustenance": {
        "amenity": frozenset(
            (
                *("bar", "biergarten", "pub", "cafe", "fast_food", "food_court", "ice_cream"),
                "restaurant",
            )
        )
    },
    "education": {
        "amenity": frozenset(
            (
                *("college", "dancing_school", "driving_school", "first_aid_school"),
                *("kindergarten", "language_school", "library", "surf_school", "toy_library"),
                *("research_institute", "training", "music_school", "school", "traffic_park"),
                "university",
            )
        )
    },
    "financial": {
        "amenity": frozenset(
            (
                *("bank", "atm", "payment_terminal", "bureau_de_change", "money_transfer"),
                "payment_centre",
            )
        )
    },
    "healthcare": {
        "amenity": frozenset(
            (
                *("baby_hatch", "clinic", "dentist", "doctors", "hospital", "nursing_home"),
                *("pharmacy", "social_facility", "veterinary"),
            )
        )
    },
    "entertainment": {
        "amenity": frozenset(
            (
                *("arts_centre", "casino", "cinema", "community_centre", "conference_centre"),
                *("events_venue", "exhibition_centre", "fountain", "gambling", "music_venue"),
                *("nightclub", "planetarium", "public_bookcase", "social_centre", "stage"),
                *("studio", "theatre"),
            )
        ),
        "leisure": frozenset(
            (
                *("amusement_arcade", "adult_gaming_centre", "bowling_alley", "bandstand"),
                *("bathing_place", "beach_resort", "dance", "disc_golf_course", "escape_game"),
                *("fishing", "golf_course", "horse_riding", "ice_rink", "miniature_golf"),
                *("picnic_table", "playground", "resort", "sauna", "sports_centre"),
                *("sports_hall", "stadium", "summer_camp", "swimming_area", "swimming_pool"),
                *("tanning_salon", "trampoline_park", "water_park"),
            )
        ),
    },
}
"""Of each class its tags: key, and the values that belong to it; None for any value but `no`."""

TAG_KEYS = tuple(dict.fromkeys(key for tags in FEATURE_CLASSES.values() for key in tags))
"""Every key of OpenStreetMap that a class goes by."""


def in_class(name: str, key: str, value: str) -> bool:
    """Say whether a tag belongs to a class.

    Parameters
    ----------
    name
        Of the class.
    key, value
        The tag.
    """
    values = FEATURE_CLASSES[name].get(key, frozenset())
    return value != "no" if values is None else value in values
