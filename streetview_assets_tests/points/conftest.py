from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.areas.boundaries import read_boundaries
from streetview_assets.areas.geometry import wkb_series
from streetview_assets.study.areas import Areas
from streetview_assets.study.images import Images
from streetview_assets.study.points import Roads
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES

CRS = "EPSG:27700"
CENTRE = (430_000.0, 433_000.0)
"""A place in Leeds, on the British grid."""


@pytest.fixture(scope="session")
def leeds(shared_data) -> Study:
    return Study(
        name="leeds",
        crs=CRS,
        authorities=("E08000035",),
        areas=Areas(
            path=shared_data / "lsoa/leeds_lsoa2021_simplified.geojson",
            code="lsoa21_code",
            name="lsoa21_name",
            authority_code="ltla24_code",
        ),
        roads=Roads(path=shared_data / "roads/leeds_osm_ways_2500m.gpkg"),
        images=Images(provider="synthetic"),
    )


@pytest.fixture(scope="session")
def leeds_areas(leeds) -> pl.DataFrame:
    return read_boundaries(leeds).areas


def in_degrees(shapes: Sequence[shapely.Geometry]) -> gpd.GeoSeries:
    """Shapes in metres about the centre, in EPSG:4326."""
    moved = shapely.transform(np.array(shapes, dtype=object), lambda xy: xy + CENTRE)
    return gpd.GeoSeries(moved, crs=CRS).to_crs("EPSG:4326")


@pytest.fixture
def make_roads():
    """Roads as `read_roads` gives them, of lines in metres about the centre."""

    def make(lines, names=None, ids=None) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(
            {
                "road_id": ids or [f"r{index}" for index in range(len(lines))],
                "road_class": "residential",
                "name": names or [None] * len(lines),
                "is_oneway": None,
            },
            geometry=in_degrees([shapely.LineString(line) for line in lines]),
        )

    return make


@pytest.fixture
def make_network():
    """Table `road_network` of lines in metres about the centre."""

    def make(lines, names=None, oneway=False) -> pl.DataFrame:
        shapes = [shapely.LineString(line) for line in lines]
        return pl.DataFrame(
            {
                "authority_code": ["A1"] * len(shapes),
                "road_id": [f"r{index}" for index in range(len(shapes))],
                "road_class": ["residential"] * len(shapes),
                "name": names or [None] * len(shapes),
                "length_m": [shape.length for shape in shapes],
                "geometry": wkb_series(in_degrees(shapes)),
                "is_oneway": [oneway] * len(shapes),
            },
            schema=TABLES["road_network"].schema,
        )

    return make


@pytest.fixture
def make_areas():
    """Table `areas` of boxes (west, south, east, north) in metres about the centre, by code."""

    def make(boxes, authority="A1") -> pl.DataFrame:
        shapes = in_degrees([shapely.box(*box) for box in boxes.values()])
        inside = shapes.representative_point()
        return pl.DataFrame(
            {
                "area_code": list(boxes),
                "area_name": list(boxes),
                "authority_code": [authority] * len(boxes),
                "authority_name": [authority] * len(boxes),
                "longitude": inside.x.to_list(),
                "latitude": inside.y.to_list(),
                "area_km2": [1.0] * len(boxes),
                "geometry": wkb_series(shapes),
            },
            schema=TABLES["areas"].schema,
        )

    return make


@pytest.fixture
def no_areas() -> pl.DataFrame:
    return TABLES["areas"].frame()
