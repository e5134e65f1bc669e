"""One finished run of each study, shared by all tests that only look or go on from there."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from streetview_assets.cli.app import app
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.end_to_end.small_studies import OF_OTHERS, write_study

AWKWARD = """it's "a" [x] {y,z} *!#1 100% $HOME a=b;c&d <e>|f ü:"""
"""Of a folder: all that is a pattern, a query, an option or markup to somebody on the way."""


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no test see, or leave, the instance of another study."""
    for name in OF_OTHERS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def streetview() -> Callable[..., Any]:
    """Call the command in this process."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def _made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Make a folder once for all workers of a test run."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "finished").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (folder / "finished").touch()
    return folder


@pytest.fixture(scope="session")
def finished_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny study, run to its end undisturbed: `study/` and `data/tiny/`."""

    def make(folder: Path) -> None:
        study = write_study(folder / "study")
        with pytest.MonkeyPatch.context() as patch:
            for name in OF_OTHERS:
                patch.setenv(name, "")
                patch.delenv(name)
            patch.setenv("STREETVIEW_DATA", str(folder / "data"))
            done = CliRunner().invoke(app, ["run", str(study)])
        assert done.exit_code == 0, done.output

    return _made_once(tmp_path_factory, f"finished tiny {AWKWARD}", make)


@pytest.fixture
def tiny(finished_tiny: Path, tmp_path: Path) -> OpenStudy:
    """A finished tiny study of one's own, to be changed."""
    (tmp_path / "data").mkdir()
    shutil.copytree(finished_tiny / "data" / "tiny", tmp_path / "data" / "tiny")
    (tmp_path / "data" / "tiny" / "study.json").unlink()
    return open_study(write_study(tmp_path / "study"))
