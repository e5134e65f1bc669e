"""What lies around points: a made-up extract whose circles can be reckoned by hand."""

from pathlib import Path

import numpy as np
import osmnx
import polars as pl
import pyproj
import pytest
import shapely

from streetview_assets.errors import StudyError
from streetview_assets.perception.environment.extract import read_extract, told_classes
from streetview_assets.perception.environment.sentences import VARIABLES
from streetview_assets.perception.environment.streets import speed_kmh, street_network
from streetview_assets.perception.environment.variables import (
    NO_CLASS,
    NO_SPEED,
    NO_STREETS,
    environment_variables,
)
from streetview_assets.tables.registry import TABLES, check_contract

CRS = "EPSG:27700"
MIDDLE = (430_000.0, 433_000.0)
TO_DEGREES = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


class Town:
    """An extract under way: places in metres from the middle."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[float, float], str] = {}
        self.body: list[str] = []

    def node(self, east: float, north: float, **tags: str) -> str:
        lon, lat = TO_DEGREES.transform(MIDDLE[0] + east, MIDDLE[1] + north)
        name = self.nodes.setdefault((east, north), f"-{len(self.nodes) + 1}")
        told = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        self.body.append(f'<node id="{name}" lon="{lon:.9f}" lat="{lat:.9f}">{told}</node>')
        return name

    def way(self, *places: tuple[float, float], **tags: str) -> None:
        refs = [self.nodes.get(place) or self.node(*place) for place in places]
        nodes = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        told = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        number = -1000 - len(self.body)
        self.body.append(f'<way id="{number}" version="1">{nodes}{told}</way>')

    def write(self, path: Path) -> Path:
        path.write_text(f'<osm version="0.6">{"".join(self.body)}</osm>', encoding="utf-8")
        return path


@pytest.fixture
def town(tmp_path: Path) -> Path:
    made = Town()
    made.node(10, 0, amenity="cafe")
    made.node(-20, 5, amenity="pub")
    made.node(0, 30, amenity="cafe")
    made.node(150, 0, amenity="cafe")
    made.node(5, 5, shop="no")
    corners = [(-40, -40), (-40, -20), (-20, -20), (-20, -40), (-40, -40)]
    made.way(*corners, leisure="park")
    made.way(*corners, landuse="grass")
    # A cross of streets, one of which ends inside; a footpath; one that is not there yet.
    made.way((-500, 0), (0, 0), (500, 0), highway="residential", maxspeed="20 mph")
    made.way((0, 0), (0, 250), highway="primary", maxspeed="50", oneway="yes")
    made.way((0, 0), (0, -60), highway="footway")
    made.way((0, 250), (0, 400), highway="construction")
    return made.write(tmp_path / "town.osm")


def points(*places: tuple[float, float]) -> pl.DataFrame:
    spots = [TO_DEGREES.transform(MIDDLE[0] + east, MIDDLE[1] + north) for east, north in places]
    return pl.DataFrame(
        {
            "authority_code": "E08000035",
            "point_id": [f"{north:.6f}_{east:.6f}" for east, north in spots],
            "longitude": [east for east, _ in spots],
            "latitude": [north for _, north in spots],
        }
    )


def measured(path: Path, radius_m: float, *places: tuple[float, float]) -> dict[str, float | None]:
    found = environment_variables(points(*places), read_extract(path), (radius_m,), CRS)
    check_contract(TABLES["environment_variables"], found)
    return dict(found.select("variable", "value").iter_rows())


def test_features_are_counted_by_class_and_circle(town: Path) -> None:
    found = measured(town, 100, (0, 0))
    assert tuple(found) == VARIABLES
    assert found["sustenance_count"] == 3
    assert found["sustenance_density_or_proportion"] == pytest.approx(3 / (np.pi * 0.01))
    mixed = -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3))
    assert found["sustenance_shannon_entropy"] == pytest.approx(mixed)
    assert found["shops_count"] == 0, "shop=no is no shop"
    assert measured(town, 300, (0, 0))["sustenance_count"] == 4


def test_outlines_that_overlap_cover_their_ground_once(town: Path) -> None:
    found = measured(town, 100, (0, 0))
    assert found["greenspace_count"] == 2
    covered = found["greenspace_density_or_proportion"]
    assert covered == pytest.approx(400 / (np.pi * 100**2), rel=0.01)


def test_streets_are_measured_as_far_as_they_lie_inside(town: Path) -> None:
    found = measured(town, 100, (0, 0))
    assert found["street_length_total"] == pytest.approx(100 * 3 + 60, rel=0.005)
    assert found["walk_network_length"] == pytest.approx(360, rel=0.005)
    assert found["bike_network_length"] == pytest.approx(300, rel=0.005)
    assert found["street_segment_count"] == 4
    assert found["num_edges"] == 7, "the primary road leads one way"
    assert found["num_nodes"] == 2
    assert found["intersection_count"] == 1
    assert found["streets_per_node_avg"] == pytest.approx((4 + 1) / 2)
    assert found["streets_per_node_proportions1"] == 0.5
    assert found["streets_per_node_proportions4"] == 0.5
    assert found["median_speed"] == pytest.approx(20 * 1.609344), "four edges of 20 mph, one of 50"
    assert found["orientation_entropy"] == pytest.approx(np.log(4), abs=1e-6)


def test_what_cannot_be_told_is_null_and_says_why(town: Path, tmp_path: Path) -> None:
    far = environment_variables(points((5000, 0)), read_extract(town), (100,), CRS)
    notes = dict(far.select("variable", "note").iter_rows())
    values = dict(far.select("variable", "value").iter_rows())
    assert values["median_speed"] is None
    assert notes["median_speed"] == NO_SPEED
    assert values["street_length_total"] == 0
    assert values["sustenance_count"] == 0
    assert values["street_length_avg"] is None
    assert notes["street_length_avg"]
    cafes = tmp_path / "cafes.geojson"
    read_extract(town).features.assign(amenity="cafe")[["amenity", "geometry"]].to_file(cafes)
    assert "sustenance" in told_classes(cafes)
    assert "shops" not in told_classes(cafes)
    found = environment_variables(points((0, 0)), read_extract(cafes), (100,), CRS)
    rows = {row["variable"]: row for row in found.iter_rows(named=True)}
    assert rows["shops_count"]["value"] is None
    assert rows["shops_count"]["note"] == NO_CLASS
    assert rows["sustenance_count"]["value"] > 0
    assert rows["num_nodes"]["note"] == NO_STREETS


def test_the_network_is_that_of_osmnx(tmp_path: Path) -> None:
    made = Town()
    rng = np.random.default_rng(3)
    for row in range(6):
        places = [(column * 90.0, row * 80.0) for column in range(7)]
        kind = {"oneway": "yes"} if row % 3 == 0 else {}
        made.way(*places, highway="residential", **kind)
    for column in range(0, 7, 2):
        places = [(column * 90.0, row * 80.0) for row in range(6)]
        made.way(*places[:4], highway="tertiary")
        made.way(*places[3:], highway="secondary", maxspeed="30")
    made.way((0, 0), (-50, -40), (-90, -10), highway="service")
    made.way((90, 80), (110, 110), (130, 100), (120, 60), (90, 80), highway="residential")
    made.way((540, 400), *map(tuple, rng.uniform(600, 700, (4, 2)).round(1)), highway="path")
    path = made.write(tmp_path / "grid.osm")
    theirs = osmnx.graph_from_xml(path, retain_all=True)
    both = osmnx.convert.to_undirected(theirs)
    ours = street_network(read_extract(path).ways, CRS)
    assert len(ours.nodes) == len(theirs.nodes)
    assert ours.street.max() + 1 == len(both.edges)
    counts = sorted(osmnx.stats.count_streets_per_node(theirs).values())
    assert sorted(ours.street_count) == counts
    length_m = sum(told["length"] for *_, told in both.edges(data=True))
    assert shapely.length(ours.segments).sum() == pytest.approx(length_m, rel=0.01)
    found = measured(path, 3000, (300, 200))
    assert found["num_edges"] == len(theirs.edges)
    assert found["intersection_count"] == sum(count > 1 for count in counts)
    bearings = osmnx.bearing.add_edge_bearings(both)
    # Their compass is that of the earth, ours of the map: they differ by less than a degree.
    entropy = osmnx.bearing.orientation_entropy(bearings)
    assert found["orientation_entropy"] == pytest.approx(entropy, abs=0.1)


def test_rows_do_not_depend_on_the_order_of_points_or_how_many_there_are(town: Path) -> None:
    places = [(float(east), 0.0) for east in range(-200, 200, 10)]
    extract = read_extract(town)
    there = environment_variables(points(*places), extract, (100, 300), CRS)
    back = environment_variables(points(*places[::-1]), extract, (100, 300), CRS)
    keys = ["point_id", "radius_m", "variable"]
    assert there.sort(keys).equals(back.sort(keys))
    alone = environment_variables(points(places[3]), extract, (100, 300), CRS)
    assert alone.sort(keys).equals(there.join(alone.select(keys), on=keys, how="semi").sort(keys))


@pytest.mark.parametrize(
    ("text", "kmh"),
    [("50", 50.0), ("30 mph", 48.28032), ("20mph", 32.18688), ("7.5 km/h", 7.5)],
)
def test_speeds_are_read(text: str, kmh: float) -> None:
    assert speed_kmh(text) == pytest.approx(kmh)


@pytest.mark.parametrize("text", ["", "none", "walk", "GB:nsl_single", "-5", "50; 30", "1e9"])
def test_what_is_no_speed_is_none(text: str) -> None:
    assert np.isnan(speed_kmh(text))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<osm><remark>runtime error: timed out</remark></osm>", "timed out"),
        ("<gpx></gpx>", "<gpx>"),
        ("not xml", "not readable"),
        ('<osm version="0.6"><node id="1" lon="0" lat="0"/></osm>', "nothing with a tag"),
        ("<OGRVRTDataSource></OGRVRTDataSource>", "<OGRVRTDataSource>"),
    ],
)
def test_a_file_that_is_no_extract_is_told_with_its_key(
    tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "broken.osm"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StudyError, match=r"environment\.points_of_interest") as told:
        read_extract(path)
    assert says in str(told.value)
