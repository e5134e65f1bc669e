"""One partition on the real instance: what is written, what is told, what is left alone."""

import base64
import re
import shutil

import dagster as dg
import polars as pl
import pytest

from streetview_assets.orchestration.automation.jobs import AUTOMATION_TAG, ONLY_STALE_TAG
from streetview_assets.study_state.lineage import specs
from streetview_assets.tables.registry import TABLES

EAST, WEST = "X01000001", "X01000002"
IMAGE = re.compile(r"!\[(\w+)\]\(data:image/webp;base64,(.+)\)")
ONLY_STALE = {ONLY_STALE_TAG: "true"}


def lake_files(town) -> dict[str, int]:
    root = town.opened.root / "lake"
    return {
        path.relative_to(root).as_posix(): path.stat().st_mtime_ns
        for path in root.rglob("data.parquet")
    }


def latest(town, asset: str, authority: str | None) -> dg.AssetMaterialization:
    """Give the latest materialisation of an asset's part."""
    found = town.instance.fetch_materializations(
        dg.AssetRecordsFilter(
            dg.AssetKey.from_user_string(asset),
            asset_partitions=[authority] if authority else None,
        ),
        limit=1,
    ).records
    return found[0].asset_materialization


def parts(town):
    for asset, spec in town.opened.assets.items():
        for authority in (None,) if spec.study_wide else (EAST, WEST):
            yield asset, authority


def test_a_partition_writes_its_own_tables_and_no_others(new_town):
    result = new_town.make("areas", "targets", authority=EAST)
    assert result.success
    assert set(lake_files(new_town)) == {
        f"areas/{EAST}/data.parquet",
        f"targets/{EAST}/data.parquet",
    }


def test_every_part_tells_its_rows_and_its_fingerprint(finished_town):
    for asset, authority in parts(finished_town):
        told = latest(finished_town, asset, authority)
        provenances = [finished_town.opened.provenance(t, authority) for t in specs()[asset].writes]
        version = finished_town.opened.data_version(asset, authority)
        assert told.tags["dagster/data_version"] == version, asset
        assert len(provenances) > 1 or version == provenances[0].fingerprint, asset
        assert told.metadata["dagster/row_count"].value == provenances[0].row_count, asset


def test_vectors_tell_where_and_how_fast_they_were_made(finished_town):
    told = latest(finished_town, "image_embeddings", EAST).metadata
    assert (told["device"].value, told["precision"].value) == ("cpu", "fp32")
    assert told["images a second"].value > 0


def test_marts_tell_their_columns_with_their_types(finished_town):
    schema = latest(finished_town, "mart/area_profile", None).metadata["dagster/column_schema"]
    types = {column.name: column.type for column in schema.value.columns}
    assert types["area_code"] == "String"
    assert types["longitude"] == "Float64"


def test_images_are_small_in_the_metadata_and_whole_in_their_folder(finished_town):
    seen = set()
    for asset, authority in parts(finished_town):
        for value in latest(finished_town, asset, authority).metadata.values():
            if not isinstance(value, dg.MarkdownMetadataValue):
                continue
            limit = 25_000 if authority else 200_000
            assert len(value.value) < limit, asset
            name, encoded = IMAGE.fullmatch(value.value).groups()
            assert base64.b64decode(encoded).startswith(b"RIFF")
            full = finished_town.opened.root / "figures" / (authority or "study") / f"{name}.png"
            assert full.read_bytes().startswith(b"\x89PNG")
            seen.add(asset)
    assert {
        "areas",
        "targets",
        "sample_points",
        "images",
        "cluster_scores",
        "model_selection",
    } <= seen


@pytest.mark.parametrize("tags", [ONLY_STALE, {AUTOMATION_TAG: "true"}])
def test_only_stale_leaves_alone_what_is_up_to_date(town, tags):
    before = lake_files(town)
    result = town.make("areas", "road_network", "sample_points", authority=EAST, tags=tags)
    assert result.success
    assert lake_files(town) == before
    told = latest(town, "sample_points", EAST)
    assert told.metadata["note"].value == "up to date"
    assert (
        told.metadata["dagster/row_count"].value == town.opened.read("sample_points", EAST).height
    )


def test_what_is_run_again_by_hand_replaces_its_rows(town):
    before, rows = lake_files(town), town.opened.read("sample_points")
    assert town.make("sample_points", authority=EAST).success
    after = lake_files(town)
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {f"sample_points/{EAST}/data.parquet"}
    assert town.opened.read("sample_points").equals(rows)
    assert town.opened.is_fresh("panoramas", EAST), "the same result makes nothing stale"


def evaluate(town, asset: str, check: str, authority: str) -> dg.AssetCheckEvaluation:
    job = town.definitions.resolve_job_def("authority").get_subset(
        asset_selection=set(), asset_check_selection={dg.AssetCheckKey(dg.AssetKey(asset), check)}
    )
    result = job.execute_in_process(
        partition_key=authority, instance=town.instance, raise_on_error=False
    )
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def test_a_check_sees_what_is_wrong_with_its_own_authority(town):
    lake, table = town.opened.lake, "image_embeddings"
    frame = town.opened.read(table, EAST)
    long = frame.with_columns(pl.col("embedding") * 2).select(TABLES[table].schema.names())
    provenance = town.opened.provenance(table, EAST)
    lake.write(table, long, provenance, authority=EAST, encoder=town.opened.encoder)
    found = evaluate(town, table, "embeddings_unit_length", EAST)
    assert not found.passed
    assert found.metadata["offending_rows"].value == frame.height
    assert evaluate(town, table, "embeddings_unit_length", WEST).passed


def test_a_blocking_check_stops_what_comes_after_it(town):
    for path in (town.opened.root / path for path in town.opened.read("images", EAST)["path"]):
        path.write_bytes(b"no image")
    shutil.rmtree(town.opened.root / "cache" / "image_embeddings", ignore_errors=True)
    town.opened.lake.path("image_embeddings", EAST, town.opened.encoder).unlink()
    before = lake_files(town)
    result = town.make("image_embeddings", "area_embeddings", authority=EAST)
    assert not result.success
    assert (
        lake_files(town)[f"area_embeddings/encoder=colour-texture/{EAST}/data.parquet"]
        == (before[f"area_embeddings/encoder=colour-texture/{EAST}/data.parquet"])
    )
