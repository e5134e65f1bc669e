import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import geopandas as gpd
import networkx
import osmnx
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from streetview_assets.errors import StreetviewError, StudyError
from streetview_assets.points.roads.classes import one_way
from streetview_assets.points.roads.files import file_bounds
from streetview_assets.points.roads.road_lines import check_areas_meet_roads, read_roads
from streetview_assets.study.points import Roads

CRS = "EPSG:27700"
HERE = [(-1.55, 53.80), (-1.54, 53.80)]
THERE = [(-1.54, 53.80), (-1.54, 53.81)]


def frame(lines, crs="EPSG:4326", **columns):
    shapes = [shapely.LineString(line) if isinstance(line, list) else line for line in lines]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def km(roads):
    return roads.to_crs(CRS).length.sum() / 1000


def test_real_lines_give_the_drivable_ways(shared_data):
    found = read_roads(Roads(path=shared_data / "roads/leeds_osm_ways_2500m.gpkg"))
    assert found["road_id"].str.split("#").str[0].nunique() == 3645
    assert km(found) == pytest.approx(354, abs=0.5)
    assert found["road_id"].is_unique
    assert found.crs == "EPSG:4326"
    assert set(found.geom_type) == {"LineString"}
    assert not set(found["road_class"]) & {"footway", "service", "cycleway", "track", "path"}


@pytest.mark.parametrize(
    ("name", "drivable_km", "ways"),
    [("osm2streets_leeds_cycleway.osm", 6.63, 356), ("its-example.osm.pbf", 4.31, 180)],
)
def test_real_extracts_of_openstreetmap(shared_data, name, drivable_km, ways):
    path = shared_data / "roads" / name
    assert km(read_roads(Roads(path=path))) == pytest.approx(drivable_km, abs=0.01)
    assert len(read_roads(Roads(path=path, drivable_only=False))) == ways


def test_bounds_are_known_without_reading(shared_data):
    roads = Roads(path=shared_data / "roads/leeds_osm_ways_2500m.gpkg", drivable_only=False)
    assert file_bounds(roads.path) == pytest.approx(read_roads(roads).total_bounds, abs=1e-4)


def test_a_graph_gives_each_street_once(tmp_path):
    graph = networkx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    for node, (x, y) in enumerate([HERE[0], HERE[1], THERE[1]]):
        graph.add_node(node, x=x, y=y)
    bend = shapely.LineString([HERE[0], (-1.545, 53.801), HERE[1]])
    way = {"osmid": 7, "highway": "residential", "name": "Mill Lane", "oneway": False}
    graph.add_edge(0, 1, **way, length=700.0, geometry=bend)
    graph.add_edge(1, 0, **way, length=700.0, geometry=bend.reverse())
    both = {"osmid": [8, 9], "highway": ["tertiary", "residential"], "length": 1100.0}
    graph.add_edge(1, 2, **both)
    graph.add_edge(2, 1, **both)
    osmnx.save_graphml(graph, tmp_path / "roads.graphml")

    found = read_roads(Roads(path=tmp_path / "roads.graphml"))
    assert found["road_id"].to_list() == ["7", "8"]
    assert found["road_class"].to_list() == ["residential", "tertiary"]
    assert found["name"].to_list()[0] == "Mill Lane"
    assert found["name"].isna().to_list() == [False, True]
    assert found["is_oneway"].isna().to_list() == [False, True]
    assert not found["is_oneway"][0]


def test_words_of_three_sources_say_which_roads_have_one_direction():
    words = ["yes", "-1", "True", "F", "no", "B", "False", "reversible", None]
    tags = '"maxspeed"=>"30","oneway"=>"{}"'
    for written in ({"oneway": words}, {"other_tags": [tags.format(word) for word in words]}):
        told = one_way(pd.DataFrame(written, dtype=object))
        assert told.to_list() == [True] * 4 + [False] * 3 + [None] * 2


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet", "shp"])
def test_lines_of_any_format_and_crs_are_the_same_roads(tmp_path, suffix):
    lines = frame([HERE, THERE], fclass=["primary", "footway"], osm_id=[1, 2], name=["A", "B"])
    lines = lines if suffix == "geojson" else lines.to_crs(CRS)
    path = tmp_path / f"roads.{suffix}"
    lines.to_parquet(path) if suffix == "parquet" else lines.to_file(path)
    found = read_roads(Roads(path=path))
    assert found[["road_id", "road_class", "name"]].values.tolist() == [["1", "primary", "A"]]
    assert shapely.hausdorff_distance(found.geometry[0], shapely.LineString(HERE)) < 1e-6
    west, south, east, north = file_bounds(path)
    assert (west, south, east, north) == pytest.approx((-1.55, 53.80, -1.54, 53.81), abs=1e-3)


def test_the_layer_of_lines_is_taken(tmp_path):
    path = tmp_path / "graph.gpkg"
    nodes = gpd.GeoDataFrame({"osmid": [1]}, geometry=[shapely.Point(HERE[0])], crs="EPSG:4326")
    nodes.to_file(path, layer="nodes")
    frame([HERE], highway=["residential"]).to_file(path, layer="edges")
    assert len(read_roads(Roads(path=path))) == 1


def test_ids_are_unique_and_free_of_the_order_of_rows(tmp_path):
    parts = shapely.MultiLineString([HERE, THERE])
    other = shapely.LineString([(-1.56, 53.81), (-1.57, 53.82)])
    lines = frame(
        [parts, other, other.reverse()], highway=["road", "road", "road"], osm_id=[5.0, None, None]
    )
    lines.to_file(tmp_path / "one.gpkg")
    lines.iloc[::-1].to_file(tmp_path / "other.gpkg")
    one, other = (read_roads(Roads(path=tmp_path / name)) for name in ("one.gpkg", "other.gpkg"))
    assert one["road_id"].to_list()[:2] == ["5#1", "5#2"]
    assert one["road_id"].to_list()[2].startswith("line-")
    assert len(one) == 3
    assert_geodataframe_equal(one, other)


LINES = [[(-1.55, north), (-1.54, north)] for north in (53.80, 53.81, 53.82, 53.83, 53.84)]
OS_CLASSES = ["Motorway", "A Road", "B Road", "Classified Unnumbered", "Unclassified"]


@pytest.mark.parametrize(
    ("columns", "classes"),
    [
        (
            {"class": OS_CLASSES},
            ["motorway", "primary", "secondary", "tertiary", "unclassified"],
        ),
        (
            {
                "road_classification": [*OS_CLASSES[:3], "Not Classified", "Unknown"],
                "road_function": ["Motorway", "A Road", "B Road", *["Secondary Access Road"] * 2],
            },
            ["motorway", "primary", "secondary"],
        ),
        (
            {"road_function": [*OS_CLASSES[:2], "Minor Road", "Local Road", "Local Access Road"]},
            ["motorway", "primary", "tertiary", "unclassified", "unclassified"],
        ),
        # Of several columns that of which every word is known.
        ({"type": list("abcde"), "fclass": ["primary"] * 4 + ["track_grade1"]}, ["primary"] * 4),
        ({"class": ["primary"] * 4 + ["Ring"], "highway": ["tertiary"] * 5}, ["tertiary"] * 5),
        ({"highway": ["primary;service", None, "path", "construction", "road"]}, "primary road"),
    ],
)
def test_words_of_openstreetmap_and_of_the_ordnance_survey(tmp_path, columns, classes):
    path = tmp_path / "roads.gpkg"
    frame(LINES, **columns).to_file(path)
    wanted = classes.split() if isinstance(classes, str) else classes
    assert sorted(read_roads(Roads(path=path))["road_class"]) == sorted(wanted)


def test_one_unknown_word_among_known_ones_is_refused_or_mapped(tmp_path):
    path = tmp_path / "roads.gpkg"
    frame(LINES, Class=["motorway", "Ring", "Ring", "Alley", "primary"]).to_file(path)
    with pytest.raises(StudyError, match=r"'Class'.*'Ring' \(2\), 'Alley' \(1\)\. .*classes: \{"):
        read_roads(Roads(path=path))
    mapped = Roads(path=path, classes={"ring": "trunk", "Alley": None})
    assert sorted(read_roads(mapped)["road_class"]) == ["motorway", "primary", "trunk", "trunk"]
    every = Roads(path=path, drivable_only=False)
    assert set(read_roads(every)["road_class"]) == {"motorway", "ring", "alley", "primary"}
    with pytest.raises(StudyError, match=r"no road of the class 'Lane'; .*\(Class\) say: alley"):
        read_roads(Roads(path=path, classes={"Lane": "residential"}))


OSM = """<osm version="0.6" generator="JOSM">
<way id="201"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>
<node id="1" lat="53.80" lon="-1.55"/><node id="2" lat="53.80" lon="-1.54"/>
<node id="-11" action="modify" lat="53.806" lon="-1.55"/><node id="-12" lat="53.806" lon="-1.54"/>
<way id="202" action="delete"><nd ref="1"/><nd ref="-12"/><tag k="highway" v="primary"/></way>
<way id="203" visible="false"><nd ref="2"/><nd ref="-12"/><tag k="highway" v="primary"/></way>
<way id="-21"><nd ref="-11"/><nd ref="-12"/><nd ref="9"/><tag k="highway" v="road"/></way>
<way id="205"><nd ref="1"/><nd ref="2"/><nd ref="-12"/><nd ref="1"/><tag k="highway" v="road"/>
<tag k="area" v="yes"/></way>%s</osm>"""


def test_a_file_of_josm_in_any_order_without_what_is_deleted(tmp_path):
    path = tmp_path / "josm.osm"
    path.write_text(OSM % "")
    assert read_roads(Roads(path=path))["road_id"].to_list() == ["-21", "201"]
    path.write_text(OSM % "<remark> runtime error: Query timed out after 25 seconds. </remark>")
    with pytest.raises(StudyError, match=r"not all of its source.*Query timed out"):
        read_roads(Roads(path=path))


def test_a_graph_of_networkx_needs_line_class_and_id_alone(tmp_path):
    graph = networkx.MultiDiGraph(crs="EPSG:27700")
    for node, x in enumerate((430_000, 430_500, 431_000)):
        graph.add_node(node, x=x, y=433_000.5, street_count=node)
    graph.add_edge(0, 1, osmid=10, highway="residential", oneway=False, reversed=False)
    many = {"osmid": "[11, 12]", "highway": "['primary', 'road']", "reversed": "[True, False]"}
    graph.add_edge(1, 2, **many, length="about 500")
    networkx.write_graphml(graph, tmp_path / "roads.graphml")
    found = read_roads(Roads(path=tmp_path / "roads.graphml"))
    assert found["road_id"].to_list() == ["10", "11"]
    assert found["road_class"].to_list() == ["residential", "primary"]
    assert km(found) == pytest.approx(1.0, abs=1e-3)


def wrong_files(tmp_path):
    no_class = tmp_path / "no_class.geojson"
    frame([HERE], colour=["red"]).to_file(no_class)
    no_crs = tmp_path / "no_crs.shp"
    frame([HERE], crs=None, highway=["road"]).to_file(no_crs)
    footways = tmp_path / "footways.geojson"
    frame([HERE, THERE], highway=["footway", "steps"]).to_file(footways)
    points = tmp_path / "points.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs="EPSG:4326").to_file(points)
    plain = tmp_path / "plain.parquet"
    pd.DataFrame({"highway": ["road"]}).to_parquet(plain)
    off_earth = tmp_path / "off_earth.gpkg"
    frame([[(430000, 433000), (430100, 433000)]], highway=["road"]).to_file(off_earth)
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"not a geopackage")
    graph = tmp_path / "broken.graphml"
    graph.write_text("<graphml>")
    return {
        no_class: "no column that says the class.*`drivable_only: false`",
        no_crs: "does not say its CRS",
        footways: "no drivable road.*footway, steps",
        points: "no layer of lines",
        plain: "without the metadata of GeoParquet",
        off_earth: "puts roads at longitude 430000",
        broken: "not readable as roads",
        graph: "not readable as a graph",
    }


def test_wrong_files_are_refused_by_name_with_a_remedy(tmp_path):
    for path, message in wrong_files(tmp_path).items():
        with pytest.raises(StudyError, match=message) as refused:
            read_roads(Roads(path=path))
        assert str(path) in str(refused.value)


def test_lines_without_a_class_are_read_when_all_are_wanted(tmp_path):
    path = tmp_path / "no_class.geojson"
    frame([HERE, THERE], colour=["red", "blue"]).to_file(path)
    found = read_roads(Roads(path=path, drivable_only=False))
    assert len(found) == 2
    assert found["road_class"].isna().all()


def test_areas_and_roads_that_lie_apart_are_refused(shared_data, tmp_path):
    roads = Roads(path=shared_data / "roads/leeds_osm_ways_2500m.gpkg")
    areas_path, bounds = tmp_path / "manchester.geojson", file_bounds(roads.path)
    check_areas_meet_roads(areas_path, (-1.6, 53.7, -1.5, 53.9), roads, bounds)
    check_areas_meet_roads(areas_path, (-2.7, 53.3, -1.9, 53.7), roads, None)
    with pytest.raises(StudyError) as refused:
        check_areas_meet_roads(areas_path, (-2.7, 53.3, -1.9, 53.7), roads, bounds)
    message = str(refused.value)
    assert "manchester.geojson" in message
    assert "leeds_osm_ways_2500m.gpkg" in message
    assert "-2.7000 to -1.9000" in message
    assert "-1.5870 to -1.5103" in message


TIMED_OUT = json.dumps(
    {"elements": [], "remark": "runtime error: Query timed out in 'recurse' after 181 seconds."}
).encode()


class Asked(list):
    """What a server was asked, and what it answers first."""

    def __init__(self):
        super().__init__()
        self.first = []


@pytest.fixture
def overpass(monkeypatch):
    """A server of our own that answers as Overpass does; gives what it was asked."""
    nodes = [
        {"type": "node", "id": node, "lon": x, "lat": y}
        for node, (x, y) in enumerate([*HERE, THERE[1]], start=1)
    ]
    tags = {"highway": "residential", "name": "Mill Lane"}
    ways = [{"type": "way", "id": 70, "nodes": [1, 2, 3], "tags": tags}]
    asked = Asked()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            whole = json.dumps({"elements": nodes + ways}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(asked.first.pop(0) if asked.first else whole)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(osmnx.settings, "overpass_url", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(osmnx.settings, "overpass_rate_limit", False)
    monkeypatch.setattr(osmnx.settings, "cache_folder", osmnx.settings.cache_folder)
    yield asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def around():
    return gpd.GeoSeries([shapely.box(-1.56, 53.79, -1.53, 53.82)], crs="EPSG:4326")


def test_roads_from_overpass_are_asked_for_once(overpass, around, tmp_path):
    roads = Roads(source="overpass")
    first = read_roads(roads, around, cache_folder=tmp_path)
    second = read_roads(roads, around, cache_folder=tmp_path)
    assert first[["road_id", "road_class", "name"]].values.tolist() == [
        ["70", "residential", "Mill Lane"]
    ]
    assert_geodataframe_equal(first, second)
    assert len(overpass) == 1
    assert b"motorway_link" in overpass[0]
    assert b"footway" not in overpass[0]


def test_overpass_that_cannot_be_reached_is_one_clear_error(
    overpass, around, tmp_path, monkeypatch
):
    monkeypatch.setattr(osmnx.settings, "overpass_url", "http://127.0.0.1:9")
    with pytest.raises(StreetviewError, match=r"roads.source: overpass: .*`roads.path`"):
        read_roads(Roads(source="overpass"), around, cache_folder=tmp_path)


def test_what_overpass_breaks_off_is_asked_for_by_quarters(overpass, around, tmp_path):
    overpass.first = [TIMED_OUT, TIMED_OUT]
    found = read_roads(Roads(source="overpass"), around, cache_folder=tmp_path)
    assert found["road_id"].to_list() == ["70"]
    assert len(overpass) == 1 + 4 + 4  # the whole, its quarters, those of the first of them


@pytest.mark.parametrize("answer", [TIMED_OUT, b'{"elements": [', b"<html>busy</html>", b"{}"])
def test_a_partial_answer_of_overpass_is_never_all_the_roads(overpass, around, tmp_path, answer):
    overpass.first = [answer] * 99
    with pytest.raises(StreetviewError, match=r"gave no roads: .*Try again later"):
        read_roads(Roads(source="overpass"), around, cache_folder=tmp_path)
    overpass.first = []
    assert len(read_roads(Roads(source="overpass"), around, cache_folder=tmp_path)) == 1


def test_an_answer_of_overpass_that_was_kept_half_is_asked_for_again(overpass, around, tmp_path):
    roads = Roads(source="overpass")
    read_roads(roads, around, cache_folder=tmp_path)
    for kept in tmp_path.glob("*.json"):
        kept.write_bytes(kept.read_bytes()[:-20])
    assert len(read_roads(roads, around, cache_folder=tmp_path)) == 1
    assert len(overpass) == 2


def test_overpass_needs_areas():
    with pytest.raises(StudyError, match="needs areas"):
        read_roads(Roads(source="overpass"), None)
