"""Points as the list of locations that map generators read and write."""

import json
from typing import Any

import polars as pl


def as_locations(points: pl.DataFrame) -> list[dict[str, Any]]:
    """Write points as locations: the way back of `import_points`.

    Parameters
    ----------
    points
        Table ``sample_points``, at least longitude, latitude, source_panorama_id and
        source_properties.

    Returns
    -------
    list of dict
        ``lat`` and ``lng`` in degrees, to the six decimals of the table, and then all that the
        point came with, as it came. A panorama that it named under another key is there as
        ``panoId`` too, which is what map generators look for.
    """
    columns = ("latitude", "longitude", "source_panorama_id", "source_properties")
    locations = []
    for latitude, longitude, panorama_id, properties in points.select(columns).iter_rows():
        told = json.loads(properties) if properties else {}
        names = {name.lower() for name in told}
        named = {"panoId": panorama_id} if panorama_id and "panoid" not in names else {}
        place = {"lat": latitude, "lng": longitude}
        locations.append({**place, **told, **named, **place})
    return locations
