"""The benchmark of England's size, on a few square areas; and how definitions grow with partitions.

What takes minutes there is not run here: that what it makes is what the product would have made.
"""

import gc

import pytest

from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.benchmarks.england import as_table
from streetview_assets_tests.benchmarks.simulated_england import made_lake, made_study
from streetview_assets_tests.benchmarks.simulated_england.stages import sources


@pytest.fixture
def study_of(tmp_path, monkeypatch):
    """Gives the study file of so many authorities of square areas, with few points."""
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "nobody")
    monkeypatch.setattr(made_study, "POINTS_PER_AREA", 2)

    def write(authorities: int, areas_each: int):
        squares = made_study.made_squares(authorities, areas_each, seed=1)
        return made_study.write_study(tmp_path / f"of-{authorities}", *squares, seed=1)

    return write


def test_the_made_lake_is_up_to_date_to_the_product(study_of):
    opened = open_study(study_of(2, 3))
    sources(opened)
    made_lake.write_lake(opened, dimension=8)
    made_lake.record(opened)
    states = {
        (one.asset, one.authority): one for one in study_status(open_study(opened.study.path))
    }
    assert {states[key].state for key in states if key[0] in made_lake.MADE} == {"up to date"}
    images, vectors = opened.read("images"), opened.read("image_embeddings")
    assert images.height == 4 * opened.read("panoramas").filter(status="ok").height > 0
    assert set(vectors["image_id"]) == set(images["image_id"])
    assert opened.read("sample_points")["area_code"].n_unique() > 3
    with open_instance(opened) as instance:
        versions = {
            key.to_user_string(): instance.get_latest_materialization_event(key)
            for key in instance.all_asset_keys()
        }
    assert set(versions) == set(made_lake.MADE)


def test_definitions_hold_no_object_for_each_authority(study_of):
    def objects_of(authorities: int) -> int:
        path = study_of(authorities, 1)
        gc.collect()
        before = len(gc.get_objects())
        kept = build_definitions(path)
        assert kept.assets
        gc.collect()
        return len(gc.get_objects()) - before

    objects_of(2)  # what is imported and kept by the first stays
    few, many = objects_of(3), objects_of(309)
    assert many - few < 309


def test_the_table_tells_the_power_by_which_a_stage_grows():
    def of(images: int, cpu_s: float) -> dict[str, dict[str, float]]:
        one = {"seconds": 2 * cpu_s, "cpu_s": cpu_s, "peak_mb": 500, "written_mb": 0}
        return {"pooling": one, "": {"images": images, "authorities": 3}}

    table = as_table({"0.01": of(1000, 1.0), "0.1": of(10_000, 100.0)})
    assert "| pooling | 2.0 s, CPU 1.0 s, 500 MB | 200.0 s, CPU 100.0 s, 500 MB | 2.00 |" in table
