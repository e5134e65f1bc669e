from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import yaml
from shapely.geometry import box

from streetview_assets.study.study_file import Study, load_study

CORNER = (430_000, 433_000)


@pytest.fixture
def shared_data() -> Path:
    folder = (Path(__file__).parents[2] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip("real data (../shared/data) is not here")
    return folder


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
