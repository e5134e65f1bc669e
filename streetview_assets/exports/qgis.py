"""A GeoPackage as QGIS opens it best: with a style for each number worth a map, and descriptions.

Styles stand in the table `layer_styles`, where QGIS keeps those that it saves in a database, and
the default lies beside the file as QML. What columns mean is told by GeoPackage's own extension
`gpkg_schema` (OGC 12-128r19, annex F.9), which GDAL reads.
"""

import shutil
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree.ElementTree import Element, SubElement, tostring

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from streetview_assets.figures import COLOURS
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.queries import queries_of

GRADUATED = ("predicted", "observed", "value", "mean", "dissimilarity", "image_count", "share")
"""Columns that are coloured from least to most, those that a map is first wanted of first."""
DIVERGING = ("residual",)
CATEGORISED = ("main_cluster", "cluster")
MOST_CLASSES = 7
_KINDS = {"Polygon": ("fill", 2), "Point": ("marker", 0), "LineString": ("line", 1)}
"""How QGIS names the symbols of a geometry, and the geometry itself by number."""
_PLAIN, _OUTLINE = "86,180,233,255", "255,255,255,255"
_SCHEMA = """
create table if not exists gpkg_extensions (table_name text, column_name text,
    extension_name text not null, definition text not null, scope text not null,
    constraint ge_tce unique (table_name, column_name, extension_name));
create table if not exists gpkg_data_columns (table_name text not null, column_name text not null,
    name text, title text, description text, mime_type text, constraint_name text,
    constraint pk_gdc primary key (table_name, column_name),
    constraint gdc_tn unique (table_name, name));
create table if not exists gpkg_data_column_constraints (constraint_name text not null,
    constraint_type text not null, value text, min numeric, min_is_inclusive boolean, max numeric,
    max_is_inclusive boolean, description text,
    constraint gdcc_ntv unique (constraint_name, constraint_type, value));
"""


def write_gpkg(places: gpd.GeoDataFrame, path: Path, table: str) -> None:
    """Write places as a layer with its description, its styles and what its columns mean.

    Parameters
    ----------
    places
        Rows of a table, or of a mart, with a geometry.
    path
        The file to write; whoever calls puts it in its place.
    table
        Its name, and that of the layer.
    """
    meaning, columns = _meanings(table)
    # Under a plain name first: GDAL takes `!` in a path for an archive.
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "places.gpkg"
        described = {"IDENTIFIER": table, "DESCRIPTION": meaning}
        places.to_file(plain, driver="GPKG", layer=table, engine="pyogrio", layer_options=described)
        if styles := styles_of(places, table):
            pyogrio.write_dataframe(
                _layer_styles(styles, places.geometry.name, table, meaning),
                plain,
                layer="layer_styles",
                append=True,
                layer_options={"FID": "id"},
            )
        _describe_columns(plain, table, columns)
        shutil.copyfile(plain, path)


def write_qml(places: gpd.GeoDataFrame, path: Path, table: str) -> None:
    """Write the default style of a layer beside its file, as QML; nothing where it has none.

    Parameters
    ----------
    places, table
        As of `write_gpkg`.
    path
        Of the GeoPackage.
    """
    for style in list(styles_of(places, table).values())[:1]:
        with written_aside(path.with_suffix(".qml"), suffix=".qml") as aside:
            aside.write_text(style, encoding="utf-8")


def styles_of(places: gpd.GeoDataFrame, table: str) -> dict[str, str]:
    """Make the styles of a layer as QML, by name, the default first.

    Parameters
    ----------
    places, table
        As of `write_gpkg`.

    Returns
    -------
    dict
        One for each column of numbers or clusters that a map is drawn of; else a plain one. None
        where no row has a geometry, or they are of several kinds.
    """
    kinds = {kind.removeprefix("Multi") for kind in places.geom_type.dropna().unique()}
    if len(kinds) != 1 or not kinds <= set(_KINDS):
        return {}
    (kind,) = kinds
    styles = {}
    for column in (*GRADUATED, *DIVERGING):
        known = places[column].dropna() if column in places.columns else places.iloc[:0, 0]
        if len(known) and pd.api.types.is_numeric_dtype(known):
            styles[column] = _graduated(kind, column, known.to_numpy(dtype=float))
    for column in CATEGORISED:
        if column in places.columns and places[column].notna().any():
            styles[column] = _categorised(kind, column, sorted(places[column].dropna().unique()))
    return styles or {table: _document(kind, _renderer(kind, "singleSymbol", [_PLAIN]))}


def _graduated(kind: str, column: str, values: np.ndarray) -> str:
    """Colour by value: as many areas in each class, or even steps around nought."""
    from matplotlib import colormaps

    if column in DIVERGING:
        most = float(np.abs(values).max()) or 1.0
        edges, scale = np.linspace(-most, most, MOST_CLASSES + 1), colormaps["PuOr_r"]
    else:
        edges = np.unique(np.quantile(values, np.linspace(0, 1, MOST_CLASSES + 1)))
        edges, scale = (edges if len(edges) > 1 else np.repeat(edges, 2)), colormaps["viridis"]
    count = len(edges) - 1
    colours = [_colour(scale((number + 0.5) / count)) for number in range(count)]
    renderer = _renderer(
        kind, "graduatedSymbol", colours, attr=column, graduatedMethod="GraduatedColor"
    )
    ranges = SubElement(renderer, "ranges")
    for number, (low, high) in enumerate(pairwise(edges)):
        SubElement(
            ranges, "range", lower=f"{low:.15g}", upper=f"{high:.15g}", symbol=str(number),
            label=f"{low:.4g} – {high:.4g}", render="true",
        )  # fmt: skip
    return _document(kind, renderer)


def _categorised(kind: str, column: str, values: list[object]) -> str:
    from matplotlib.colors import to_rgba

    colours = [_colour(to_rgba(COLOURS[at % len(COLOURS)])) for at in range(len(values))]
    renderer = _renderer(kind, "categorizedSymbol", colours, attr=column)
    categories = SubElement(renderer, "categories")
    for number, value in enumerate(values):
        text = f"{value:g}" if isinstance(value, float) else str(value)
        SubElement(
            categories, "category", value=text, symbol=str(number), type="string",
            label=f"{column.replace('_', ' ')} {text}", render="true",
        )  # fmt: skip
    return _document(kind, renderer)


def _renderer(kind: str, type_: str, colours: list[str], **facts: str) -> Element:
    """Begin a renderer, with a symbol of each colour."""
    off = ("forceraster", "enableorderby", "symbollevels")
    renderer = Element("renderer-v2", {"type": type_, **dict.fromkeys(off, "0"), **facts})
    symbols = SubElement(renderer, "symbols")
    name, _ = _KINDS[kind]
    for number, colour in enumerate(colours):
        symbol = SubElement(
            symbols, "symbol", name=str(number), type=name, alpha="1", clip_to_extent="1",
            force_rhr="0",
        )  # fmt: skip
        facts_of_layer = {"class": f"Simple{name.title()}", "enabled": "1", "pass": "0"}
        layer = SubElement(symbol, "layer", {**facts_of_layer, "locked": "0"})
        options = SubElement(layer, "Option", type="Map")
        for key, value in _look(name, colour).items():
            SubElement(options, "Option", name=key, type="QString", value=value)
    return renderer


def _look(symbol: str, colour: str) -> dict[str, str]:
    if symbol == "line":
        return {"line_color": colour, "line_width": "0.4", "line_width_unit": "MM"}
    outline = {"outline_color": _OUTLINE, "outline_style": "solid", "outline_width_unit": "MM"}
    if symbol == "fill":
        return {"color": colour, "style": "solid", "outline_width": "0.1", **outline}
    sized = {"size": "2", "size_unit": "MM", "outline_width": "0.2"}
    return {"color": colour, "name": "circle", **sized, **outline}


def _colour(rgba: tuple[float, ...]) -> str:
    return ",".join(str(round(255 * part)) for part in rgba)


def _document(kind: str, renderer: Element) -> str:
    whole = Element("qgis", version="3.28.0", styleCategories="Symbology", labelsEnabled="0")
    whole.append(renderer)
    SubElement(whole, "layerGeometryType").text = str(_KINDS[kind][1])
    doctype = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return doctype + tostring(whole, encoding="unicode")


def _layer_styles(styles: dict[str, str], geometry: str, table: str, meaning: str) -> pd.DataFrame:
    """Give styles as the rows of QGIS's own table."""
    geometry = "geom" if geometry == "geometry" else geometry  # As GDAL calls it in the file.
    default = next(iter(styles))
    return pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": table,
            "f_geometry_column": geometry,
            "styleName": [name[:30] for name in styles],
            "styleQML": list(styles.values()),
            "styleSLD": "",
            "useAsDefault": [name == default for name in styles],
            "description": meaning,
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp.now("UTC").tz_localize(None),
        }
    )


def _meanings(table: str) -> tuple[str, dict[str, str]]:
    """Say what a row of a table, view or mart is, and what its columns mean."""
    if table in TABLES:
        contract = TABLES[table]
        return contract.meaning, {column.name: column.meaning for column in contract.columns}
    found = [query for query in queries_of("mart", "view") if query.name == table]
    return (found[0].description, dict(found[0].columns)) if found else ("", {})


def _describe_columns(path: Path, table: str, meanings: dict[str, str]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        info = connection.execute("select name from pragma_table_info(?)", [table])
        there = {name for (name,) in info}
        connection.executemany(
            "insert into gpkg_data_columns (table_name, column_name, name, description) "
            "values (?, ?, ?, ?)",
            [
                (table, name, name, said)
                for name, said in meanings.items()
                if name in there and said
            ],
        )
        connection.executemany(
            "insert into gpkg_extensions values (?, null, 'gpkg_schema', "
            "'http://www.geopackage.org/spec/#extension_schema', 'read-write')",
            [("gpkg_data_columns",), ("gpkg_data_column_constraints",)],
        )
