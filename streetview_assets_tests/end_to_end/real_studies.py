"""Studies of the real input beside the checkout, each in a folder of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.end_to_end.small_studies import OF_OTHERS

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
DATA = SHARED / "data"
LEEDS = "E08000035"
PHOTOS = DATA / "photos" / "mapillary_sequence_santa_clara"

needs_real_input = pytest.mark.skipif(
    not (DATA / "lsoa").is_dir(), reason="the real input is not beside the checkout (../shared)"
)

LEEDS_2021 = {
    "path": str(DATA / "lsoa" / "leeds_lsoa2021_simplified.geojson"),
    "code": "lsoa21_code",
    "name": "lsoa21_name",
    "authority_code": "ltla24_code",
    "authority_name": "ltla24_name",
}
LOOKUP = {
    "path": str(DATA / "lookups" / "lookup_lsoa11_lsoa21_ltla22.csv"),
    "authority_code": "ltla22_code",
    "authority_name": "ltla22_name",
}
ROADS = {"path": str(DATA / "roads" / "leeds_osm_ways_2500m.gpkg"), "drivable_only": True}
SYNTHETIC = {"provider": "synthetic", "size_px": [64, 64]}
IMD_2025 = DATA / "imd" / "imd2025_england_lsoa21.csv"


def imd(name: str, value: str, path: Path = IMD_2025, code: str = "lsoa21_code") -> dict:
    return {
        "name": name, "path": str(path), "area_code": code, "value": value, "more_is": "better"
    }  # fmt: skip


NO_FIGURES = {"figures": {"draw": False}}
CENTRE = {
    **NO_FIGURES,
    "name": "leeds-centre",
    "crs": "EPSG:27700",
    "authorities": [LEEDS],
    "areas": LEEDS_2021,
    "roads": ROADS,
    "points": {"spacing_m": 200, "min_per_area": 1},
    "images": SYNTHETIC,
    "encoder": {"name": "colour-texture"},
    "targets": [imd("imd_rank", "IMD_rank"), imd("income_rank", "Income_rank")],
    "models": {"trials": 1, "candidates": ["ridge"], "deals": 1, "folds": 3},
    "clusters": {"sweep": [2, 4], "seeds": 1},
}


@dataclass(frozen=True)
class Tried:
    """A study in a folder of its own, tried with the command."""

    file: Path
    data: Path

    def streetview(self, command: str, *options: str) -> None:
        """Run the command on the study, in this process."""
        own = {**dict.fromkeys(OF_OTHERS), "STREETVIEW_DATA": str(self.data), "COLUMNS": "200"}
        done = CliRunner().invoke(app, [command, str(self.file), *options], env=own)
        assert done.exit_code == 0, done.output

    def make(self, *assets: str) -> OpenStudy:
        """Make some tables, without publication."""
        with pytest.MonkeyPatch.context() as patch:
            for name in OF_OTHERS:
                patch.delenv(name, raising=False)
            patch.setenv("STREETVIEW_DATA", str(self.data))
            opened = open_study(self.file)
            assert run_study(opened, only=frozenset(assets)).failures == []
        return opened

    def ask(self, query: str) -> pl.DataFrame:
        """Ask the published database."""
        import duckdb

        root = self.data / yaml.safe_load(self.file.read_text())["name"]
        with duckdb.connect(root / "streetview.duckdb", read_only=True) as connection:
            return connection.sql(query).pl()


def written(folder: Path, settings: dict[str, Any]) -> Tried:
    """Write a study into a folder, its data below it."""
    (folder / "study.yaml").write_text(yaml.safe_dump(settings))
    return Tried(folder / "study.yaml", folder / "data")
