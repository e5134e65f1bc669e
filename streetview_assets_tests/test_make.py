"""Installing, checking and the CI, as the Makefile and its scripts do them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


RECIPES = ["Makefile", ".ci/run", ".ci/install", ".ci/package", "docker/lock"]


@pytest.mark.parametrize("file", RECIPES)
def test_recipes_name_no_place_of_one_machine(file):
    text = (ROOT / file).read_text()
    assert not re.search(r"(?<![\w.])/(home|root|work|Users|opt)/", text)


def test_the_makefile_has_few_recipes_and_lists_them_all():
    text = (ROOT / "Makefile").read_text()
    recipes = re.findall(r"^([a-z]+):", text, re.M)
    assert {"demo", "test", "ui", "lint", "bench", "docs", "clean"} <= set(recipes)
    assert len(recipes) <= 12
    listed = run_make(ROOT, "help")
    assert listed.returncode == 0
    for recipe in recipes:
        assert f"make {recipe} " in listed.stdout


def run_make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    of_make = ("MAKE", "ARGS")  # what the make that runs these tests was given is not theirs
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(of_make)}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def checkout(tmp_path):
    """A project that installs at once, in a folder with a space in its name."""
    folder = tmp_path / "a checkout"
    (folder / ".ci").mkdir(parents=True)
    for name in ("Makefile", ".ci/install", ".ci/run"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "constraints.txt").touch()
    (folder / "pyproject.toml").touch()
    return folder


FAKE_PYTHON = """#!/bin/bash
# Stands for an interpreter: it makes an environment of itself, and `pip` notes that it was called.
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
  printf '#!/bin/bash\\necho streetview "$@"\\n' >"$3/bin/streetview"
  chmod +x "$3/bin/streetview"
  echo "venv" >>"$LOG"
elif [ "$1 $2" = "-m pip" ]; then
  echo "pip $PWD" >>"$LOG"
  exit ${PIP_EXIT:-0}
elif [ "$1" = "-V" ]; then
  echo "Python 3.11"
fi
"""


@pytest.fixture
def fake(tmp_path):
    python = tmp_path / "fake-python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    log = tmp_path / "log"
    log.touch()
    return {"PYTHON": str(python), "LOG": str(log)}


def calls(fake: dict[str, str]) -> list[str]:
    return [line.split()[0] for line in Path(fake["LOG"]).read_text().splitlines()]


def test_make_installs_once_and_again_when_the_requirements_change(checkout, fake):
    first = run_make(checkout, "demo", **fake)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == "streetview demo"
    assert calls(fake) == ["venv", "pip"]
    assert run_make(checkout, "demo", **fake).stdout == "streetview demo\n"
    assert calls(fake) == ["venv", "pip"]
    later = (checkout / ".venv/.installed").stat().st_mtime + 5
    os.utime(checkout / "pyproject.toml", (later, later))
    assert run_make(checkout, "demo", **fake).returncode == 0
    assert calls(fake) == ["venv", "pip", "pip"]


def test_an_installation_that_failed_does_not_count_and_starts_from_nothing(checkout, fake):
    failed = run_make(checkout, "demo", **fake, PIP_EXIT="1")
    assert failed.returncode != 0
    assert "streetview demo" not in failed.stdout
    (checkout / ".venv/half").touch()
    assert run_make(checkout, "demo", **fake).returncode == 0
    assert calls(fake) == ["venv", "pip", "venv", "pip"]
    assert not (checkout / ".venv/half").exists()


def test_an_environment_that_was_moved_is_made_anew(checkout, fake):
    assert run_make(checkout, "demo", **fake).returncode == 0
    moved = checkout.rename(checkout.parent / "moved")
    assert run_make(moved, "demo", **fake).returncode == 0
    assert calls(fake) == ["venv", "pip", "venv", "pip"]


def test_a_machine_without_a_new_enough_python_is_told_so(checkout, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "cat", "sed", "mkdir", "rm", "touch"):
        (tools / tool).symlink_to(Path("/usr/bin") / tool)
    old = tools / "python3"
    old.write_text("#!/usr/bin/bash\nexit 1\n")
    old.chmod(0o755)
    make = subprocess.run(["/usr/bin/which", "make"], capture_output=True, text=True).stdout.strip()
    (tools / "make").symlink_to(make)
    told = run_make(checkout, "demo", PATH=str(tools))
    assert told.returncode != 0
    assert "Python 3.11 or later" in told.stderr
    assert "make PYTHON=" in told.stderr
    assert not (checkout / ".venv").exists()


def test_a_parameter_that_is_not_described_fails_the_check():
    source = (
        '"""A module."""\n\n\ndef scale(length_m: float, factor: float) -> float:\n'
        '    """Scale.\n\n    Parameters\n    ----------\n    length_m\n        Metres.\n'
        '    """\n    return length_m * factor\n'
    )
    place = ["--stdin-filename", ROOT / "streetview_assets" / "scale.py"]
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise",
         *place, "-"], input=source, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert "D417" in checked.stdout, checked
    assert "`factor`" in checked.stdout


@pytest.mark.parametrize(
    ("lint", "tests", "passes"), [(0, 0, True), (1, 0, False), (0, 1, False), (1, 1, False)]
)
def test_ci_runs_both_checks_and_fails_where_one_does(checkout, tmp_path, lint, tests, passes):
    (checkout / "Makefile").write_text(
        f"lint:\n\t@echo linted; exit {lint}\ntest:\n\t@echo 3 passed; exit {tests}\n"
    )
    result = subprocess.run(
        ["bash", ".ci/run"], cwd=checkout, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (result.returncode == 0) is passes
    assert "linted" in result.stdout
    assert "3 passed" in result.stdout.splitlines()[-2:][0]
    assert ("FAILED" not in result.stdout) is passes
