"""Small inputs of the kinds that public bug reports are made of, each with its right outcome."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl
import pytest
import shapely
import yaml

from streetview_assets.errors import StreetviewError
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.points.roads.overpass import fetch_roads
from streetview_assets.study_state.open_study import OpenStudy, open_study

CASES = Path(__file__).parents[2] / "../shared/cases"


@dataclass(frozen=True)
class Case:
    """A copy of a case in a folder of its own, and the command."""

    folder: Path
    streetview: Callable[..., Any]

    def run(self, study: str, *options: str, code: int = 0) -> str:
        """Run a study of the case; give all that was said."""
        os.environ.pop("DAGSTER_HOME", None)  # of the case's other study
        done = self.streetview("run", self.folder / study, *options)
        assert done.exit_code == code, done.output
        return " ".join(done.output.split())

    def make(self, study: str, *assets: str) -> OpenStudy:
        """Make some tables of a study of the case, without publication."""
        os.environ.pop("DAGSTER_HOME", None)
        opened = open_study(self.folder / study)
        assert run_study(opened, only=frozenset(assets)).failures == []
        return opened

    def change(self, study: str, **parts: dict[str, Any]) -> None:
        """Change keys of parts of a study file."""
        path = self.folder / study
        document = yaml.safe_load(path.read_text())
        for part, keys in parts.items():
            document[part] = document[part] | keys
        path.write_text(yaml.safe_dump(document))

    def table(self, study: str, table: str) -> pl.DataFrame:
        """Read a table of a study."""
        return open_study(self.folder / study).table(table)

    def export(self, study: str, *arguments: str) -> Any:
        """Export from a study as JSON, read as strictly as a browser does."""
        output = self.folder / "exported.json"
        done = self.streetview("export", *arguments, self.folder / study, "--output", output)
        assert done.exit_code == 0, done.output
        return json.loads(output.read_text(), parse_constant=pytest.fail)

    @contextmanager
    def server(self, *arguments: str) -> Iterator[int]:
        """Run the case's own server on a free port of this machine."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "server.py", str(port), *arguments]
        with subprocess.Popen(command, cwd=self.folder) as process:
            try:
                for _ in range(100):
                    with socket.socket() as probe:
                        if probe.connect_ex(("127.0.0.1", port)) == 0:
                            break
                    time.sleep(0.1)
                yield port
            finally:
                process.kill()


def _brackets(case: Case) -> None:
    case.run("study.yaml", "--until", "areas")
    assert case.table("study.yaml", "targets").height > 0


def _workbooks(case: Case) -> None:
    values = {}
    for form in ("full", "dim_a1", "no_dimension"):
        opened = case.make(f"study_{form}.yaml", "areas", "targets")
        rows = opened.read("targets").sort("area_code")
        values[form] = rows.select("area_code", "value")
    assert values["dim_a1"].equals(values["full"])
    both = values["no_dimension"].join(values["full"], on="area_code")
    differing = both.filter(pl.col("value").ne_missing(pl.col("value_right")))
    assert differing["value"].null_count() == differing.height


def _os_open_roads(case: Case) -> None:
    for study in ("study_se-roadlink.yaml", "study_oproad-gb.yaml"):
        roads = case.make(study, "areas", "road_network").read("road_network")
        length_m = roads.group_by("road_class").agg(pl.col("length_m").sum())
        assert length_m.height > 2
        assert length_m["length_m"].sum() > 80_000


def _josm(case: Case) -> None:
    for study in ("study_josm.yaml", "study_josm_deleted_only.yaml"):
        opened = case.make(study, "areas", "road_network", "sample_points")
        assert opened.read("sample_points").height > 0
        assert "Deleted Street" not in opened.read("road_network")["name"]


def _graphml(case: Case) -> None:
    roads = {}
    for name in ("networkx", "osmnx2"):
        case.change("study.yaml", roads={"path": f"{name}.graphml"})
        roads[name] = case.make("study.yaml", "areas", "road_network").read("road_network").height
    assert roads["networkx"] == roads["osmnx2"] > 0
    for name in ("empty", "notroads"):
        case.change("study.yaml", roads={"path": f"{name}.graphml"})
        said = case.run("study.yaml", "--until", "points", code=2)
        assert f"{name}.graphml" in said
        assert "Traceback" not in said


def _nan(case: Case) -> None:
    case.run("study.yaml")
    case.export("study.yaml", "sample_points", "--format", "map-generator")
    case.export("study.yaml", "sample_points", "--format", "geojson")
    case.export("study.yaml", "tags")


def _hidden_folders(case: Case) -> None:
    said = case.run("study.yaml", "--until", "images")
    assert case.table("study.yaml", "images").filter(status="ok").height == 2
    assert "left out" in said


def _heic_and_links(case: Case) -> None:
    (case.folder / "photos" / "second_disk").symlink_to(case.folder / "elsewhere")
    said = case.run("study.yaml", "--until", "images")
    status = " ".join(case.streetview("status", case.folder / "study.yaml").output.split())
    for told in (said, status):
        assert "left out" in told
        assert "without a position" in told or "no position" in told


def _mapillary_density(case: Case) -> None:
    with case.server() as port:
        case.change("study.yaml", images={"base_url": f"http://127.0.0.1:{port}"})
        case.run("study.yaml", "--until", "images")
    found = case.table("study.yaml", "panoramas").filter(status="ok")
    assert set(found["point_id"]) == {"53.800000_-1.550000", "53.810000_-1.540000"}
    asked = [line.split()[1] for line in (case.folder / "requests.log").read_text().splitlines()]
    assert len(asked) == len(set(asked)), "a box was asked for twice"


def _authority_slash(case: Case) -> None:
    case.run("study.yaml")
    counts = case.table("study.yaml", "areas")["authority_code"].value_counts().sort("count")
    assert counts["count"].sum() == 11
    assert counts.height == 2
    opened = open_study(case.folder / "study.yaml")
    assert opened.sql("select count(distinct authority_code) from images").item() == 2
    opened = case.make("study_code.yaml", "areas")
    assert "E/1678" in opened.read("areas")["area_code"].to_list()


def _zeroed_places(case: Case) -> None:
    said = case.run("study.yaml", "--until", "images", code=2)
    assert "position" in said


def _grey_of_16_bits(case: Case) -> None:
    up_to_images = ("areas", "road_network", "sample_points", "panoramas", "images")
    images = case.make("study.yaml", *up_to_images).read("images").filter(status="ok")
    assert images.height == 8
    assert images["brightness"].max() < 1
    assert images["sharpness"].min() > 0


def _overpass_remark(case: Case) -> None:
    around = gpd.GeoSeries([shapely.box(-1.546, 53.796, -1.544, 53.803)], crs="EPSG:4326")
    for mode in ("partial", "empty"):
        with case.server(mode) as port, pytest.MonkeyPatch.context() as patched:
            import osmnx

            patched.setattr(osmnx.settings, "overpass_url", f"http://127.0.0.1:{port}/api")
            with pytest.raises(StreetviewError, match="timed out") as refused:
                fetch_roads(around, drivable_only=True, cache_folder=case.folder / mode)
            assert "no such road" not in str(refused.value)


OUTCOMES: dict[str, Callable[[Case], None]] = {
    "01-brackets-in-path": _brackets,
    "02-xlsx-dimension-a1": _workbooks,
    "03-os-open-roads": _os_open_roads,
    "04-josm-osm": _josm,
    "05-graphml": _graphml,
    "07-nan-json": _nan,
    "08a-hidden-folders": _hidden_folders,
    "08b-heic-symlink": _heic_and_links,
    "09-mapillary-density": _mapillary_density,
    "15-authority-slash": _authority_slash,
    "17-exif-places": _zeroed_places,
    "18-gray16": _grey_of_16_bits,
    "20-overpass-remark": _overpass_remark,
}


def test_every_case_has_its_outcome() -> None:
    if not CASES.is_dir():
        pytest.skip("the cases of ../shared/cases are not beside this checkout")
    assert {path.name for path in CASES.iterdir() if path.is_dir()} == set(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_public_case_comes_out_right(
    name: str, tmp_path: Path, streetview: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (CASES / name).is_dir():
        pytest.skip("the cases of ../shared/cases are not beside this checkout")
    monkeypatch.setenv("MAPILLARY_TOKEN", "MLY|1|x")
    folder = tmp_path / "case"
    shutil.copytree(CASES / name, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for study in folder.glob("study*.yaml"):
        study.write_text(study.read_text() + "\nfigures: {draw: false}\n")
    OUTCOMES[name](Case(folder, streetview))
