"""What is built of the project holds all that it needs, away from its repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel, as a release builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package_and_its_sql(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder, name in (("streetview_assets", "streetview_assets"),
                         ("dbt_like_sql", "streetview_assets/sql")):  # fmt: skip
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        wanted = {
            f"{name}/{path.relative_to(ROOT / folder).as_posix()}"
            for path in files
            if "__pycache__" not in path.parts
        }
        assert wanted
        assert not wanted - held
    assert not [name for name in held if name.startswith("streetview_assets_tests")]


def test_it_samples_the_points_of_the_demo_away_from_the_repository(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    ours = ("DAGSTER_HOME", "STREETVIEW_STUDY", "MLFLOW_TRACKING_URI")
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    place = {"PYTHONPATH": str(tmp_path / "installed"), "STREETVIEW_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-m", "streetview_assets", "run", "--until", "points"]
    done = subprocess.run(
        command, cwd=tmp_path, env=inherited | place, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "Made in" in done.stdout
    assert (tmp_path / "data" / "demo" / "lake" / "sample_points").is_dir()
