import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.spatial import cKDTree

from streetview_assets.areas.geometry import to_geoframe, wkb_series
from streetview_assets.errors import StudyError
from streetview_assets.points.sampling import sample_points
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES, check_contract

CRS = "EPSG:27700"
SPACING_M = 200.0

coordinate = st.integers(-15, 15).map(lambda step: step * 40.0)
corner = st.tuples(coordinate, coordinate)
line = st.lists(corner, min_size=2, max_size=5, unique=True)
network = st.lists(
    st.tuples(line, st.sampled_from(["High Street", "Mill Lane", None])), min_size=1, max_size=12
)


def metres(points: pl.DataFrame) -> np.ndarray:
    places = gpd.GeoSeries.from_xy(points["longitude"], points["latitude"], crs="EPSG:4326")
    return shapely.get_coordinates(places.to_crs(CRS).to_numpy())


def lines_of(roads: pl.DataFrame) -> np.ndarray:
    return to_geoframe(roads).geometry.to_crs(CRS).to_numpy()


def along(lines: np.ndarray, step_m: float = 3.0) -> np.ndarray:
    """Places every few metres along lines, their ends among them."""
    return np.concatenate(
        [shapely.get_coordinates(shapely.segmentize(one, step_m)) for one in lines]
    )


def backwards(roads: pl.DataFrame) -> pl.DataFrame:
    shapes = to_geoframe(roads).geometry
    turned = [shape.reverse() if row % 2 else shape for row, shape in enumerate(shapes)]
    return roads.with_columns(wkb_series(gpd.GeoSeries(turned, crs=shapes.crs)))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=network, shuffle=st.randoms(use_true_random=False))
def test_the_rule_holds_on_any_network(pieces, shuffle, make_network, make_areas):
    roads = make_network([piece for piece, _ in pieces], [name for _, name in pieces])
    areas = make_areas({"a": (-700, -700, 10, 700), "b": (10, -700, 700, 700)})
    points = sample_points(roads, areas, Points(spacing_m=SPACING_M), CRS, 1)

    check_contract(TABLES["sample_points"], points)
    places = metres(points)
    assert cKDTree(places).query_pairs(SPACING_M / 2 - 1e-6) == set(), "two points too near"
    to_point_m, _ = cKDTree(places).query(along(lines_of(roads)))
    assert to_point_m.max() <= SPACING_M + 1e-3, "road too far from every point"
    off_road_m = shapely.distance(shapely.points(places), shapely.union_all(lines_of(roads)))
    assert off_road_m.max() < 0.15, "a point off the road"

    rows = list(range(roads.height))
    shuffle.shuffle(rows)
    again = sample_points(
        backwards(roads[rows]), areas.reverse(), Points(spacing_m=SPACING_M), CRS, 2
    )
    assert_frame_equal(points, again)


def test_a_straight_kilometre_has_a_point_every_200_m(make_network, no_areas):
    roads = make_network([[(0, 0), (1000, 0)]])
    points = sample_points(roads, no_areas, Points(spacing_m=200), CRS, 1)
    east_m = np.sort(metres(points)[:, 0]) - 430_000
    np.testing.assert_allclose(east_m, [100, 300, 500, 700, 900], atol=0.1)
    assert points["authority_code"].unique().to_list() == ["A1"]
    assert points["area_code"].null_count() == 5


@pytest.mark.parametrize("name", ["High Street", None])
def test_a_street_in_short_pieces_has_the_points_of_the_whole(name, make_network, no_areas):
    pieces = [[(start, 0), (start + 20, 0)] for start in range(0, 1000, 20)]
    whole = sample_points(
        make_network([[(0, 0), (1000, 0)]], [name]), no_areas, Points(spacing_m=200), CRS, 1
    )
    cut = sample_points(
        make_network(pieces, [name] * len(pieces)), no_areas, Points(spacing_m=200), CRS, 1
    )
    np.testing.assert_allclose(
        metres(cut.sort("longitude")), metres(whole.sort("longitude")), atol=0.2
    )


def test_bearing_is_from_north_and_the_road_is_named(make_network, no_areas):
    roads = make_network([[(0, 0), (0, 300)], [(2000, 0), (2300, 300)], [(5000, 300), (5300, 0)]])
    points = sample_points(roads, no_areas, Points(spacing_m=300), CRS, 1)
    assert set(points["road_id"]) == {"r0", "r1", "r2"}
    # The grid's north is within a degree of true north in Leeds.
    expected = points["road_id"].replace_strict({"r0": 0, "r1": 45, "r2": 135}).to_numpy()
    off = np.abs(points["road_bearing_deg"].to_numpy() - expected)
    assert np.minimum(off, 180 - off).max() < 1
    assert points["road_class"].unique().to_list() == ["residential"]


def town_of_short_streets() -> tuple[list, list[str]]:
    """A grid of streets of 60 m each, and two long roads, one through it and one out of town."""
    short = [
        [(x, y), (x + 60 * (1 - across), y + 60 * across)]
        for x in range(0, 1500, 60)
        for y in range(0, 1500, 60)
        for across in (0, 1)
    ]
    long = [[(-4000, 30), (6000, 30)], [(-4000, 3000), (6000, 3000)]]
    return short + long, [f"Street {row}" for row in range(len(short))] + ["Main Road", "Far Road"]


def test_short_streets_have_points_as_long_ones_do(make_network, no_areas):
    lines, names = town_of_short_streets()
    roads = make_network(lines, names)
    points = sample_points(roads, no_areas, Points(spacing_m=200), CRS, 1)
    each = roads.join(points.group_by("road_id").len("points"), on="road_id", how="left")
    density = (
        each.group_by(pl.col("length_m") < 100)
        .agg(per_km=1000 * pl.col("points").fill_null(0).sum() / pl.col("length_m").sum())
        .sort("length_m")["per_km"]
    )
    mean = 1000 * points.height / roads["length_m"].sum()
    assert density.min() >= 0.8 * mean
    assert cKDTree(metres(points)).query_pairs(100 - 1e-6) == set()


def test_streets_too_short_for_a_point_each_have_theirs_together(make_network, no_areas):
    lines = [[(x, 0), (x + 50, 0)] for x in range(0, 4000, 50)]
    points = sample_points(
        make_network(lines, [f"Street {row}" for row in range(80)]), no_areas, Points(), CRS, 1
    )
    assert 20 <= points.height <= 22


def test_areas_short_of_points_get_more_where_the_distance_allows(make_network, make_areas):
    # A branch too short for a point of its own, and a stretch that lies between two points.
    roads = make_network([[(0, 0), (1000, 0)], [(400, 0), (400, 95)]], ["Main Road", "Branch"])
    areas = make_areas(
        {
            "main": (-50, -50, 1050, -0.5),
            "between": (360, -0.5, 380, 10),
            "branch": (380, 20, 420, 120),
        }
    )
    least = {
        count: sample_points(roads, areas, Points(spacing_m=200, min_per_area=count), CRS, 1)
        for count in (0, 1)
    }
    assert "branch" not in least[0]["area_code"]
    added = least[1].filter(area_code="branch")
    assert added["road_id"].to_list() == ["r1"]
    assert "between" not in least[1]["area_code"]
    assert cKDTree(metres(least[1])).query_pairs(100 - 1e-6) == set()


def test_a_point_on_a_border_is_in_the_area_with_the_smallest_code(make_network, make_areas):
    roads = make_network([[(0, -400), (0, 400)]])
    areas = make_areas({"z": (-500, -500, 0, 500), "b": (0, -500, 500, 500)})
    points = sample_points(roads, areas, Points(spacing_m=200), CRS, 1)
    outlines = dict(zip(areas["area_code"], to_geoframe(areas).geometry, strict=True))
    for longitude, latitude, code in points.select("longitude", "latitude", "area_code").rows():
        here = {
            key
            for key, shape in outlines.items()
            if shape.intersects(shapely.Point(longitude, latitude))
        }
        assert code == min(here)


def test_a_count_is_drawn_by_the_seed(make_network, no_areas):
    roads = make_network([[(0, 0), (3000, 0)], [(0, 500), (1000, 500)]])
    drawn = sample_points(roads, no_areas, Points(count=400), CRS, seed=1)
    assert drawn.height == 400
    check_contract(TABLES["sample_points"], drawn)
    share = (drawn["road_id"] == "r0").mean()
    assert 0.68 < share < 0.82, "drawn by length: three quarters of the road are r0"
    assert_frame_equal(drawn, sample_points(roads.reverse(), no_areas, Points(count=400), CRS, 1))
    other = sample_points(roads, no_areas, Points(count=400), CRS, seed=2)
    assert set(other["point_id"]) != set(drawn["point_id"])


def test_no_road_gives_no_points(no_areas):
    points = sample_points(TABLES["road_network"].frame(), no_areas, Points(), CRS, 1)
    check_contract(TABLES["sample_points"], points)
    assert points.is_empty()


def test_more_points_than_the_road_holds_are_refused(make_network, no_areas):
    roads = make_network([[(0, 0), (1, 0)]])
    with pytest.raises(StudyError, match=r"points.count: 1 m of road"):
        sample_points(roads, no_areas, Points(count=500), CRS, 1)


def test_a_spacing_below_the_resolution_of_ids_is_refused(make_network, no_areas):
    roads = make_network([[(0, 0), (10, 0)]])
    with pytest.raises(StudyError, match=r"points.spacing_m: 0.5 m"):
        sample_points(roads, no_areas, Points(spacing_m=0.5), CRS, 1)


def test_ids_have_six_decimals_and_are_the_coordinates(make_network, no_areas):
    points = sample_points(make_network([[(0, 0), (900, 700)]]), no_areas, Points(), CRS, 1)
    for point_id, longitude, latitude in points.select("point_id", "longitude", "latitude").rows():
        assert point_id == f"{latitude:.6f}_{longitude:.6f}"
        assert (round(longitude, 6), round(latitude, 6)) == (longitude, latitude)
