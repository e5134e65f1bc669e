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
    graph = root.find("{*}graph")
    if root.tag.rpartition("}")[2] != "graphml" or graph is None:
        raise StudyError(f"roads.path: {path} is XML, but no GraphML. Give the roads as lines.")
    names = {key.get("id", ""): key.get("attr.name", "") for key in root.iterfind("{*}key")}
    places = {
        node.get("id", ""): _place(_values(node, names), path) for node in graph.iterfind("{*}node")
    }
    edges = [(edge, _values(edge, names)) for edge in graph.iterfind("{*}edge")]
    lines = [_line(edge, values, places) for edge, values in edges]
    told = pd.DataFrame([values for _, values in edges], index=range(len(edges)), dtype=object)
    return gpd.GeoDataFrame(
        told.drop(columns="geometry", errors="ignore"),
        geometry=np.array(lines, dtype=object),
        crs=_values(graph, names).get("crs"),
    )


def _values(element: Element, names: Mapping[str, str]) -> Values:
    """Give what an element says by name; of a key that stands there for two types, what is told."""
    return {
        names.get(child.get("key", ""), ""): child.text.strip()
        for child in element.iterfind("{*}data")
        if child.text
    }


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
