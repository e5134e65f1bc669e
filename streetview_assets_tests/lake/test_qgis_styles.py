"""A GeoPackage brings its styles and says what it holds; QGIS itself is not at hand here."""

import sqlite3
from contextlib import closing
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from streetview_assets.exports.qgis import MOST_CLASSES, styles_of, write_gpkg, write_qml

SYMBOLS = {"Polygon": "fill", "Point": "marker", "LineString": "line"}


def places(kind: str = "Polygon", **columns) -> gpd.GeoDataFrame:
    """Places of a kind side by side, with columns of fifty values."""
    boxes = [shapely.box(at, 0, at + 1, 1) for at in range(50)]
    of = {"Polygon": boxes, "Point": [box.centroid for box in boxes]}
    of["LineString"] = [box.exterior for box in boxes] and [
        shapely.LineString([(at, 0), (at, 1)]) for at in range(50)
    ]
    return gpd.GeoDataFrame(columns, geometry=of[kind], crs="EPSG:4326")


def drawn(places: gpd.GeoDataFrame, style: str) -> tuple[ElementTree.Element, list[int | None]]:
    """Give a style's renderer, and the number of the symbol that each place gets."""
    renderer = ElementTree.fromstring(style).find("renderer-v2")
    values = places[renderer.get("attr")].to_numpy(dtype=float)
    found: list[int | None] = []
    for value in values:
        inside = [
            int(one.get("symbol"))
            for one in renderer.iter("range")
            if float(one.get("lower")) <= value <= float(one.get("upper"))
        ]
        found.append(inside[0] if inside else None)
    return renderer, found


@pytest.mark.parametrize("values", [np.arange(50.0) ** 2, np.repeat(7.0, 50)], ids=["many", "one"])
@pytest.mark.parametrize("kind", SYMBOLS)
def test_every_place_with_a_value_has_a_symbol_of_its_kind(kind, values):
    values = np.where(np.arange(50) == 3, np.nan, values)
    of = places(kind, predicted=values)
    (style,) = styles_of(of, "area_profile").values()
    renderer, found = drawn(of, style)
    assert [at for at, symbol in enumerate(found) if symbol is None] == [3]
    symbols = renderer.findall("symbols/symbol")
    assert {symbol.get("type") for symbol in symbols} == {SYMBOLS[kind]}
    assert [symbol.get("name") for symbol in symbols] == [str(at) for at in range(len(symbols))]
    assert set(found) - {None} == set(range(len(symbols)))


def test_residuals_are_coloured_in_even_steps_around_nought():
    of = places(residual=np.linspace(-3, 1, 50))
    renderer, _ = drawn(of, styles_of(of, "t")["residual"])
    ends = [(float(one.get("lower")), float(one.get("upper"))) for one in renderer.iter("range")]
    assert len(ends) == MOST_CLASSES
    assert (ends[0][0], ends[-1][1]) == (-3, 3)


def test_a_package_has_its_styles_its_description_and_what_columns_mean(tmp_path):
    path, clusters = tmp_path / "a!b.gpkg", [1, 2] * 25
    of = places(area_name=["<&>"] * 50, predicted=np.arange(50.0), main_cluster=clusters)
    write_gpkg(of, path, "area_profile")
    write_qml(of, path, "area_profile")
    with closing(sqlite3.connect(path)) as connection:
        styles = connection.execute(
            "select f_table_name, f_geometry_column, styleName, useAsDefault, styleQML "
            "from layer_styles order by id"
        ).fetchall()
        (geometry,) = connection.execute("select column_name from gpkg_geometry_columns").fetchone()
        kinds = dict(connection.execute("select table_name, data_type from gpkg_contents"))
        (said,) = connection.execute(
            "select description from gpkg_data_columns where column_name = 'predicted'"
        ).fetchone()
    assert [row[:4] for row in styles] == [
        ("area_profile", geometry, "predicted", 1),
        ("area_profile", geometry, "main_cluster", 0),
    ]
    assert path.with_suffix(".qml").read_text() == styles[0][4]
    assert styles[0][4].startswith("<!DOCTYPE qgis")
    named = [one.get("label") for one in ElementTree.fromstring(styles[1][4]).iter("category")]
    assert named == ["main cluster 1", "main cluster 2"]
    assert kinds == {"area_profile": "features", "layer_styles": "attributes"}
    assert said
    path = path.rename(tmp_path / "plain.gpkg")  # GDAL takes `!` in a path for an archive.
    info = pyogrio.read_info(path, layer="area_profile")
    assert info["layer_metadata"]["DESCRIPTION"]
    assert gpd.read_file(path, layer="area_profile")["area_name"].to_list() == ["<&>"] * 50


def test_places_of_several_kinds_or_none_have_no_style():
    mixed = gpd.GeoDataFrame(
        {"value": [1.0, 2.0]}, geometry=[shapely.Point(0, 0), shapely.box(0, 0, 1, 1)]
    )
    assert styles_of(mixed, "t") == {}
    assert styles_of(places().iloc[:0], "t") == {}
    assert list(styles_of(places(), "sample_points")) == ["sample_points"]
