"""What a release holds is all that it needs: it is installed away from its repository."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ON_TAG_OR_AFTER = r"\d+\.\d+\.\d+(\.post1\.dev\d+)?(\+[0-9a-z.]+)?"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """An archive of the sources, and the wheel that comes of it and nothing else."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return {"wheel": next(folder.glob("*.whl")), "sdist": next(folder.glob("*.tar.gz"))}


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """An environment with the wheel, what it needs, and no way back to the repository."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    paths = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    # Read as a path alone: what is installed there as a checkout is not found.
    packages.joinpath("needed.pth").write_text(sysconfig.get_path("purelib"))
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    alone = ["--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, *alone, str(built["wheel"])], check=True)
    return folder / "bin"


def _away(folder: Path) -> dict[str, str]:
    ours = ("DAGSTER_HOME", "STREETVIEW_STUDY", "MLFLOW_TRACKING_URI", "PYTHONPATH")
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return inherited | {"STREETVIEW_DATA": str(folder / "data")}


def test_the_wheel_holds_every_file_of_the_package_and_its_sql(built):
    held = set(zipfile.ZipFile(built["wheel"]).namelist())
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


def test_the_sources_hold_what_is_needed_to_try_them_and_say_which_they_are(built):
    with tarfile.open(built["sdist"]) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
        about = archive.extractfile(f"{built['sdist'].name.removesuffix('.tar.gz')}/PKG-INFO")
        assert about is not None
        said = about.read().decode()
    assert {"Makefile", "constraints.txt", "streetview_assets_tests/test_wheel.py"} <= held
    assert not [name for name in held if name.startswith((".venv", "data/", "site/"))]
    assert re.search(rf"^Version: {ON_TAG_OR_AFTER}$", said, re.MULTILINE), said[:200]


def test_it_samples_the_points_of_the_demo_away_from_the_repository(built, installed, tmp_path):
    def streetview(*arguments: str) -> str:
        done = subprocess.run(
            [installed / "streetview", *arguments],
            cwd=tmp_path, env=_away(tmp_path), capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert built["wheel"].name.startswith(f"streetview_assets-{streetview('--version').strip()}-")
    assert "Made in" in streetview("run", "--until", "points")
    assert (tmp_path / "data" / "demo" / "lake" / "sample_points").is_dir()
