"""The benchmark of England's size, on a few square areas; and how work grows with partitions.

What takes minutes there is not run here: that what it makes is what the product would have made.
"""

import gc

import polars as pl
import pytest

from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.model_inputs import dataset_of_all, predicted_together
from streetview_assets.orchestration.runs.forecast import forecast
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.pooling.pool import pool_areas
from streetview_assets.study_state import fingerprint
from streetview_assets.study_state.open_study import open_study
from streetview_assets.study_state.purchases import bought_images
from streetview_assets_tests.benchmarks.england import as_table
from streetview_assets_tests.benchmarks.simulated_england import made_lake, made_study
from streetview_assets_tests.benchmarks.simulated_england.stages import sources


@pytest.fixture(scope="module")
def study_of(tmp_path_factory):
    """Gives the study file of so many authorities of square areas, with few points."""
    folder = tmp_path_factory.mktemp("england")

    def write(authorities: int, areas_each: int):
        squares = made_study.made_squares(authorities, areas_each, seed=1)
        return made_study.write_study(folder / f"of-{authorities}", *squares, seed=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        patch.setenv("GOOGLE_MAPS_API_KEY", "nobody")
        patch.setattr(made_study, "POINTS_PER_AREA", 2)
        yield write


@pytest.fixture(scope="module")
def made(study_of):
    """A study of four authorities whose lake is made up to its vectors."""
    opened = open_study(study_of(4, 2))
    sources(opened)
    made_lake.write_lake(opened, dimension=8)
    made_lake.record(opened)
    return opened


def test_the_made_lake_is_up_to_date_to_the_product(made):
    opened = open_study(made.study.path)
    states = {(one.asset, one.authority): one for one in study_status(opened)}
    assert {states[key].state for key in states if key[0] in made_lake.MADE} == {"up to date"}
    images, vectors = opened.read("images"), opened.read("image_embeddings")
    assert images.height == 4 * opened.read("panoramas").filter(status="ok").height > 0
    assert set(vectors["image_id"]) == set(images["image_id"])
    assert opened.read("sample_points")["area_code"].n_unique() > 4
    with open_instance(opened) as instance:
        recorded = {key.to_user_string() for key in instance.all_asset_keys()}
    assert recorded == set(made_lake.MADE)


def test_a_forecast_counts_what_is_not_there_and_no_image_twice(made):
    opened = open_study(made.study.path)
    opened.ledger.adopt(bought_images(opened), "google")
    found = forecast(opened).total
    assert found.there_count == found.image_count == opened.read("images").height
    first = opened.authorities[0]
    wanted = opened.read("images", first).height
    path = opened.lake.path("images", first)
    aside = path.rename(path.with_suffix(".aside"))
    before, after = forecast(opened, [first, first]).loads
    aside.rename(path)
    assert (before.request_count, before.there_count) == (wanted, 0)
    assert (after.request_count, after.there_count) == (0, wanted), "the first asks for them"


def test_a_glance_at_a_study_looks_at_each_file_once(made, monkeypatch):
    """Else what reads all authorities, for each of them, looks at their square of files."""
    looks, look = [], fingerprint.provenance_of_whole
    monkeypatch.setattr(
        fingerprint, "provenance_of_whole", lambda path: [looks.append(path), look(path)][1]
    )
    glance = made.at_a_glance()
    found = [glance.input_fingerprint("held_out_model", code) for code in made.authorities]
    assert len(looks) == len(set(looks)) == 3 * len(made.authorities)
    assert found == [made.input_fingerprint("held_out_model", code) for code in made.authorities]


def test_areas_are_put_together_once_for_all_authorities_held_out(made, monkeypatch):
    opened = open_study(made.study.path)
    for code in opened.authorities:
        pooled = pool_areas(
            opened.read("images", code), opened.vectors(code), encoder=opened.encoder
        )
        opened.write("area_embeddings", {"area_embeddings": pooled}, code, Provenance("by hand"))

    def work(code: str) -> AssetContext:
        return AssetContext(opened, "held_out_model", code, "run", False, False, None, None)

    def of(code: str):
        return dataset_of_all(work(code))

    groups = [opened.authorities[:2], opened.authorities[2:]]
    first, *others = opened.authorities
    data = of(first)
    assert set(data.authority_codes) == set(opened.authorities)
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "read", lambda *_, **__: pytest.fail("read again"))
        assert all(of(code) is data for code in others)
        found = [[predicted_together(work(code), group) for code in group] for group in groups]
        assert all(one is other for one, other in found), "predicted once for a group"
    fewer = opened.read("targets", first).with_columns(value=pl.lit(None, pl.Float64))
    opened.write("targets", {"targets": fewer}, first, Provenance("by hand"))
    assert set(of(first).authority_codes) == set(others), "what has changed is read"


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
