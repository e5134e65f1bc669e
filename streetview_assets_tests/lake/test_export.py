import json
from typing import ClassVar

import geopandas as gpd
import polars as pl
import pytest
import shapely

from streetview_assets.errors import StudyError
from streetview_assets.lake.export import GEOGRAPHIC, PLAIN, export_table
from streetview_assets.lake.places import to_places
from streetview_assets.tables import TABLES

SQUARE = shapely.box(-1.6, 53.7, -1.5, 53.8)
AREAS = TABLES["areas"].frame(
    [
        {
            "area_code": "A1",
            "area_name": "one",
            "authority_code": "X",
            "authority_name": "X",
            "longitude": -1.55,
            "latitude": 53.75,
            "area_km2": 1.0,
            "geometry": SQUARE.wkb,
        }
    ]
)


class Published:
    """Stands where an open study does; the tables are what a query would give."""

    tables: ClassVar = {
        "area_profile": AREAS.with_columns(shares=pl.Series([[0.25, 0.75]])),
        "sample_points": TABLES["sample_points"].frame(
            [
                {
                    "authority_code": "X",
                    "point_id": "p",
                    "longitude": -1.5,
                    "latitude": 53.7,
                    "source_properties": '{"heading": 90, "extra": {"tags": ["a"]}}',
                }
            ]
        ),
        "cluster_shares": pl.DataFrame({"area_code": ["A1", "gone"], "share": [0.5, 0.5]}),
        "cluster_scores": pl.DataFrame({"k": [2], "value": [0.1]}),
    }

    def table(self, name):
        return self.tables[name]

    def geo(self, name):
        return to_places(self.table(name), name, AREAS)


@pytest.mark.parametrize("kind", GEOGRAPHIC)
def test_areas_and_points_are_written_with_their_place(tmp_path, kind):
    for table, geometry in [("area_profile", SQUARE), ("sample_points", shapely.Point(-1.5, 53.7))]:
        path = export_table(Published(), table, kind, tmp_path / f"{table}.{kind}")
        read = gpd.read_parquet(path) if kind == "geoparquet" else gpd.read_file(path)
        assert read.crs == "EPSG:4326"
        assert read.geometry[0].normalize().equals_exact(geometry.normalize(), 1e-9)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{table}.{kind}" for table in ("area_profile", "sample_points")
    )


@pytest.mark.parametrize("kind", PLAIN)
def test_any_table_is_written_as_rows(tmp_path, kind):
    path = export_table(Published(), "area_profile", kind, tmp_path / "out")
    read = pl.read_csv(path) if kind == "csv" else pl.read_parquet(path)
    assert read["area_code"].to_list() == ["A1"]
    if kind == "csv":
        assert shapely.from_wkt(read["geometry"][0]).equals(SQUARE)
        assert json.loads(read["shares"][0]) == [0.25, 0.75]


def test_points_go_back_to_the_map_generator_as_they_came(tmp_path):
    path = export_table(Published(), "sample_points", "map-generator", tmp_path / "back.json")
    assert json.loads(path.read_text()) == [
        {"lat": 53.7, "lng": -1.5, "heading": 90, "extra": {"tags": ["a"]}}
    ]
    with pytest.raises(StudyError, match=r"map-generator is a list of places: .*area_profile as"):
        export_table(Published(), "area_profile", "map-generator", None)


def test_an_area_code_is_enough_to_find_the_outline():
    places = to_places(Published.tables["cluster_shares"], "cluster_shares", AREAS)
    assert places.geometry[0].equals(SQUARE)
    assert places.geometry[1] is None


def test_what_has_no_place_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(StudyError, match=r"cluster_scores has no place.*csv"):
        export_table(Published(), "cluster_scores", "gpkg", tmp_path / "x.gpkg")
    with pytest.raises(StudyError, match=r"no export format 'shp'; there are: geoparquet"):
        export_table(Published(), "area_profile", "shp", None)
