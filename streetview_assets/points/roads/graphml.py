"""Graphs of roads (`.graphml`) as osmnx or networkx write them: of each edge its line and tags."""

from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from streetview_assets.errors import StudyError

Values = dict[str, str]


def read_graphml(path: Path) -> gpd.GeoDataFrame:
    """Read the edges of a graph, each with all that it says as text.

    Parameters
    ----------
    path
        A graph whose nodes have ``x`` and ``y``, and whose own value ``crs`` says in which CRS.

    Returns
    -------
    geopandas.GeoDataFrame
        One line an edge: its ``geometry`` (WKT), or the straight line between its nodes.

    Raises
    ------
    StudyError
        Where it is no graph, or its nodes have no place.
    xml.etree.ElementTree.ParseError, shapely.errors.GEOSException
        Where it is no XML, or a line no WKT.
    """
    root = parse(path).getroot()
    graph = next((element for element in root if _tag(element) == "graph"), None)
    if _tag(root) != "graphml" or graph is None:
        raise StudyError(f"roads.path: {path} is XML, but no GraphML. Give the roads as lines.")
    names = {key.get("id", ""): key.get("attr.name", "") for key in root if _tag(key) == "key"}
    places = {
        node.get("id", ""): _place(_values(node, names), path)
        for node in graph
        if _tag(node) == "node"
    }
    edges = [element for element in graph if _tag(element) == "edge"]
    told = [_values(edge, names) for edge in edges]
    lines = [_line(edge, values, places) for edge, values in zip(edges, told, strict=True)]
    columns = pd.DataFrame(
        [{key: value for key, value in values.items() if key != "geometry"} for values in told],
        index=range(len(told)),
        dtype=object,
    )
    crs = _values(graph, names).get("crs")
    return gpd.GeoDataFrame(columns, geometry=np.array(lines, dtype=object), crs=crs)


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _values(element: Element, names: Mapping[str, str]) -> Values:
    """Give what an element says by name; of a key that stands there for two types, what is told."""
    data = (child for child in element if _tag(child) == "data" and child.text)
    return {names.get(child.get("key", ""), ""): str(child.text).strip() for child in data}


def _place(values: Values, path: Path) -> tuple[float, float]:
    if not {"x", "y"} <= values.keys():
        raise StudyError(
            f"roads.path: {path} is a graph of which a node has no x and y. Give a graph of roads "
            "as osmnx.save_graphml writes it, or the roads as lines."
        )
    return float(values["x"]), float(values["y"])


def _line(
    edge: Element, values: Values, places: Mapping[str, tuple[float, float]]
) -> shapely.Geometry:
    if "geometry" in values:
        return shapely.from_wkt(values["geometry"])
    return shapely.LineString([places[edge.get(end, "")] for end in ("source", "target")])
