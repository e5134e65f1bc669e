"""MLflow: one experiment a study, in its own `mlflow.db` or at `$MLFLOW_TRACKING_URI`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dagster as dg

# Loaded here, by one thread: MLflow would load it while Dagster's threads ask the same package.
import sqlalchemy.orm

from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.lake.locks import held
from streetview_assets.lake.process_id import is_gone, process_mark
from streetview_assets.lake.sqlite_file import put_damaged_aside
from streetview_assets.orchestration.resources import PROCESS_TAG, StudyResource
from streetview_assets.orchestration.tracking.champion import (
    ALIAS,
    REASON_TAG,
    SCORE_TAG,
    Version,
    champion_of,
    last_promotion,
    promote,
    register,
)
from streetview_assets.orchestration.tracking.logged_model import log_final_model
from streetview_assets.orchestration.tracking.tracked_run import (
    TrackedRun,
    log_children,
    log_data,
    log_files,
)
from streetview_assets.redaction import redacted
from streetview_assets.study_state.open_study import OpenStudy

if TYPE_CHECKING:
    import numpy as np
    from mlflow import MlflowClient

    from streetview_assets.models.evaluations.final_fit import FinalModel

URI_VARIABLE = "MLFLOW_TRACKING_URI"
BAR_VARIABLE = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
LOCK = ".mlflow.lock"


@dataclass(frozen=True)
class TrackedModel:
    """A final model to keep and to register.

    Attributes
    ----------
    example
        Some rows of what it is given, shape (n, width).
    spatial_r2
        R² of the model `tuned` under the validation that counts, by which it may become champion.
    judged_on
        What that score was reckoned on, by content: only models judged on the same are compared.
    """

    final: "FinalModel"
    example: "np.ndarray"
    registered_name: str
    spatial_r2: float | None = None
    judged_on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """What became of a model that was kept.

    Attributes
    ----------
    run_id
        Of the MLflow run.
    name, version
        Of the registered model.
    is_champion
        Whether it bears the alias.
    reason
        Why, or why not.
    """

    run_id: str
    name: str
    version: int
    is_champion: bool
    reason: str

    @property
    def metadata(self) -> dict[str, Any]:
        """What a person should know of it."""
        place = f"@{ALIAS}" if self.is_champion else f"/{self.version}"
        return {
            "mlflow_run_id": self.run_id,
            "model_version": self.version,
            "model_alias": ALIAS if self.is_champion else "none",
            "model_uri": f"models:/{self.name}{place}",
            "why_champion" if self.is_champion else "why_not_champion": self.reason,
        }

    @property
    def summary(self) -> str:
        """Say in a sentence what became of it."""
        place = "is the champion" if self.is_champion else "is kept, and is not the champion"
        return f"version {self.version} of {self.name} {place}: {self.reason}"


class Tracking(dg.ConfigurableResource):
    """Where the models stage keeps what it fitted."""

    study: dg.ResourceDependency[StudyResource]

    def keep(self, run: TrackedRun) -> str:
        """Keep a run with its children in MLflow, and give its id."""
        return self._keep(run, None)[0]

    def keep_model(self, run: TrackedRun, model: TrackedModel) -> Registered:
        """Keep a run with its model, register that, and make it champion if it deserves to be."""
        opened = self.study.open()
        run_id, (source, model_id) = self._keep(run, model)
        tags = _what_it_is(model, opened)
        client = _client(opened)
        with held(opened.root / LOCK):
            version = register(client, model.registered_name, source, run_id, model_id, tags)
            promotion = promote(client, version, shared=bool(os.environ.get(URI_VARIABLE)))
        kept = Registered(
            run_id, version.name, version.number, promotion.is_champion, promotion.reason
        )
        client.set_model_version_tag(version.name, str(version.number), REASON_TAG, kept.summary)
        return kept

    def page_of(self, run_id: str) -> dg.MetadataValue:
        """Say where a run is to be looked at: its page, or the command that serves the pages.

        Parameters
        ----------
        run_id
            Id of the MLflow run.
        """
        opened = self.study.open()
        experiment = _client(opened).get_run(run_id).info.experiment_id
        page = f"/#/experiments/{experiment}/runs/{run_id}"
        address = urlsplit(uri := tracking_uri(opened))
        if address.scheme in ("http", "https"):
            _, _, host = address.netloc.rpartition("@")  # who signs in is nobody else's to read
            return dg.MetadataValue.url(
                f"{address.scheme}://{host}{address.path.rstrip('/')}{page}"
            )
        # Put together again, `sqlite:////folder` would have lost two of its slashes.
        command = f"mlflow ui --backend-store-uri {redacted(uri)}"
        return dg.MetadataValue.text(f"{command}, and there {page}")

    def _keep(self, run: TrackedRun, model: TrackedModel | None) -> tuple[str, tuple[str, str]]:
        """Keep a run; give its id, and of its model the place and the id."""
        import mlflow

        opened = self.study.open()
        experiment = _experiment(opened)
        common = {
            PROCESS_TAG: process_mark(),
            "study_hash": opened.study_hash,
            "synthetic": str(opened.study.is_synthetic),
        }
        logged = ("", "")
        with (
            tracked_at(tracking_uri(opened)),
            mlflow.start_run(
                experiment_id=experiment,
                run_name=run.name,
                tags={**run.tags, **common},
                description=run.description or None,
            ) as active,
        ):
            mlflow.log_params(dict(run.params))
            mlflow.log_metrics(dict(run.metrics))
            log_data(run.data)
            log_files(run)
            log_children(experiment, active.info.run_id, run, common)
            if model:
                logged = log_final_model(model.final, model.example)
        return str(active.info.run_id), logged


@contextmanager
def tracked_at(uri: str) -> Iterator[None]:
    """Set where MLflow keeps runs, for a while.

    MLflow writes it into the environment, where it would pass for the user's own wish: the next
    study of this process would end up in the database of this one.
    """
    import mlflow

    before = {name: os.environ.get(name) for name in (URI_VARIABLE, BAR_VARIABLE)}
    mlflow.set_tracking_uri(uri)
    os.environ[BAR_VARIABLE] = "false"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def tracking_uri(opened: OpenStudy) -> str:
    """Say where MLflow keeps its runs."""
    return os.environ.get(URI_VARIABLE) or f"sqlite:///{opened.root / 'mlflow.db'}"


def champion(opened: OpenStudy) -> Version | None:
    """Find the champion of a study: its name, version and spatial score.

    Returns
    -------
    Version or None
        None where none was registered, or no model was ever kept.
    """
    if not os.environ.get(URI_VARIABLE):
        put_damaged_aside(opened.root / "mlflow.db")
        if not (opened.root / "mlflow.db").is_file():
            return None
    return champion_of(_client(opened), opened.study.name)


def newest_version(opened: OpenStudy) -> int | None:
    """Find the newest version of a study's model: its number; None where none was registered."""
    found = _client(opened).search_model_versions(
        f"name='{opened.study.name}'", max_results=1, order_by=["version_number DESC"]
    )
    return int(found[0].version) if found else None


def params_of(opened: OpenStudy, version: Version) -> Mapping[str, str]:
    """Give the parameters of the run that a version comes from."""
    return dict(_client(opened).get_run(version.run_id).data.params)


def model_promotion(opened: OpenStudy) -> str | None:
    """Say what became of the last model that was kept: champion or not, compared or not."""
    return last_promotion(_client(opened), opened.study.name)


def register_network(opened: OpenStudy, run_id: str, tags: dict[str, str]) -> str:
    """Make the files of a run the newest version of `<study>-ordinal`.

    So that another study can ask for the ordinal network by its name.

    Parameters
    ----------
    opened
        The study.
    run_id
        The MLflow run that has the files of the network.
    tags
        Of the version.

    Returns
    -------
    str
        Where `mlflow.artifacts.download_artifacts` finds the network's folder.
    """
    client, name = _client(opened), f"{opened.study.name}-ordinal"
    source = f"{client.get_run(run_id).info.artifact_uri}/files"
    with held(opened.root / LOCK):
        return register(client, name, source, run_id, None, tags).uri


def _client(opened: OpenStudy) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri(opened))


def _what_it_is(model: TrackedModel, opened: OpenStudy) -> dict[str, str]:
    """Give the tags of a version: what it is compared by, and what a person would look for."""
    final = model.final
    score = {} if model.spatial_r2 is None else {SCORE_TAG: repr(float(model.spatial_r2))}
    return score | {
        **model.judged_on,
        "target": final.scoring.target,
        "encoder": final.scoring.encoder,
        "features": final.scoring.features,
        "synthetic": str(opened.study.is_synthetic),
        "model": str(final.choice.candidate),
        "area_count": str(len(final.area_codes)),
        "interval_level": str(final.scoring.settings.interval_level),
        "study_hash": opened.study_hash,
    }


def _experiment(opened: OpenStudy) -> str:
    """Find or make the study's experiment; the database's schema is made once, under a lock.

    Two processes that make the schema at the same time leave it half made.
    """
    opened.root.mkdir(parents=True, exist_ok=True)
    with held(opened.root / LOCK):
        _make_database(opened)
        client = _client(opened)
        found = client.get_experiment_by_name(opened.study.name)
        if found:
            _close_dead_runs(client, found.experiment_id)
            return str(found.experiment_id)
        served = tracking_uri(opened).startswith("http")
        artifacts = None if served else (opened.root / "mlartifacts").as_uri()
        return str(client.create_experiment(opened.study.name, artifact_location=artifacts))


def _make_database(opened: OpenStudy) -> None:
    """Make the study's own database aside: half of a schema cannot be mended."""
    path = opened.root / "mlflow.db"
    if os.environ.get(URI_VARIABLE):
        return
    put_damaged_aside(path)
    if path.is_file():
        return
    with written_aside(path) as aside:
        aside.write_bytes(empty_database())


@cache
def empty_database() -> bytes:
    """Let MLflow bring an empty database through all its migrations, once a process.

    Nothing waits for the disk meanwhile: MLflow commits some hundred times.
    """
    from mlflow import MlflowClient

    def spare_the_disk(connection: Any, _: object) -> None:
        if connection.execute("PRAGMA database_list").fetchone()[2] == str(path):
            connection.execute("PRAGMA synchronous = OFF")

    with TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "mlflow.db"
        sqlalchemy.event.listen(sqlalchemy.Engine, "connect", spare_the_disk)
        try:
            MlflowClient(f"sqlite:///{path}").search_experiments()
        finally:
            sqlalchemy.event.remove(sqlalchemy.Engine, "connect", spare_the_disk)
        return path.read_bytes()


def _close_dead_runs(client: "MlflowClient", experiment: str) -> None:
    """End runs whose process was killed; MLflow shows them as running for ever."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        mark = run.data.tags.get(PROCESS_TAG)
        if mark and is_gone(mark):
            client.set_terminated(run.info.run_id, "KILLED")
