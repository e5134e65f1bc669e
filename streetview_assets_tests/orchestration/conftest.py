"""A made-up town with few and small images, run once; tests take it as it is or a copy of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest
from filelock import FileLock

from streetview_assets.orchestration.build import build_definitions
from streetview_assets.orchestration.runs.instance import prepare_home
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.study_state.open_study import DEMO_STUDY, OpenStudy, open_study

FINISHED = "finished"
EAST, WEST = "X01000001", "X01000002"
STUDY = f"""
name: small-town
crs: EPSG:32631
authorities: [{EAST}, {WEST}]
areas: {{path: areas.geojson, code: area_code, name: area_name, authority_code: authority_code}}
roads: {{path: roads.geojson}}
points: {{spacing_m: 600}}
images: {{provider: synthetic, headings_deg: [0], size_px: [64, 64]}}
encoder: {{name: colour-texture}}
clusters: {{k: 2, sweep: [2, 3]}}
targets:
  - name: score
    path: targets.csv
    area_code: area_code
    value: deprivation_score
    more_is: worse
models: {{candidates: [ridge], trials: 1, folds: 2, block_km: 1, buffer_km: 0, deals: 1,
  holdout: null}}
figures: {{dpi: 50}}
seed: 1
"""


@dataclass(frozen=True)
class Town:
    """A study in a folder of its own, with its Dagster instance."""

    opened: OpenStudy
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def make(self, *assets: str, authority: str | None = None, **options: object):
        """Execute one run here, on the real instance."""
        job = self.definitions.resolve_job_def("authority" if authority else "study")
        return job.execute_in_process(
            partition_key=authority,
            instance=self.instance,
            asset_selection=[dg.AssetKey.from_user_string(asset) for asset in assets],
            raise_on_error=False,
            **options,
        )


def write_town(folder: Path, changes: dict[str, str] | None = None) -> Path:
    """Write the town and its study file, with some of its text replaced."""
    text = STUDY
    for before, after in (changes or {}).items():
        assert before in text
        text = text.replace(before, after)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("areas.geojson", "roads.geojson", "targets.csv"):
        shutil.copy(DEMO_STUDY.with_name(name), folder)
    study = folder / "study.yaml"
    study.write_text(text, encoding="utf-8")
    return study


@pytest.fixture(name="write_town", scope="session")
def _write_town() -> Callable[..., Path]:
    """Give the function that writes the town: a conftest cannot be imported."""
    return write_town


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the study and its data; whatever the environment says of others is gone."""
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "STREETVIEW_STUDY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    return tmp_path


def _town(study: Path) -> Iterator[Town]:
    opened = open_study(study)
    prepare_home(opened)
    with dg.DagsterInstance.get() as instance:
        yield Town(opened, instance, build_definitions(study))


@pytest.fixture(scope="session")
def empty_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town, of which nothing is made: for tests that bring an instance of their own."""
    folder = tmp_path_factory.mktemp("empty")
    study = write_town(folder / "study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        opened, definitions = open_study(study), build_definitions(study)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Town(opened, instance, definitions)


@pytest.fixture
def unmade_town(empty_town: Town) -> Iterator[Town]:
    """The town with an instance of its own in memory, for tests that execute nothing."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield replace(empty_town, instance=instance)


@pytest.fixture
def new_town(at_home: Path) -> Iterator[Town]:
    """The town, of which nothing has been made."""
    yield from _town(write_town(at_home / "study"))


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished town, made by the first worker that wants it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "town"
    with FileLock(f"{folder}.lock"):
        if not (folder / FINISHED).is_file():
            _make(folder)
            (folder / FINISHED).touch()
    return folder


def _make(folder: Path) -> None:
    study = write_town(folder / "study")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "STREETVIEW_STUDY"):
            patch.setenv(name, "")
            patch.delenv(name)
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        report = run_study(open_study(study))
    assert not report.failures, report.failures


@pytest.fixture
def town(at_home: Path, _made_once: Path) -> Iterator[Town]:
    """The town with everything made, to be changed at will."""
    shutil.copytree(_made_once, at_home, dirs_exist_ok=True)
    yield from _town(at_home / "study" / "study.yaml")


@pytest.fixture
def finished_town(_made_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """The town with everything made, only to be read."""
    folder = _made_once
    monkeypatch.setenv("STREETVIEW_DATA", str(folder / "data"))
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "data" / "small-town" / "dagster"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield from _town(folder / "study" / "study.yaml")
