"""What is up to date is left alone; what changed, and what depends on it, is made anew."""

import json
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import geopandas as gpd
import polars as pl
import pytest
import yaml

from streetview_assets.orchestration.runs.forecast import LOOK_UPS, forecast
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.orchestration.runs.schedule_order import between
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.study_state.lineage import specs, written_by
from streetview_assets.study_state.open_study import open_study
from streetview_assets.tables.contract import TEXT
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.marts import is_published
from streetview_assets_tests.end_to_end.small_studies import AUTHORITIES, TINY, write_study

MODELS = {
    "model_selection",
    "authority_model",
    "held_out_model",
    "deprivation_model",
    "gains",
    "transfer_scores",
    "target_scores",
    "group_model_scores",
    "learning_curve",
}
OF_CLUSTERS = {
    "cluster_model",
    "density_clusters",
    "cluster_assignments",
    "cluster_shares",
    "cluster_meaning",
    "area_group_embeddings",
    "capture_changes",
}
OF_THE_SWEEP = {"cluster_scores"}
OF_IMAGES = {
    "images",
    "image_areas",
    "image_embeddings",
    "neighbours",
    "baseline_embeddings",
    "area_embeddings",
    "cluster_scores",
    "deprivation_direction",
    *OF_CLUSTERS,
    *MODELS,
}


def _made(opened, *, until=None, **options) -> set[str]:
    """Make what a run makes, but for the published file."""
    stages = between(None, until)
    wanted = frozenset(asset for asset, spec in specs().items() if spec.stage in stages)
    report = run_study(opened, only=wanted, until=until, **options)
    assert not report.failures
    return {asset for asset, _ in report.made}


def _behind(opened) -> set[str]:
    """Name what is out of date, and what waits for it: the most that a run may make."""
    return {asset for asset, state in _states(opened) if state in ("out of date", "waiting")}


def _states(opened) -> set[tuple[str, str]]:
    return {(state.asset, state.state) for state in study_status(opened)}


def _save_again_in_another_form(folder: Path) -> None:
    """Save every source with the same content: other white space, columns in another order."""
    for name in ("areas.geojson", "roads.geojson"):
        document = json.loads((folder / name).read_text())
        for feature in document["features"]:
            feature["properties"] = dict(reversed(feature["properties"].items()))
        (folder / name).write_text(json.dumps(document, indent=3))
    rows = [line.split(",") for line in (folder / "targets.csv").read_text().splitlines()]
    (folder / "targets.csv").write_text("".join(",".join(row[::-1]) + "\n" for row in rows))


def test_nothing_is_made_twice_and_the_command_says_so(tiny, streetview):
    before = {path: path.stat().st_mtime_ns for path in (tiny.root / "lake").rglob("*.parquet")}
    result = streetview("run", tiny.study.path)
    assert result.exit_code == 0, result.output
    assert "Nothing to do: everything is up to date." in result.output
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "out of date" not in streetview("status", tiny.study.path).output


def test_a_changed_key_remakes_what_reads_it_and_nothing_else(tiny):
    clusters = {"k": 4, "sweep": [2, 3]}
    changed = open_study(write_study(tiny.study.path.parent, clusters=clusters))
    expected = {*OF_CLUSTERS, *OF_THE_SWEEP, "group_model_scores"}
    assert _behind(changed) == expected
    assert _made(changed) == expected
    assert _behind(changed) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"models": {**TINY["models"], "trials": 2}},
            MODELS,
        ),
        ({"pooling": {"statistic": "mean"}}, MODELS | {"deprivation_direction"}),
        ({"clusters": {"k": 3, "sweep": [2, 4]}}, OF_THE_SWEEP),
        ({"clusters": {"k": 3, "sweep": [2, 3], "seeds": 2}}, OF_THE_SWEEP),
        (
            {"images": {"provider": "synthetic", "headings_deg": [0, 180], "size_px": [64, 64]}},
            OF_IMAGES,
        ),
        ({"seed": 7}, OF_IMAGES | {"sample_points", "panoramas"}),
        ({"points": {"spacing_m": 400}}, OF_IMAGES | {"sample_points", "panoramas"}),
    ],
    ids=[
        "models.trials",
        "pooling.statistic",
        "clusters.sweep",
        "clusters.seeds",
        "images.size_px",
        "seed",
        "points.spacing_m",
    ],
)
def test_a_changed_key_puts_out_of_date_what_reads_it(tiny, changes, expected):
    assert _behind(open_study(write_study(tiny.study.path.parent, **changes))) == expected


def test_a_dry_run_says_what_would_be_made_and_which_input_changed(tiny, streetview):
    study = write_study(tiny.study.path.parent, clusters={"k": 3, "sweep": [2, 4]})
    path = tiny.study.path.parent / "targets.csv"
    targets = pl.read_csv(path)
    targets.with_columns(deprivation_score=pl.col("deprivation_score").reverse()).write_csv(path)
    before = {path: path.stat().st_mtime_ns for path in (tiny.root / "lake").rglob("*.parquet")}
    result = streetview("run", study, "--dry-run")
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.replace("│", " ").split())
    assert "cluster_scores study changed: key `clusters.sweep`" in said
    assert "targets X01000001, X01000002 changed: key `targets`" in said
    assert "model_selection study if what it reads" in said
    took_s = open_study(study).provenance("targets", "X01000001").took_s
    assert took_s is not None
    assert 0 < took_s < 60
    assert "by the last times." in said
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_road_remakes_the_points_and_leaves_areas_and_targets(tiny):
    path = tiny.study.path.parent / "roads.geojson"
    roads = gpd.read_file(path)
    roads.iloc[len(roads) // 2 :].to_file(path)
    opened = open_study(tiny.study.path)
    made = _made(opened, until="points")
    assert made == {"road_network", "sample_points"}
    assert _behind(opened) == OF_IMAGES | {"panoramas"}


def test_a_changed_target_leaves_roads_and_points(tiny):
    """Synthetic images show the target, so they follow it; points do not."""
    path = tiny.study.path.parent / "targets.csv"
    targets = pl.read_csv(path)
    targets.with_columns(deprivation_score=pl.col("deprivation_score").reverse()).write_csv(path)
    opened = open_study(tiny.study.path)
    assert _made(opened, until="points") == {"targets"}
    assert _behind(opened) == OF_IMAGES | {"panoramas"}


def test_a_changed_boundary_remakes_all_but_the_encoder(tiny):
    path = tiny.study.path.parent / "areas.geojson"
    areas = gpd.read_file(path)
    areas.loc[0, "area_name"] = "Renamed"
    areas.to_file(path)
    opened = open_study(tiny.study.path)
    everything = {state.asset for state in study_status(opened)}
    assert _behind(opened) == everything - {"encoders"}
    assert _made(opened, until="areas") == {"areas", "area_neighbours", "targets"}
    assert "Renamed" in opened.read("areas")["area_name"].to_list()


def test_a_touched_file_changes_nothing(tiny):
    for path in tiny.study.path.parent.iterdir():
        path.write_bytes(path.read_bytes())
    assert _behind(open_study(tiny.study.path)) == set()


def test_a_source_in_another_form_remakes_what_reads_it_and_nothing_after(tiny):
    readers = {"areas", "road_network", "targets"}
    before = {path: path.stat().st_mtime_ns for path in (tiny.root / "lake").rglob("*.parquet")}
    versions = _data_versions(tiny)
    _save_again_in_another_form(tiny.study.path.parent)
    opened = open_study(tiny.study.path)
    assert {asset for asset, state in _states(opened) if state == "out of date"} == readers
    report = run_study(opened)
    made = Counter(asset for asset, _ in report.made)
    assert made == {**dict.fromkeys(readers, len(AUTHORITIES)), "published_database": 1}
    after = {path: path.stat().st_mtime_ns for path in (tiny.root / "lake").rglob("*.parquet")}
    written = {path.parts[-3] for path in after if after[path] != before[path]}
    assert written == readers
    assert _behind(opened) == set()
    assert _data_versions(opened) == versions, "the UI and its sensors see no change either"


def _data_versions(opened) -> dict[tuple[str, str], str]:
    """Read the data versions that the instance knows, by asset and partition."""
    instance = open_instance(opened)
    found = {}
    for asset in specs():
        records = dg.AssetRecordsFilter(dg.AssetKey(asset))
        for record in reversed(instance.fetch_materializations(records, limit=50).records):
            told = record.asset_materialization
            found[asset, told.partition] = told.tags["dagster/data_version"]
    return found


def test_what_comes_to_the_same_remakes_nothing(tiny):
    """Keys left out, given as what they come to, or written otherwise."""
    document = yaml.safe_load(tiny.study.path.read_text())
    assert document["crs"] == "EPSG:32631", "what is estimated here"
    same = {
        "crs": None,
        "authorities": AUTHORITIES[::-1],
        "areas": {**document["areas"], "path": "copy/areas.geojson"},
        "clusters": {"k": 3, "sweep": [2, 3, 1], "fit_on": 200_000},
        "models": {**document["models"], "target": None},
        "pooling": {"statistic": "median"},
        "neighbours": {},
        "encoder": {**document.get("encoder", {}), "batch_size": 7},
    }
    folder = tiny.study.path.parent
    (folder / "copy").mkdir()
    shutil.copy(folder / "areas.geojson", folder / "copy")
    assert _behind(open_study(write_study(folder, **same))) == set()


@pytest.mark.parametrize("table", ["panoramas", "images", "image_embeddings", "model_scores"])
def test_a_volatile_column_remakes_nothing_and_is_published(tiny, table):
    contract = TABLES[table]
    volatile = {column.name: column.dtype for column in contract.columns if column.volatile}
    authority = tiny.authorities[0] if contract.by_authority else None
    other = {
        name: pl.lit("other" if dtype == TEXT else datetime(2020, 1, 1, tzinfo=UTC)).cast(dtype)
        for name, dtype in volatile.items()
    }
    frame = tiny.read(table, authority).with_columns(**other)
    version = tiny.data_version(written_by()[table], authority)
    encoder = tiny.encoder if contract.by_encoder else None
    provenance = tiny.provenance(table, authority)
    tiny.lake.write(table, frame, provenance, authority=authority, encoder=encoder)
    assert volatile
    assert tiny.data_version(written_by()[table], authority) == version
    assert _behind(tiny) == set()
    assert not is_published(tiny), "the published file shows them all the same"


def test_from_images_makes_the_rest_anew_but_fetches_no_image_again(tiny):
    fetched = tiny.read("images").select("image_id", "fetched_at")
    files = {path: path.stat().st_mtime_ns for path in (tiny.root / "images").rglob("*.*")}
    made = _made(tiny, anew_from="images", until="pooling")
    assert made == {
        "panoramas",
        "image_areas",
        "images",
        "encoders",
        "image_embeddings",
        "neighbours",
        "baseline_embeddings",
        "area_embeddings",
    }
    assert tiny.read("images").select("image_id", "fetched_at").equals(fetched)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    looked_up = tiny.read("panoramas")
    assert (looked_up["last_seen_at"] > looked_up["first_seen_at"]).all()


def test_until_and_authority_make_that_much_and_no_more(tmp_path):
    opened = open_study(write_study(tmp_path / "study"))
    report = run_study(opened, authorities=AUTHORITIES[:1], until="points")
    made = Counter(asset for asset, _ in report.made)
    stages = dict.fromkeys(
        ("areas", "area_neighbours", "targets", "road_network", "sample_points"), 1
    )
    assert {asset: count for asset, count in made.items() if asset in stages} == stages
    others = set(made) - set(stages)
    assert all(asset.startswith("mart/") for asset in others - {"published_database"})
    there = {path.parent.name for path in (opened.root / "lake" / "areas").rglob("data.parquet")}
    assert there == set(AUTHORITIES[:1])


def test_the_plan_needs_no_earlier_run_and_counts_what_the_run_then_does(tmp_path, streetview):
    study = write_study(tmp_path / "study")
    result = streetview("plan", study)
    assert result.exit_code == 0, result.output
    opened = open_study(study)
    assert not (opened.root / "images").exists()
    assert not (opened.root / "streetview.duckdb").exists()
    total = forecast(opened).total
    assert [load.authority for load in forecast(opened).loads] == AUTHORITIES
    assert total.request_count == total.image_count > total.point_count > 0
    for number in (total.point_count, total.panorama_count, total.image_count):
        assert f"{number:,}" in result.output
    _made(opened, until="images")
    assert opened.read("sample_points").height == total.point_count
    assert opened.read("images").height == total.image_count
    after = forecast(opened).total
    assert (after.request_count, after.there_count) == (0, total.image_count)
    assert {state.asset for state in study_status(opened) if state.age is not None} >= LOOK_UPS


def test_a_corrupt_image_fails_alone_and_is_retried_when_repaired(tiny, streetview):
    one, rest = tiny.read("images")[0], tiny.read("images")[1:]
    image = tiny.root / one["path"].item()
    good = image.read_bytes()
    image.write_bytes(good[: len(good) // 2])
    result = streetview("run", tiny.study.path, "--from", "embeddings", "--until", "pooling")
    failed = tiny.read("image_embeddings").filter(status="failed")
    assert failed["image_id"].to_list() == one["image_id"].to_list()
    assert failed["error"].item()
    assert tiny.read("image_embeddings").filter(status="ok").height == rest.height
    assert result.exit_code == 0, result.output
    assert "1 failed" in streetview("status", tiny.study.path).output

    assert _made(tiny, until="pooling") == set()
    image.write_bytes(good)
    result = streetview("retry", tiny.study.path)
    assert result.exit_code == 0, result.output
    assert set(tiny.read("image_embeddings")["status"]) == {"ok"}
    assert f"{Path(one['authority_code'].item())} image_embeddings: made" in result.output
    assert f"{AUTHORITIES[1]} image_embeddings: made" not in result.output
    assert _behind(tiny) == set()


def test_a_retry_makes_nothing_that_did_not_fail(tiny, streetview):
    tiny.lake.path("cluster_scores", encoder=tiny.encoder).unlink()
    result = streetview("retry", tiny.study.path)
    assert result.exit_code == 0, result.output
    assert "Nothing to do: no row has failed." in result.output
    assert tiny.provenance("cluster_scores", None) is None
