from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import polars as pl
import pytest
import yaml
from shapely.geometry import box

from streetview_assets.areas.boundaries import read_boundaries
from streetview_assets.areas.converted_sources import TargetJoin
from streetview_assets.areas.targets import read_targets
from streetview_assets.study.study_file import Study, load_study
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.areas.boundary_studies import AUTHORITIES, COLUMNS

CORNER = (430_000, 433_000)


@pytest.fixture
def make_study(tmp_path: Path) -> Callable[..., Study]:
    def make(**parts: object) -> Study:
        path = tmp_path / "study.yaml"
        document = {
            "name": "areas-test",
            "images": {"provider": "synthetic"},
            "points": {"path": "study.yaml"},
        }
        path.write_text(yaml.safe_dump(document | parts))
        return load_study(path)

    return make


@pytest.fixture
def squares() -> gpd.GeoDataFrame:
    """Four squares of 1 km² near Leeds, two for each of two authorities."""
    west, south = CORNER
    return gpd.GeoDataFrame(
        {
            "code": ["01", "02", "03", "04"],
            "label": ["one", "two", "three", "four"],
            "council": ["N", "N", "S", "S"],
            "council_name": ["North", "North", "South", "South"],
        },
        geometry=[
            box(west + 1000 * i, south, west + 1000 * (i + 1), south + 1000) for i in range(4)
        ],
        crs="EPSG:27700",
    )


@pytest.fixture
def areas() -> pl.DataFrame:
    """What targets need to know of the squares."""
    codes = ["01", "02", "03", "04"]
    return pl.DataFrame({"area_code": codes, "authority_code": ["N", "N", "S", "S"]})


@pytest.fixture
def join_targets(make_study, squares, areas, tmp_path) -> Callable[..., TargetJoin]:
    """Join targets to the squares; a key of a target that is None is left out."""
    squares.to_file(tmp_path / "areas.gpkg")

    def join(*targets: dict[str, object]) -> TargetJoin:
        known = [{key: one for key, one in each.items() if one is not None} for each in targets]
        study = make_study(areas={"path": "areas.gpkg", "code": "code"}, targets=known)
        found = read_targets(study, areas)
        check_contract(TABLES["targets"], found.targets)
        return found

    return join


@pytest.fixture
def join_real(make_study, shared_data) -> Callable[..., TargetJoin]:
    """Join targets to the areas of a real file."""

    def join(file: str, code: str, *targets: dict[str, object]) -> TargetJoin:
        path = str(shared_data / "lsoa" / file)
        study = make_study(areas={"path": path, "code": code}, targets=list(targets))
        found = read_targets(study, read_boundaries(study).areas)
        check_contract(TABLES["targets"], found.targets)
        return found

    return join


@pytest.fixture
def squares_study(make_study, squares, tmp_path):
    """A study of the squares, as a file of any kind, after a change to them."""

    def make(change=None, *, file="areas.gpkg", columns=None, **parts):
        frame = squares if change is None else change(squares)
        path = tmp_path / file
        path.unlink(missing_ok=True)
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
        return make_study(areas={"path": file, **(columns or COLUMNS | AUTHORITIES)}, **parts)

    return make
