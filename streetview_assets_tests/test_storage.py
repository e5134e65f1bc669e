"""Disks that take no more: the error names the file and the remedy, and leaves what was there."""

import os
import resource
import signal
import sqlite3
import sys
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from streetview_assets.errors import StorageError
from streetview_assets.files.storage import refused_below, why_not_written
from streetview_assets.images.image_files import write_image
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.lake.parquet_lake import Lake, Provenance
from streetview_assets.lake.sealed_json import write_json
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.started import programs


@contextmanager
def files_of_at_most(size_bytes: int):
    """Let this process write no larger file, as a full disk lets nobody."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def _points(folder: Path) -> None:
    rows = [
        {
            "authority_code": "A",
            "point_id": os.urandom(32).hex(),
            "longitude": number / 7,
            "latitude": 0.0,
        }
        for number in range(5_000)
    ]
    Lake(folder).write("sample_points", TABLES["sample_points"].frame(rows), Provenance("x"))


def _polars(folder: Path) -> None:
    with written_aside(folder / "a.csv") as aside:
        pl.DataFrame({"a": [os.urandom(9).hex() for _ in range(50_000)]}).write_csv(aside)


WRITERS = [
    _points,
    _polars,
    lambda folder: write_image(folder, "ab", "jpg", os.urandom(300_000)),
    lambda folder: write_json(folder / "a.json", {"a": "b" * 300_000}),
]


@pytest.mark.parametrize("write", WRITERS)
def test_what_a_disk_does_not_take_is_an_error_with_the_file_and_the_remedy(tmp_path, write):
    with (
        files_of_at_most(100_000),
        pytest.raises(StorageError, match=rf"^{tmp_path}.*cannot be written: files may not be so"),
    ):
        write(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("write", WRITERS)
def test_a_folder_that_may_not_be_written_is_named(tmp_path, write):
    blocked = Path("/sys/streetview")
    with pytest.raises(StorageError, match=r"^/sys/streetview.*cannot be written"):
        write(blocked)


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_in_the_place_of_a_folder_is_named(tmp_path, write):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match="a file stands where a folder of ours belongs"):
        write(tmp_path / "data")


def test_no_file_takes_the_place_of_a_device_or_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(StorageError, match="is a device, a pipe or a socket"):
        write_json(pipe, {"a": 1})
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("report.html", "a folder stands there"),
        ("a" * 300, "its name is longer than the disk takes"),
    ],
)
def test_an_output_that_cannot_be_is_named(tmp_path, name, why):
    (tmp_path / "report.html" / "mine").mkdir(parents=True)
    with (
        pytest.raises(StorageError, match=f"{name}: cannot be written: {why}"),
        written_aside(tmp_path / name) as aside,
    ):
        aside.write_text("a page")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_database_that_is_full_is_told_from_one_that_is_wrong(tmp_path):
    full = sqlite3.OperationalError("database or disk is full")
    assert "no room is left" in str(refused_below(tmp_path, full))
    assert refused_below(tmp_path, sqlite3.OperationalError("no such table: a")) is None
    assert refused_below(tmp_path, PermissionError(13, "no", "/elsewhere/areas.csv")) is None
    assert why_not_written(ValueError("any")) is None


def test_the_command_says_so_in_one_line(tmp_path):
    said = programs.run(
        [sys.executable, "-m", "streetview_assets.cli.entry", "run", "--until", "areas"],
        env={**os.environ, "STREETVIEW_DATA": "/sys/streetview", "STREETVIEW_STUDY": ""},
        capture_output=True,
        text=True,
        timeout=300,
        by=programs.Brief,
    )
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert "/sys/streetview" in said.stderr
    assert "cannot be written" in said.stderr
