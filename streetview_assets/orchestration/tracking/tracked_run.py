"""What is kept of one fit as a run of MLflow, and how it gets there."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from streetview_assets.areas.geoframe import flat

SCORES = "scores"
"""The table that is kept as CSV too, which MLflow's pages show as a table."""

MOST_PARAMS_AT_ONCE = 100
"""As MLflow limits them; of metrics it takes a thousand."""


@dataclass(frozen=True)
class TrackedData:
    """What a run learned from, as MLflow shows data sets: rows, which column is the target."""

    name: str
    rows: pl.DataFrame
    target: str
    source: str


@dataclass(frozen=True)
class TrackedRun:
    """What is worth keeping of one fit: all that is needed to judge it and to make it again."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    children: Sequence["TrackedRun"] = ()
    description: str = ""
    data: TrackedData | None = None


def log_data(data: TrackedData | None) -> None:
    """Log to the active run what it learned from, where there is any.

    Parameters
    ----------
    data
        What it learned from.
    """
    if data is None:
        return
    import mlflow
    from mlflow.data.pandas_dataset import from_pandas

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow has two names for a folder on this machine.
        of_areas = from_pandas(
            data.rows.to_pandas(), source=data.source, targets=data.target, name=data.name
        )
        mlflow.log_input(of_areas, context="training")


def log_files(run: TrackedRun) -> None:
    """Log to the active run its figures, its tables and its other files.

    Parameters
    ----------
    run
        What is kept of it.
    """
    import mlflow

    with TemporaryDirectory() as folder:
        for name, png in run.figures.items():
            path = Path(folder) / f"{name}.png"
            path.write_bytes(png)
            mlflow.log_artifact(str(path), "figures")
        for name, frame in run.tables.items():
            path = Path(folder) / f"{name}.parquet"
            frame.write_parquet(path)
            mlflow.log_artifact(str(path), "tables")
        if SCORES in run.tables:
            path = Path(folder) / f"{SCORES}.csv"
            flat(run.tables[SCORES]).write_csv(path)
            mlflow.log_artifact(str(path), "tables")
        for name, content in run.files.items():
            path = Path(folder) / name
            path.write_bytes(content)
            mlflow.log_artifact(str(path), "files")


def log_children(experiment: str, parent: str, run: TrackedRun, common: Mapping[str, str]) -> None:
    """Log the runs beneath a run, each in few calls: there are a dozen of them.

    Parameters
    ----------
    experiment
        Id of the experiment.
    parent
        Id of the run.
    run
        What is kept of it.
    common
        Tags of all runs.
    """
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient()
    now_ms = int(time.time() * 1000)
    for child in run.children:
        tags = {**run.tags, **child.tags, **common, "mlflow.parentRunId": parent}
        made = client.create_run(experiment, tags=tags, run_name=child.name).info.run_id
        metrics = [Metric(name, value, now_ms, 0) for name, value in child.metrics.items()]
        params = [Param(name, str(value)) for name, value in child.params.items()]
        client.log_batch(made, metrics, params[:MOST_PARAMS_AT_ONCE])
        for start in range(MOST_PARAMS_AT_ONCE, len(params), MOST_PARAMS_AT_ONCE):
            client.log_batch(made, params=params[start : start + MOST_PARAMS_AT_ONCE])
        client.set_terminated(made)
