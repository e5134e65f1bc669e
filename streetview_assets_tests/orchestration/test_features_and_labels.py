"""The recipe of `docs/how_to/features_and_labels.md`, run as it is written on made-up cities."""

import re
from pathlib import Path

import geopandas as gpd
import h5py
import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.models.ordinal.persistence import load_network
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import open_study
from streetview_assets.tables.registry import TABLES, check_contract

PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "features_and_labels.md"
STUDIES = dict(re.findall(r"`(\w+)\.yaml`:\n\n```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL))
WIDTH, SIDE = 16, 0.01
ONLY = frozenset(
    {
        *("areas", "targets", "sample_points", "panoramas", "images", "image_areas"),
        *("encoders", "image_embeddings", "ordinal_model"),
    }
)


def write_city(folder: Path, west: float) -> None:
    """Twenty areas of two locations, whose features show the decile; two of them at one place."""
    rng = np.random.default_rng(3)
    decile = rng.permutation(np.arange(20) // 2 + 1)
    boxes = [(west + x * SIDE, 51.5 + y * SIDE) for x in range(5) for y in range(4)]
    codes = [f"{folder.name}{number:02}" for number in range(20)]
    folder.mkdir()
    gpd.GeoDataFrame(
        {"lsoa11": codes, "city": folder.name},
        geometry=[shapely.box(x, y, x + SIDE, y + SIDE) for x, y in boxes],
        crs="EPSG:4326",
    ).to_file(folder / "lsoa.geojson")
    area = np.repeat(np.arange(20), 2)
    place = np.array(boxes)[area] + rng.uniform(0.1, 0.9, size=(40, 2)) * SIDE
    place[1] = place[0]
    pl.DataFrame(
        {
            "img_id": [f"{number:04}" for number in range(40)],
            "pcd": [f"AB{number} 1CD" for number in range(40)],
            "lsoa11": [codes[row] for row in area],
            "health_decile": decile[area],
            "gsv_lat": place[:, 1],
            "gsv_lng": place[:, 0],
        }
    ).write_csv(folder / "features.csv")
    shown = (decile[area, None, None] - 5.5) * np.random.default_rng(4).normal(size=WIDTH)
    with h5py.File(folder / "features.h5", "w") as file:
        file["features"] = (shown + rng.normal(size=(40, 4, WIDTH))).astype(np.float32)


def labels_of(folder: Path) -> pl.DataFrame:
    labels = pl.read_csv(folder / "features.csv", infer_schema=False)
    return labels.select("lsoa11", source_id="img_id")


def run(folder: Path, city: str):
    """Make what the network needs of a study of the page, in an instance of its own."""
    path = folder / f"{city}.yaml"
    path.write_text(STUDIES[city])
    opened = open_study(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(opened.root / "dagster"))
        report = run_study(opened, only=ONLY)
    assert not report.failures, report.failures
    return opened


def test_a_network_of_one_city_is_trained_further_on_a_hundredth_of_another(at_home):
    for city, west in (("london", -0.1), ("leeds", -1.5)):
        write_city(at_home / city, west)
    london = run(at_home, "london")
    outputs = london.read("ordinal_outputs")
    check_contract(TABLES["ordinal_outputs"], outputs)
    random = outputs.filter(validation="random")
    # Two postcodes are one point; each location's label is that of its area.
    assert random.height == 39
    assert random.select("fold", "area_code").unique().height == 20
    observed = dict(random.select("area_code", "observed").iter_rows())
    labels = pl.read_csv(at_home / "london" / "features.csv")
    assert observed == dict(labels.select("lsoa11", "health_decile").iter_rows())
    assert set(london.read("ordinal_scores")["metric"]) >= {"pearson_r", "mae", "within_one"}
    network, facts = load_network(london.root / "ordinal")
    assert facts.batch_normalisation
    assert any("running_mean" in name for name in network.state_dict())

    (at_home / "leeds" / "lsoa.geojson").unlink()
    leeds = run(at_home, "leeds")
    areas = leeds.read("sample_points").join(labels_of(at_home / "leeds"), on="source_id")
    assert areas["area_code"].to_list() == areas["lsoa11"].to_list()
    applied = leeds.read("ordinal_outputs")
    by_share = dict(applied.group_by("share_added").agg(pl.col("area_code").n_unique()).iter_rows())
    # A hundredth of twenty areas is one, which is not predicted by what has seen it.
    assert by_share == {0.0: 20, 0.01: 19}
    before, after = (applied.filter(share_added=share) for share in (0.0, 0.01))
    both = before.join(after, on="point_id", suffix="_after")
    assert not np.allclose(both["continuous"], both["continuous_after"])
