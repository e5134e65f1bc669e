"""What in a study has told of the score of an authority: tables, MLflow runs, other protocols."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import polars as pl

from streetview_assets.models.towns.protocol_file import Look
from streetview_assets.models.towns.protocol_records import records
from streetview_assets.orchestration.tracking.mlflow_resource import URI_VARIABLE, tracking_uri
from streetview_assets.study_state.open_study import OpenStudy

BY_AUTHORITY = ("held_out_scores", "authority_scores")
STUDY_WIDE = (
    *("model_scores", "gains", "transfer_scores", "target_scores", "group_model_scores"),
    *("learning_curve", "sample_size_scores", "ordinal_scores"),
)
"""Tables that tell how well values of areas are told, those of all authorities together."""


def looks(opened: OpenStudy, authorities: Iterable[str]) -> list[Look]:
    """Find what tells of scores of authorities, as far as lake, MLflow and records know.

    A table that was removed and a score that somebody saw elsewhere are not known.

    Parameters
    ----------
    opened
        The study.
    authorities
        Their codes.
    """
    codes = sorted(authorities)
    found = [*_tables(opened, codes), *_runs(opened, codes), *_records(opened, codes)]
    return sorted(found, key=lambda look: (look.authority, look.at, look.what))


def _tables(opened: OpenStudy, codes: list[str]) -> Iterator[Look]:
    there = [code for code in codes if code in opened.authorities]
    for code in there:
        for table in BY_AUTHORITY:
            scores, made = opened.read(table, code), opened.provenance(table, code)
            if made and scores["value"].count():
                yield Look(authority=code, what=f"table {table}", at=_utc(made.made_at))
    scored = set(opened.read("predictions")["area_code"])
    areas = opened.read("areas").filter(pl.col("area_code").is_in(list(scored)))
    inside = set(areas["authority_code"]) & set(there)
    for table in STUDY_WIDE:
        made = opened.provenance(table, None)
        if made and made.row_count:
            for code in sorted(inside):
                yield Look(authority=code, what=f"table {table}", at=_utc(made.made_at))


def _runs(opened: OpenStudy, codes: list[str]) -> Iterator[Look]:
    """Find MLflow runs of the authorities: they stay where tables are made again."""
    if not os.environ.get(URI_VARIABLE) and not (opened.root / "mlflow.db").is_file():
        return
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri(opened))
    experiment = client.get_experiment_by_name(opened.study.name)
    if experiment is None:
        return
    for run in client.search_runs([experiment.experiment_id], max_results=10_000):
        code, metrics = run.data.tags.get("authority_code"), run.data.metrics
        if code in codes and metrics:
            name = run.data.tags.get("asset", "a run")
            at = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
            yield Look(authority=code, what=f"MLflow run of {name}", at=at)


def _records(opened: OpenStudy, codes: list[str]) -> Iterator[Look]:
    for found in records(opened.root):
        rows = found["rows"]
        for code in sorted(set(found["protocol"]["test"]) & set(codes)):
            at = datetime.fromisoformat(rows[0]["run_at"])
            yield Look(authority=code, what=f"protocol {rows[0]['protocol']}", at=at)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
