"""Whether a file says where on Earth its coordinates are, and whether they can lie there."""

from pathlib import PurePath

import pyproj

from streetview_assets.errors import StudyError

Bounds = tuple[float, float, float, float]
"""West, south, east, north, degrees."""


def require_crs(place: str, crs: pyproj.CRS | None, things: str, of_others: str = "") -> None:
    """Refuse a file that does not say its CRS, or has one of its own.

    Parameters
    ----------
    place
        The key of the study and the file, for the message.
    crs
        What the file says.
    things
        What lies in it: "areas".
    of_others
        What to do with files of other kinds, in a half sentence.

    Raises
    ------
    StudyError
        With the ways to write a CRS into a file.
    """
    if crs is None or not (crs.is_geographic or crs.is_projected):
        found = "does not say its CRS" if crs is None else f"has the CRS {crs.name!r}"
        raise StudyError(
            f"{place} {found}, so nothing says where on Earth its {things} are. Write it again "
            "with its CRS (geopandas: `frame.set_crs('EPSG:27700').to_file(…)`; for a Shapefile, "
            f"put its .prj beside it{of_others})."
        )


def require_degrees(
    key: str, path: PurePath | str, bounds: Bounds, crs: pyproj.CRS, things: str
) -> None:
    """Refuse coordinates that, in EPSG:4326, do not lie on the Earth: the CRS is not their own.

    Parameters
    ----------
    key, path
        Of the study and the file, for the message.
    bounds
        Box of what lies in the file, EPSG:4326.
    crs
        What the file says its CRS is.
    things
        What lies in it: "areas".

    Raises
    ------
    StudyError
        With a coordinate and the remedy.
    """
    west, south, east, north = bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise StudyError(
            f"{key}: {path} says that its coordinates are in {crs.name}, but that puts {things} at "
            f"longitude {west:.6g} to {east:.6g} and latitude {south:.6g} to {north:.6g}. Write "
            "the file again with the CRS that its coordinates are really in; where that is the "
            "British grid: `ogr2ogr -s_srs EPSG:27700 -t_srs EPSG:4326 new.gpkg "
            f"{PurePath(path).name}`."
        )


def box_in_words(bounds: Bounds) -> str:
    """Write a box of degrees for a person."""
    west, south, east, north = bounds
    return f"longitude {west:.4f} to {east:.4f}, latitude {south:.4f} to {north:.4f}"
