"""Images that look into another area than they stand in."""

import datetime as dt

import geopandas as gpd
import polars as pl
import pytest
import shapely
import yaml

from streetview_assets.areas.geometry import wkb_series
from streetview_assets.errors import StudyError
from streetview_assets.images.areas_looked_at import (
    areas_looked_at,
    in_area_looked_at,
    share_looking_elsewhere,
)
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.lineage import INCLUDED, spec_for, specs
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.end_to_end.small_studies import write_study

EAST, NORTH = 430_000, 433_000
HEADINGS = {"north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0, "untold": None}


@pytest.fixture
def areas():
    """Two areas side by side, each 100 m wide; the border is a street that runs north."""
    boxes = [shapely.box(EAST + x, NORTH, EAST + x + 100, NORTH + 200) for x in (0, 100)]
    return pl.DataFrame({"area_code": ["left", "right"]}).with_columns(
        wkb_series(gpd.GeoSeries(boxes, crs="EPSG:27700"))
    )


@pytest.fixture
def taken():
    """Images at one place 5 m left of the border, one in each direction, and its panorama."""
    at = gpd.GeoSeries.from_xy([EAST + 95], [NORTH + 100], crs="EPSG:27700").to_crs(4326)[0]
    common = {
        "authority_code": "A",
        "point_id": "p",
        "panorama_id": "pano",
        "provider": "synthetic",
        "captured_on": dt.date(2024, 5, 1),
        "status": "ok",
        "is_current": True,
    }
    images = [
        {**common, "image_id": name, "heading_deg": heading, "area_code": "left"}
        for name, heading in HEADINGS.items()
    ]
    panorama = {**common, "longitude": at.x, "latitude": at.y, "status": "ok"}
    panorama |= dict.fromkeys(
        ("first_seen_at", "last_seen_at"), dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    )
    schema = TABLES["panoramas"].schema
    return TABLES["images"].frame(images), pl.DataFrame([panorama], schema=schema)


def looked_at(found: pl.DataFrame) -> dict[str, str | None]:
    return dict(found.select("image_id", "looks_at_code").iter_rows())


def test_an_image_looks_at_the_area_ahead_of_its_camera(areas, taken):
    found = areas_looked_at(*taken, areas, ahead_m=20)
    check_contract(TABLES["image_areas"], found)
    assert looked_at(found) == {
        "north": "left", "east": "right", "south": "left", "west": "left", "untold": "left"
    }  # fmt: skip
    assert found["area_code"].unique().to_list() == ["left"]
    assert share_looking_elsewhere(found) == 0.2
    assert looked_at(areas_looked_at(*taken, areas, ahead_m=4))["east"] == "left"
    assert looked_at(areas_looked_at(*taken, areas, ahead_m=150))["north"] is None


def test_images_count_for_the_area_they_look_at(areas, taken):
    found = areas_looked_at(*taken, areas, ahead_m=20)
    counted = in_area_looked_at(taken[0], found)
    assert counted.columns == taken[0].columns
    assert counted["image_id"].to_list() == list(HEADINGS)
    assert counted["area_code"].to_list() == ["left", "right", "left", "left", "left"]


def test_whatever_counts_images_by_area_follows_the_key(tmp_path):
    study = load_study(write_study(tmp_path / "at", pooling={"area": "looks_at"}))
    other = load_study(write_study(tmp_path / "in"))
    readers = {name for name, spec in specs().items() if INCLUDED in spec.reads}
    assert {"area_embeddings", "baseline_embeddings", "cluster_shares"} <= readers
    for asset in readers:
        assert "image_areas" in spec_for(asset, study).reads
        assert "image_areas" not in spec_for(asset, other).reads


def test_a_panorama_looks_at_no_area_of_its_own(tmp_path):
    path = write_study(tmp_path, pooling={"area": "looks_at"})
    document = yaml.safe_load(path.read_text())
    document["encoder"]["views"] = "mean"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(StudyError, match="a panorama looks everywhere"):
        load_study(path)
