"""Wrong input is refused before anything is written, with the file, the place and the remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl
import pytest
import shapely
import yaml
from PIL import Image

from streetview_assets_tests.end_to_end.small_studies import start, write_study

Change = Callable[[dict[str, Any], Path], None]


def _set(*keys: str | int, to: object) -> Change:
    def change(study: dict[str, Any], folder: Path) -> None:
        part: Any = study
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = to

    return change


def _roads_elsewhere(study: dict[str, Any], folder: Path) -> None:
    roads = gpd.read_file(folder / "roads.geojson")
    roads["geometry"] = roads.translate(1, 0)
    roads.to_file(folder / "roads.geojson")


def _roads_around(study: dict[str, Any], folder: Path) -> None:
    """Two roads in opposite corners: their box holds all areas, they themselves meet none."""
    west, south, east, north = gpd.read_file(folder / "areas.geojson").total_bounds
    lines = [
        shapely.LineString([(west - 0.02, south - 0.02), (west - 0.01, south - 0.02)]),
        shapely.LineString([(east + 0.01, north + 0.02), (east + 0.02, north + 0.02)]),
    ]
    roads = gpd.GeoDataFrame({"highway": ["residential"] * 2}, geometry=lines, crs="EPSG:4326")
    roads.to_file(folder / "roads.geojson")


def _osm_elsewhere(study: dict[str, Any], folder: Path) -> None:
    (folder / "roads.osm").write_text(
        '<?xml version="1.0"?><osm version="0.6"><node id="1" lat="50" lon="10"/>'
        '<node id="2" lat="50.01" lon="10"/><way id="5"><nd ref="1"/><nd ref="2"/>'
        '<tag k="highway" v="residential"/></way></osm>'
    )
    study["roads"]["path"] = "roads.osm"


def _graph_elsewhere(study: dict[str, Any], folder: Path) -> None:
    keys = {"x": "node", "y": "node", "crs": "graph", "highway": "edge", "osmid": "edge"}
    named = "".join(
        f'<key id="{key}" for="{of}" attr.name="{key}" attr.type="string"/>'
        for key, of in keys.items()
    )
    nodes = "".join(
        f'<node id="{n}"><data key="x">10.0{n}</data><data key="y">50</data></node>' for n in "12"
    )
    (folder / "roads.graphml").write_text(
        "<?xml version='1.0' encoding='utf-8'?>"
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{named}'
        f'<graph edgedefault="directed"><data key="crs">epsg:4326</data>{nodes}'
        '<edge source="1" target="2" id="0"><data key="highway">residential</data>'
        '<data key="osmid">7</data></edge></graph></graphml>'
    )
    study["roads"]["path"] = "roads.graphml"


def _text_in_a_target(study: dict[str, Any], folder: Path) -> None:
    targets = pl.read_csv(folder / "targets.csv", infer_schema=False)
    code = targets["area_code"][3]
    score = pl.when(pl.col("area_code") == code).then(pl.lit("n/k")).otherwise("deprivation_score")
    targets.with_columns(deprivation_score=score).write_csv(folder / "targets.csv")


def _targets_of_other_areas(study: dict[str, Any], folder: Path) -> None:
    targets = pl.read_csv(folder / "targets.csv")
    targets.with_columns(area_code="W" + pl.col("area_code")).write_csv(folder / "targets.csv")


def _an_area_twice(study: dict[str, Any], folder: Path) -> None:
    areas = gpd.read_file(folder / "areas.geojson")
    areas.loc[3, "area_code"] = areas.loc[4, "area_code"]
    areas.to_file(folder / "areas.geojson")


def _no_polygons(study: dict[str, Any], folder: Path) -> None:
    (folder / "areas.geojson").write_text("not a boundary file")


def _images_without_positions(study: dict[str, Any], folder: Path) -> None:
    (folder / "photos").mkdir()
    Image.new("RGB", (64, 64)).save(folder / "photos" / "front.jpg")
    study.clear()
    study |= {
        "name": "tiny",
        "points": {"from": "images"},
        "images": {"provider": "folder", "path": "photos"},
        "encoder": {"name": "colour-texture"},
    }


def _without_areas(study: dict[str, Any], folder: Path) -> None:
    del study["areas"], study["authorities"]


WRONG: dict[str, tuple[Change, list[str]]] = {
    "unknown key": (_set("points", "spacing", to=3), ["points.spacing", "spacing_m"]),
    "missing file": (_set("roads", "path", to="no.gpkg"), ["roads.path", "no.gpkg"]),
    "wrong column": (
        _set("areas", "code", to="LSOA"),
        ["areas.code", "areas.geojson", "'LSOA'", "area_code"],
    ),
    "wrong column of a target": (
        _set("targets", 0, "value", to="IMD"),
        ["targets.0.value", "targets.csv", "'IMD'", "deprivation_score"],
    ),
    "no such authority": (
        _set("authorities", to=["X09"]),
        ["authorities", "areas.geojson", "X09", "X01000001"],
    ),
    "roads of another place": (_roads_elsewhere, ["areas.geojson", "roads.geojson", "roads.path"]),
    "roads around the areas": (_roads_around, ["areas.geojson", "roads.geojson", "roads.path"]),
    "osm of another place": (_osm_elsewhere, ["areas.geojson", "roads.osm", "roads.path"]),
    "graph of another place": (_graph_elsewhere, ["areas.geojson", "roads.graphml", "roads.path"]),
    "text in a target": (
        _text_in_a_target,
        ["targets.0.value", "targets.csv", "deprivation_score", "row", "n/k", "empty"],
    ),
    "targets of other areas": (_targets_of_other_areas, ["targets.0.area_code", "targets.csv"]),
    "an area twice": (_an_area_twice, ["areas.code", "areas.geojson", "dissolve"]),
    "no boundary file": (_no_polygons, ["areas.path", "areas.geojson", "GeoPackage"]),
    "an empty study": (lambda study, folder: study.clear(), ["empty", "name"]),
    "a CRS in degrees": (_set("crs", to="EPSG:4326"), ["crs", "degree", "metres"]),
    "a CRS that is none": (_set("crs", to="EPSG:nonsense"), ["crs", "EPSG:nonsense", "metres"]),
    "a code read as a number": (
        _set("authorities", to=[1000001]),
        ["authorities.0", "1000001", "quotes"],
    ),
    "images without positions": (
        _images_without_positions,
        ["images.path", "photos", "images.positions"],
    ),
    "targets without areas": (_without_areas, ["targets", "add `areas:`"]),
}


@pytest.fixture
def wrong_study(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    change, _ = WRONG[request.param]
    path = write_study(tmp_path / "study")
    document = yaml.safe_load(path.read_text())
    change(document, path.parent)
    path.write_text(yaml.safe_dump(document) if document else "")
    return path


@pytest.mark.parametrize(
    ("wrong_study", "words"),
    [(name, words) for name, (_, words) in WRONG.items()],
    indirect=["wrong_study"],
    ids=list(WRONG),
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_wrong_input_is_named_and_nothing_is_written(wrong_study, words, command, streetview):
    before = sorted(wrong_study.parent.rglob("*"))
    result = streetview(command, wrong_study)
    assert result.exit_code == 2, result.output
    said = " ".join(result.output.split())
    for word in [str(wrong_study), *words]:
        assert word in said
    assert not (wrong_study.parents[1] / "data").exists()
    assert sorted(wrong_study.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--authority", "X09"], ["X09", "X01000001"]),
        (["--until", "photos"], ["'photos'", "images"]),
        (["--from", "everything"], ["'everything'", "areas"]),
    ],
)
def test_wrong_arguments_say_what_there_is(arguments, words, streetview, tmp_path):
    result = streetview("run", write_study(tmp_path / "study"), *arguments)
    assert result.exit_code == 2
    assert all(word in result.output for word in words)
    assert not (tmp_path / "data").exists()


def test_the_command_itself_ends_with_two_and_shows_no_traceback(tmp_path):
    study = write_study(tmp_path / "study", crs="EPSG:4326")
    process = start(tmp_path / "data", "run", study)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "degree" in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "data").exists()
