"""MLflow: one experiment a study, in its own `mlflow.db` or at `$MLFLOW_TRACKING_URI`."""

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
from filelock import FileLock

from streetview_assets.lake.atomic import written_aside
from streetview_assets.lake.open_study import OpenStudy
from streetview_assets.lake.process_mark import is_gone, process_mark
from streetview_assets.orchestration.resources import PROCESS_TAG, StudyResource

if TYPE_CHECKING:
    import numpy as np
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo
    from sklearn.base import BaseEstimator

URI_VARIABLE = "MLFLOW_TRACKING_URI"


@dataclass(frozen=True)
class TrackedModel:
    """A fitted model to keep, with an example of what it is given."""

    estimator: "BaseEstimator"
    example: "np.ndarray"
    registered_name: str


@dataclass(frozen=True)
class TrackedRun:
    """What is worth keeping of one fit: all that is needed to judge it and to make it again."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    model: TrackedModel | None = None


class Tracking(dg.ConfigurableResource):
    """Where the models stage keeps what it fitted."""

    study: dg.ResourceDependency[StudyResource]

    def keep(self, run: TrackedRun) -> str:
        """Keep a run in MLflow, and give its id."""
        import mlflow

        opened = self.study.open()
        experiment = _experiment(opened)
        tags = {
            **run.tags,
            PROCESS_TAG: process_mark(),
            "study_hash": opened.study_hash,
            "synthetic": str(opened.study.is_synthetic),
        }
        with (
            _tracked_at(tracking_uri(opened)),
            mlflow.start_run(experiment_id=experiment, run_name=run.name, tags=tags) as active,
        ):
            mlflow.log_params(dict(run.params))
            mlflow.log_metrics(dict(run.metrics))
            _log_files(run)
            if run.model:
                _log_model(run.model)
        return str(active.info.run_id)


@contextmanager
def _tracked_at(uri: str) -> Iterator[None]:
    """Set where MLflow keeps runs, for a while.

    MLflow writes it into the environment, where it would pass for the user's own wish: the next
    study of this process would end up in the database of this one.
    """
    import mlflow

    before = os.environ.get(URI_VARIABLE)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        os.environ.pop(URI_VARIABLE, None)
        if before is not None:
            os.environ[URI_VARIABLE] = before


def tracking_uri(opened: OpenStudy) -> str:
    """Say where MLflow keeps its runs."""
    return os.environ.get(URI_VARIABLE) or f"sqlite:///{opened.root / 'mlflow.db'}"


def _experiment(opened: OpenStudy) -> str:
    """Find or make the study's experiment; the database's schema is made once, under a lock.

    Two processes that make the schema at the same time leave it half made.
    """
    from mlflow import MlflowClient

    opened.root.mkdir(parents=True, exist_ok=True)
    with FileLock(opened.root / ".mlflow.lock"):
        _make_database(opened)
        client = MlflowClient(tracking_uri(opened))
        found = client.get_experiment_by_name(opened.study.name)
        if found:
            _close_dead_runs(client, found.experiment_id)
            return str(found.experiment_id)
        served = tracking_uri(opened).startswith("http")
        artifacts = None if served else (opened.root / "mlartifacts").as_uri()
        return str(client.create_experiment(opened.study.name, artifact_location=artifacts))


def _make_database(opened: OpenStudy) -> None:
    """Make the schema of the study's own database aside: half of one cannot be mended."""
    from mlflow import MlflowClient

    path = opened.root / "mlflow.db"
    if os.environ.get(URI_VARIABLE) or path.is_file():
        return
    with written_aside(path) as aside:
        MlflowClient(f"sqlite:///{aside}").search_experiments()


def _close_dead_runs(client: "MlflowClient", experiment: str) -> None:
    """End runs whose process was killed; MLflow shows them as running for ever."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        mark = run.data.tags.get(PROCESS_TAG)
        if mark and is_gone(mark):
            client.set_terminated(run.info.run_id, "KILLED")


def _log_files(run: TrackedRun) -> None:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        for name, png in run.figures.items():
            path = Path(folder) / f"{name}.png"
            path.write_bytes(png)
            mlflow.log_artifact(str(path), "figures")
        for name, frame in run.tables.items():
            path = Path(folder) / f"{name}.parquet"
            frame.write_parquet(path)
            mlflow.log_artifact(str(path), "tables")


def _log_model(model: TrackedModel) -> None:
    import mlflow
    from mlflow.models import infer_signature

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logged = mlflow.sklearn.log_model(
            model.estimator,
            name="model",
            signature=infer_signature(model.example, model.estimator.predict(model.example)),
            input_example=model.example,
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn", "numpy"],
        )
    _register(model.registered_name, logged)


def _register(name: str, logged: "ModelInfo") -> None:
    """Make a logged model the newest version of a registered one.

    `log_model` could do so itself, but would print two lines past every log level.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    client.create_model_version(name, logged.model_uri, logged.run_id, model_id=logged.model_id)
