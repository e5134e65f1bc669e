import geopandas as gpd
import polars as pl
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pyproj import Geod

from streetview_assets.areas.geometry import metric_crs, to_geoframe, wkb_series
from streetview_assets.errors import StudyError


def around(longitude, latitude):
    return gpd.GeoSeries([shapely.Point(longitude, latitude).buffer(0.01)], crs="EPSG:4326")


def test_outlines_go_to_a_table_and_back(squares):
    table = pl.DataFrame(
        {"code": squares["code"], "geometry": wkb_series(squares.geometry), "count": [1, 2, 3, 4]}
    )
    assert table.schema["geometry"] == pl.Binary
    back = to_geoframe(table)
    assert back.crs == "EPSG:4326"
    expected = squares[["code", "geometry"]].to_crs(4326).assign(count=[1, 2, 3, 4])
    assert_geodataframe_equal(
        back[["code", "count", "geometry"]],
        expected[["code", "count", "geometry"]],
        check_dtype=False,
    )


def test_an_empty_table_is_an_empty_geoframe(squares):
    table = pl.DataFrame(schema={"code": pl.String, "geometry": pl.Binary})
    assert to_geoframe(table).crs == "EPSG:4326"
    assert wkb_series(squares.geometry.iloc[:0]).dtype == pl.Binary


@pytest.mark.parametrize(
    ("longitude", "latitude", "zone"),
    [(-1.55, 53.8, "EPSG:32630"), (13.4, 52.5, "EPSG:32633"), (151.2, -33.9, "EPSG:32756")],
)
def test_without_a_crs_the_utm_zone_is_estimated(longitude, latitude, zone):
    places = around(longitude, latitude)
    crs = metric_crs(None, places)
    assert crs == zone
    true_m2 = abs(Geod(ellps="WGS84").geometry_area_perimeter(places[0])[0])
    assert places.to_crs(crs).area[0] == pytest.approx(true_m2, rel=0.002)


@pytest.mark.parametrize("crs", ["EPSG:27700", "EPSG:25830", "EPSG:3035", "epsg:27700"])
def test_a_crs_in_metres_is_taken(crs):
    assert metric_crs(crs, around(-1.55, 53.8)) == crs.upper()


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        ("EPSG:4326", r"WGS 84\) is in degree"),
        ("EPSG:4978", r"lengths have to be measured in metres"),
        ("EPSG:2263", r"is in US survey foot"),
        ("EPSG:3857", r"a metre on the ground is 1\.69 m"),
        ("EPSG:99999999", r"no CRS that PROJ knows"),
    ],
)
def test_another_crs_is_refused_with_one_that_would_do(crs, message):
    with pytest.raises(StudyError, match=rf"^crs: .*{message}.*such as EPSG:32630"):
        metric_crs(crs, around(-1.55, 53.8))


def test_beyond_the_utm_zones_a_crs_has_to_be_named():
    with pytest.raises(StudyError, match="no UTM zone can be estimated"):
        metric_crs(None, around(10, 88))
    assert metric_crs("EPSG:3413", around(-45, 88)) == "EPSG:3413"
