"""Vectors made on Ray are those made in process, byte for byte, whatever dies on the way."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import numpy as np
import polars as pl
import psutil
import pytest
from PIL import Image

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.ray_cluster import ray_cluster
from streetview_assets.embeddings.ray_embed import WorkerRates, embed_on_ray
from streetview_assets.embeddings.ray_map import map_on_ray
from streetview_assets.errors import EngineError, EngineUnavailableError, StudyError
from streetview_assets.lake.checkpoint_shards import Shards, latest
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.satellite.embeddings import satellite_vectors
from streetview_assets.satellite.zonal import zones
from streetview_assets.study.embeddings import Encoder, Engine, Satellite
from streetview_assets.study_state.open_study import open_study

# Not imported here: Ray reads the environment when it is.
pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra `ray`")
SETTINGS = Encoder(name="colour-texture")
IMAGES, FILES, A_SHARD = 800, 16, 50
STUDY = """
name: own
points: {from: images}
images: {provider: folder, path: photos, positions: positions.csv}
encoder: {name: colour-texture}
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two machines of one core each: two raylets on this one, reached from it alone."""
    folder = tempfile.mkdtemp(prefix="sv-", dir="/tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        for what in ("enable_metrics_collection", "event_stats", "prestart_worker_first_driver"):
            patch.setenv(f"RAY_{what}", "0")
        patch.setenv("RAY_task_events_report_interval_ms", "0")
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_log_monitor": False}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        try:
            cluster.add_node(**node)
            yield Engine(name="ray", address=cluster.address)
        finally:
            cluster.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(3)
    for number in range(FILES):
        pixels = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.jpg")
    return folder


@pytest.fixture(scope="module")
def images() -> pl.DataFrame:
    """Many rows of few files, one of them not there."""
    paths = [f"{number % FILES}.jpg" for number in range(IMAGES)]
    paths[350] = "gone.jpg"
    names = [f"{number:05}" for number in range(IMAGES)]
    return pl.DataFrame({"image_id": names, "path": paths}).with_columns(status=pl.lit("ok"))


def _embed(engine: Engine, images: pl.DataFrame, root: Path, shards: Shards, **changes):
    asked = {"settings": SETTINGS, "encoder": load_encoder(SETTINGS), "rates": WorkerRates()}
    return list(
        embed_on_ray(
            engine, images=images, root=root, shards=shards, authority_code="E1", **asked | changes
        )
    )


def test_a_machine_that_dies_changes_nothing(
    engine: Engine, images: pl.DataFrame, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streetview_assets.embeddings.ray_embed.LEAST_PER_SHARD", A_SHARD)
    monkeypatch.setattr("streetview_assets.embeddings.ray_embed.images_at_once", lambda *_: A_SHARD)
    rates, killed = WorkerRates(), []

    def kill_once(done: int, total: int) -> None:
        """Kill the raylet of a worker that is sure to have its next task, but not the first's."""
        for worker in rates.done:
            raylet = psutil.Process(int(worker.split()[-1])).parent()
            if not killed and raylet and _is_no_head(raylet) and total - done > 4 * A_SHARD:
                killed.append(raylet.pid)
                os.kill(raylet.pid, signal.SIGKILL)

    shards = Shards(root / "cache" / "killed", "image_embeddings")
    made = _embed(engine, images, root, shards, rates=rates, on_progress=kill_once)
    assert killed
    expected = pl.concat(embed_images(load_encoder(SETTINGS), images, root, authority_code="E1"))
    assert latest(made, "image_embeddings").equals(latest([expected], "image_embeddings"))
    assert expected["status"].value_counts(sort=True)["count"].to_list() == [IMAGES - 1, 1]
    on_disk = shards.read()
    assert IMAGES <= on_disk.height <= IMAGES + A_SHARD, "more than the killed task was done again"
    whole = {f"{path.name}" for path in shards.folder.glob("[0-9]*.parquet")}
    left = {path.name for path in shards.folder.iterdir()} - whole
    assert all(name.endswith(".tmp") for name in left)
    assert sum(rate > 0 for rate in rates.images_a_second().values()) >= 2


def _is_no_head(raylet: psutil.Process) -> bool:
    return "--head" not in raylet.cmdline()


def test_a_machine_that_does_not_see_the_study_is_told_before_anything_runs(
    engine: Engine, root: Path
) -> None:
    missing = root / "not" / "mounted.jpg"
    with (
        pytest.raises(EngineError, match=r"does not see .*not/mounted\.jpg.*one path that all"),
        ray_cluster(engine, root, files=[missing]),
    ):
        pytest.fail("it was begun")
    assert not list((root / "cache" / "ray").iterdir())


def test_an_encoder_that_is_another_there_is_refused(
    engine: Engine, images: pl.DataFrame, root: Path
) -> None:
    here = load_encoder(SETTINGS)
    other = SimpleNamespace(
        identity=replace(here.identity, library="other 2"), batch_size=64, computes_on_cores=False
    )
    shards = Shards(root / "cache" / "other", "image_embeddings")
    with pytest.raises(EngineError, match="another where the run was begun"):
        _embed(engine, images.head(3), root, shards, encoder=other)
    assert not shards.folder.exists()


def test_what_ray_does_not_know_is_told_with_its_key(
    engine: Engine, images: pl.DataFrame, root: Path
) -> None:
    shards = Shards(root / "cache" / "options", "image_embeddings")
    wrong = engine.model_copy(update={"options": {"num_cores": 1}})
    with pytest.raises(StudyError, match=r"engine\.options: .*num_cores"):
        _embed(wrong, images.head(3), root, shards)


def test_where_no_cluster_answers_is_told(root: Path) -> None:
    with (
        pytest.raises(EngineUnavailableError, match=r"engine\.address: no Ray cluster"),
        ray_cluster(Engine(name="ray", address="127.0.0.1:9"), root),
    ):
        pytest.fail("it was begun")


def test_a_study_that_names_ray_tells_what_its_workers_did(
    engine: Engine, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    for name in ("0.jpg", "1.jpg"):
        (tmp_path / "photos").mkdir(exist_ok=True)
        shutil.copy(root / name, tmp_path / "photos")
    (tmp_path / "positions.csv").write_text("file,lon,lat\n0.jpg,-1.55,53.8\n1.jpg,-1.54,53.8\n")
    (tmp_path / "study.yaml").write_text(STUDY + f"engine: {engine.model_dump_json()}\n")
    opened = open_study(tmp_path / "study.yaml")
    report = run_study(opened, until="embeddings")
    assert not report.failures
    images, vectors = opened.read("images"), opened.read("image_embeddings")
    asked = {"authority_code": opened.authorities[0]}
    expected = pl.concat(embed_images(load_encoder(SETTINGS), images, opened.root, **asked))
    assert vectors.equals(latest([expected], "image_embeddings"))
    key = dg.AssetKey("image_embeddings")
    made = open_instance(opened).get_latest_materialization_event(key)
    assert made
    assert made.asset_materialization
    rates = made.asset_materialization.metadata["images a second by worker"].value
    assert [rate > 0 for rate in rates.values()] == [True]


def test_areas_see_the_same_pixels_from_any_machine(
    engine: Engine, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rasterio", reason="needs the extra `satellite`")
    from streetview_assets_tests.satellite.rasters import alphaearth, areas_over, blob, write_tile

    monkeypatch.setattr("streetview_assets.satellite.embeddings.AREAS_AT_ONCE", 2)
    path = write_tile(tmp_path / "a.tif", alphaearth(24, 40))
    outlines = {f"A{n}": blob(4 + 4 * n, 10 + n) for n in range(7)}
    asked = Satellite(path=path), (areas := areas_over(outlines)), lambda: areas
    told: list[int] = []
    found = satellite_vectors(
        *asked,
        lambda done, total: told.append(done),
        spread=partial(map_on_ray, engine=engine, root=root),
    )
    assert found.equals(satellite_vectors(*asked))
    assert sorted(told) == told
    assert told[-1] == len(outlines)
    path.write_bytes(b"no raster")
    with pytest.raises(StudyError, match=r"satellite\.path: .*a\.tif"):
        list(map_on_ray(partial(zones, files=[path], squared=True), [[]], engine=engine, root=root))
