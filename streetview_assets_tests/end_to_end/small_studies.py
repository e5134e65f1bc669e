"""Studies small enough to be run again and again, and what to look at after a run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from polars.testing import assert_frame_equal

from streetview_assets.study_state.open_study import DEMO_STUDY
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.started import programs

AUTHORITIES = ["X01000001", "X01000002"]
OF_OTHERS = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "STREETVIEW_STUDY")
"""Variables of the environment that a run sets, which are another study's."""

VOLATILE = {"fetched_at", "first_seen_at", "last_seen_at", "mlflow_run_id"}
"""Columns that no two runs have in common: times, and ids of runs."""

TINY: dict[str, Any] = {
    "name": "tiny",
    "authorities": AUTHORITIES,
    "points": {"spacing_m": 500},
    "images": {"provider": "synthetic", "headings_deg": [0, 180], "size_px": [48, 48]},
    "clusters": {"k": 3, "sweep": [2, 3]},
    "layout": None,
    "explanations": None,
    "sample_size": None,
    "perception": None,
    "figures": {"draw": False},
    "models": {
        "target": "deprivation_score",
        "candidates": ["ridge"],
        "trials": 1,
        "folds": 3,
        "block_km": 2,
        "buffer_km": 0,
        "deals": 1,
        "holdout": None,
    },
}


def write_study(folder: Path, **changes: Any) -> Path:
    """Write a tiny study of two authorities of the made-up town, with its files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("areas.geojson", "roads.geojson", "targets.csv"):
        if not (folder / name).is_file():
            shutil.copy(DEMO_STUDY.parent / name, folder / name)
    document = yaml.safe_load(DEMO_STUDY.read_text()) | TINY | changes
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in document.items() if v is not None}))
    return path


def environment(data: Path) -> dict[str, str]:
    """Give the environment of a command whose data lie in a folder of their own."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
    # Of so small a study all is made before a second process has begun.
    return {**kept, "STREETVIEW_DATA": str(data), "STREETVIEW_JOBS": "1", "COLUMNS": "100"}


def start(
    data: Path, *arguments: object, by: type["subprocess.Popen[str]"] = programs.Popen
) -> "subprocess.Popen[str]":
    """Start the command in a process of its own."""
    return by(
        [sys.executable, "-m", "streetview_assets.cli.entry", *map(str, arguments)],
        env=environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> str:
    """Wait for a command that has to end well; give all that it said."""
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 0, said
    return said


def lake_of(root: Path) -> dict[str, pl.DataFrame]:
    """Read every file of a lake, held against its contract."""
    found = {}
    for path in sorted((root / "lake").rglob("data.parquet")):
        name = path.relative_to(root / "lake").as_posix()
        found[name] = pl.read_parquet(path, glob=False, hive_partitioning=False)
        table = TABLES.get(name.split("/")[0])
        if table:
            check_contract(table, found[name])
    return found


def assert_same_tables(root: Path, other: Path) -> None:
    """Two lakes hold the same rows, to 1e-9, times and ids of runs apart."""
    mine, theirs = lake_of(root), lake_of(other)
    assert set(mine) == set(theirs)
    for name, frame in mine.items():
        volatile = VOLATILE & set(frame.columns)
        assert_frame_equal(
            frame.drop(volatile), theirs[name].drop(volatile), rel_tol=1e-9, abs_tol=1e-9
        )
