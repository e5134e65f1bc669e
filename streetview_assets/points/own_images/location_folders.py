"""Folders of views by the number of their location: `location_0/heading_90.jpg`, and no table.

The numbers are those of a map generator's list of locations, counted from 0.
"""

import re
from collections.abc import Iterable

from streetview_assets.points.imported.points import Locations
from streetview_assets.points.own_images.taken import Taken, as_heading

_VIEW = re.compile(
    r"(?P<panorama>(?:.*/)?location_(?P<number>\d{1,9}))/heading_(?P<deg>\d{1,3}(?:\.\d+)?)\.\w+"
)

NO_VIEW = "not named location_i/heading_H, as images.positions without columns needs"
BEYOND = "its location is beyond the last of images.positions, which count from 0"


def views_of_locations(files: Iterable[str], locations: Locations) -> list[Taken]:
    """Say where each image of such folders was taken, and which are views of one panorama.

    Parameters
    ----------
    files
        Images, by their paths within the folder.
    locations
        What the folders are numbered by.

    Returns
    -------
    list of Taken
        One a file: with the reason where its name is another, or its location is not in the list.
    """
    places = locations.places.select("longitude", "latitude").rows()
    return [_taken(file, places) for file in files]


def _taken(file: str, places: list[tuple[float, float]]) -> Taken:
    found = _VIEW.fullmatch(file)
    if found is None:
        return Taken(file, reason=NO_VIEW)
    number = int(found["number"])
    if number >= len(places):
        return Taken(file, reason=BEYOND)
    longitude, latitude = places[number]
    return Taken(
        file,
        longitude=longitude,
        latitude=latitude,
        heading_deg=as_heading(float(found["deg"])),
        panorama=found["panorama"],
    )
