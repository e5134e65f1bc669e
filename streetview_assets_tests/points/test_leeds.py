"""The whole stage on the real roads and areas of Leeds."""

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from scipy.spatial import cKDTree

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.figures import to_png
from streetview_assets.points.map import draw_points
from streetview_assets.points.network_distance import join_into_streets
from streetview_assets.points.report import report_points
from streetview_assets.points.roads.clipping import clip_roads
from streetview_assets.points.roads.road_lines import read_roads
from streetview_assets.points.sampling import _in_order, _street_names, sample_points
from streetview_assets.study.points import Points, Roads
from streetview_assets.tables.registry import TABLES, check_contract

CRS = "EPSG:27700"


def made(path, areas):
    network = clip_roads(read_roads(Roads(path=path)), areas, CRS)
    return network, sample_points(network, areas, Points(spacing_m=200), CRS, 42)


@pytest.fixture(scope="module")
def leeds_points(leeds, leeds_areas):
    return made(leeds.roads.path, leeds_areas)


def test_density_and_reach_on_real_roads(leeds_areas, leeds_points):
    network, points = leeds_points
    check_contract(TABLES["road_network"], network)
    check_contract(TABLES["sample_points"], points)
    report = report_points(network, leeds_areas, points, 200, CRS)
    assert report.road_km == pytest.approx(354, abs=1)
    assert 1.5 <= report.points_per_km <= 4
    assert report.far_road_share == 0
    assert report.areas_with_road == 83
    assert 70 <= points["area_code"].n_unique() <= 83
    assert len(report.areas_short) == 83 - points["area_code"].n_unique()


def test_no_real_road_is_far_and_no_two_points_are_near(leeds_points):
    network, points = leeds_points
    places = gpd.GeoSeries.from_xy(points["longitude"], points["latitude"], crs="EPSG:4326")
    xy = shapely.get_coordinates(places.to_crs(CRS).to_numpy())
    lines = to_geoframe(network).geometry.to_crs(CRS).to_numpy()
    to_point_m, _ = cKDTree(xy).query(shapely.get_coordinates(shapely.segmentize(lines, 5.0)))
    assert to_point_m.max() <= 200 + 1e-3
    nearest_m, _ = cKDTree(xy).query(xy, k=2)
    assert nearest_m[:, 1].min() >= 100 - 1e-6
    assert (
        shapely.STRtree(lines)
        .query_nearest(shapely.points(xy), return_distance=True, all_matches=False)[1]
        .max()
        < 0.1
    )


def test_each_class_and_length_of_real_street_has_its_share_of_points(leeds_points):
    network, points = leeds_points
    in_class = (
        network.group_by("road_class")
        .agg(pl.col("length_m").sum() / network["length_m"].sum())
        .join(points.group_by("road_class").agg(share=pl.len() / points.height), on="road_class")
    )
    assert (in_class["share"] - in_class["length_m"]).abs().max() < 0.02

    roads, lines = _in_order(network, CRS)
    length_m, of_piece = np.zeros(roads.height), shapely.length(lines)
    for chain in join_into_streets(lines, _street_names(roads)):
        pieces = [piece for piece, _ in chain]
        length_m[pieces] = of_piece[pieces].sum()
    streets = roads.with_columns(street_m=length_m).join(
        points.group_by("road_id").len("points"), on="road_id", how="left"
    )
    longer_than = pl.sum_horizontal(
        pl.col("street_m") > bound_m for bound_m in (100, 200, 400, 800)
    )
    density = streets.group_by(longer_than).agg(pl.col("points").sum() / pl.col("length_m").sum())
    assert density["points"].min() >= 0.8 * points.height / network["length_m"].sum()


def test_each_real_point_is_in_the_area_that_is_named(leeds_areas, leeds_points):
    points = leeds_points[1]
    places = gpd.GeoDataFrame(
        points.select("point_id", "area_code").to_pandas(),
        geometry=gpd.points_from_xy(points["longitude"], points["latitude"], crs="EPSG:4326"),
    )
    outlines = to_geoframe(leeds_areas)[["area_code", "geometry"]]
    inside = places.sjoin(outlines, predicate="intersects")
    assert set(inside["point_id"]) == set(points["point_id"])
    first = inside.groupby("point_id")["area_code_right"].min()
    assert (first == places.set_index("point_id")["area_code"].sort_index()).all()


@pytest.mark.parametrize("name", ["osm2streets_leeds_cycleway.osm", "its-example.osm.pbf"])
def test_small_extracts_give_points_in_a_few_areas(shared_data, leeds_areas, name):
    network, points = made(shared_data / "roads" / name, leeds_areas)
    assert 4000 <= network["length_m"].sum() <= 7000
    assert 3 <= points["area_code"].n_unique() <= 5


def test_the_map_shows_roads_and_points(leeds_areas, leeds_points, tmp_path):
    network, points = leeds_points
    figure = draw_points(leeds_areas, network, points, title="Leeds")
    assert figure.axes[0].get_title() == f"Leeds: {points.height} points on 354 km of road"
    scatter, lines = figure.axes[0].collections[-1], figure.axes[0].collections[-2]
    assert len(scatter.get_offsets()) == points.height
    assert len(lines.get_segments()) == network.height
    west, east = figure.axes[0].get_xlim()
    assert east - west < 12_000, "zoomed to the areas that have roads"
    assert to_png(figure).startswith(b"\x89PNG")


def test_the_map_needs_no_areas(leeds_points):
    network, points = leeds_points
    figure = draw_points(
        TABLES["areas"].frame(), network, points, title="all", credit="Roads © Ann"
    )
    assert figure.get_supxlabel() == "Roads © Ann"
