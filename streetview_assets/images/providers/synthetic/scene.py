"""A synthetic street scene: what one would see from a place, drawn from nothing but its id."""

import io
from datetime import date
from functools import lru_cache

from PIL import Image

from streetview_assets.images.providers.synthetic.buildings import row_of_buildings
from streetview_assets.images.providers.synthetic.character import Light, character, light, uniforms
from streetview_assets.images.providers.synthetic.furniture import (
    lamp_posts,
    litter_and_bins,
    parked_cars,
)
from streetview_assets.images.providers.synthetic.ground import backdrop, gardens, ground
from streetview_assets.images.providers.synthetic.painting import View, paint, write_note
from streetview_assets.images.providers.synthetic.place import place_of
from streetview_assets.images.providers.synthetic.street import Painted, Street, in_order
from streetview_assets.images.providers.synthetic.trees import street_trees

_REACH_M = 78.0


def draw_scene(panorama_id: str, captured_on: date, heading_deg: float, view: View) -> Image.Image:
    """Draw one view of a panorama, with the word "synthetic" in its lower left corner.

    The views of a panorama show one street from one spot: what stands left in one of them stands
    right in the next. The same arguments give the same pixels on every machine.

    Parameters
    ----------
    panorama_id
        An id of `place.panorama_id`.
    captured_on
        Decides season and weather.
    heading_deg
        Direction of view, from north.
    view
        Size of the image in pixels, and its angles.

    Raises
    ------
    ValueError
        If the id is none of a synthetic panorama.
    """
    place = place_of(panorama_id)
    shapes, seen_in = street_of(panorama_id, captured_on)
    latitude, longitude, seed = place.key
    clouds = (latitude * 31 + longitude * 17 + seed + round(heading_deg) * 7919) & 0xFFFFFFFF
    image = paint(shapes, seen_in, view, heading_deg - place.bearing_deg, clouds)
    write_note(image)
    return image


def scene_jpeg(panorama_id: str, captured_on: date, heading_deg: float, view: View) -> bytes:
    """Draw a view as the bytes of a JPEG file; see `draw_scene`."""
    buffer = io.BytesIO()
    draw_scene(panorama_id, captured_on, heading_deg, view).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


@lru_cache(maxsize=4)
def street_of(panorama_id: str, captured_on: date) -> tuple[Painted, Light]:
    """Build the street around a panorama, once for all its views that are drawn in a row.

    Parameters
    ----------
    panorama_id
        An id of `place.panorama_id`.
    captured_on
        Decides season and weather.

    Returns
    -------
    tuple
        What is to be painted, from back to front, and the light that it is seen in.
    """
    place = place_of(panorama_id)
    seen_in, draw = light(place, captured_on), uniforms(*place.key, 7)
    street = Street(seen_in, character(place), draw, _REACH_M)
    ground(street)
    backdrop(street)
    for side in street.sides():
        gardens(side, row_of_buildings(side))
        for add in (street_trees, parked_cars, litter_and_bins):
            add(side)
    lamp_posts(street)
    return in_order(street), seen_in
