"""Ways of OpenStreetMap's XML: of the API, of Overpass, of JOSM, in any order, ids of any sign."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, iterparse

import geopandas as gpd
import numpy as np
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS
from streetview_assets.errors import StudyError

_KEPT = ("highway", "name", "oneway")
_OF_AREAS = frozenset(
    (
        *("aeroway", "amenity", "boundary", "building", "craft", "geological"),
        *("historic", "landuse", "leisure", "military", "natural", "office"),
        *("place", "shop", "sport", "tourism"),
    )
)
"""Tags of which a closed way is an outline, as GDAL has it: a square, not a road around it."""


def read_osm_xml(path: Path) -> gpd.GeoDataFrame:
    """Read the ways that are highways; what an editor marked as deleted is left out.

    Parameters
    ----------
    path
        An `.osm` file.

    Returns
    -------
    geopandas.GeoDataFrame
        ``osm_id`` (text), ``highway``, ``name``, ``oneway``; lines in EPSG:4326. A way goes through
        those of its nodes that are in the file; closed ways that are areas are left out.

    Raises
    ------
    StudyError
        Where the server that wrote the file says in it that it broke off.
    xml.etree.ElementTree.ParseError
        Where it is no XML.
    """
    places: dict[str, tuple[float, float]] = {}
    ways: list[tuple[dict[str, str | None], list[str]]] = []
    with path.open("rb") as file:
        for element in present_elements(file, f"roads.path: {path}"):
            if element.tag == "node" and "lon" in element.attrib:
                told = element.attrib
                places[told["id"]] = (float(told["lon"]), float(told["lat"]))
            elif element.tag == "way":
                way = _way(element)
                if way:
                    ways.append(way)
    return _lines(ways, places)


def present_elements(file: BinaryIO, place: str) -> Iterator[Element]:
    """Give nodes, ways and relations one by one, without those that an editor has deleted.

    Parameters
    ----------
    file
        An `.osm` file, opened. Each element is forgotten after its turn.
    place
        The key of the study file and the path, for the message.

    Raises
    ------
    StudyError
        Where it is other XML, or the server that wrote the file says in it that it broke off.
    """
    parsed = iterparse(file, events=("start", "end"))
    _, root = next(parsed)
    if root.tag != "osm":
        raise StudyError(f"{place} is XML with <{root.tag}>, not <osm>.")
    for event, element in parsed:
        if event == "end" and element.tag == "remark":
            said = " ".join((element.text or "").split())[:200]
            raise StudyError(
                f"{place} is not all of its source: the server says in it {said!r}. Ask "
                "for it again, or box by box."
            )
        if event == "end" and element.tag in ("node", "way", "relation"):
            if element.get("action") != "delete" and element.get("visible") != "false":
                yield element
            root.clear()


def _way(element: Element) -> tuple[dict[str, str | None], list[str]] | None:
    tags = {tag.get("k"): tag.get("v") for tag in element.iter("tag")}
    nodes = [node.get("ref", "") for node in element.iter("nd")]
    is_closed = nodes[:1] == nodes[-1:]
    if "highway" not in tags or (is_closed and _is_area(tags)):
        return None
    return {"osm_id": element.get("id")} | {key: tags.get(key) for key in _KEPT}, nodes


def _is_area(tags: Mapping[str | None, str | None]) -> bool:
    return tags.get("area") == "yes" or (tags.get("area") != "no" and bool(_OF_AREAS & tags.keys()))


def _lines(
    ways: list[tuple[dict[str, str | None], list[str]]], places: dict[str, tuple[float, float]]
) -> gpd.GeoDataFrame:
    found = [(tags, [places[node] for node in nodes if node in places]) for tags, nodes in ways]
    found = [(tags, line) for tags, line in found if len(line) > 1]
    lines = np.array([shapely.LineString(line) for _, line in found], object)
    columns = {key: [tags[key] for tags, _ in found] for key in ("osm_id", *_KEPT)}
    return gpd.GeoDataFrame(columns, geometry=lines, crs=GEOGRAPHIC_CRS)
