"""A study's MLflow database is made as MLflow's own migrations would make it."""

import os
import sqlite3
from contextlib import closing

from mlflow import MlflowClient

from streetview_assets.orchestration.tracking.mlflow_resource import SCHEMA

OF_THE_PLACE = 'INSERT INTO "experiments"'
"""MLflow's experiment `Default`, which names a folder; MLflow makes it where it is not there."""


def in_any_order(statements: str) -> list[str]:
    """Give the lines of statements sorted: MLflow makes constraints and indices as sets fall."""
    return sorted(line.strip(" \t,") for line in statements.splitlines())


def test_the_schema_is_what_mlflow_makes_of_an_empty_database(tmp_path):
    path = tmp_path / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    with closing(sqlite3.connect(path)) as database:
        made = [line for line in database.iterdump() if not line.startswith(OF_THE_PLACE)]
    now = "\n".join(made)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SCHEMA.write_text(f"{now}\n", encoding="utf-8")
    assert in_any_order(SCHEMA.read_text(encoding="utf-8")) == in_any_order(now), (
        "MLflow's migrations make another database; with a new release of it, write the schema "
        "anew with UPDATE_SNAPSHOTS=1"
    )
