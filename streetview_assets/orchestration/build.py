"""Builds the whole code location from a study: assets, checks, jobs, schedules, sensors."""

import logging
import math
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from streetview_assets.lake.content import content_of
from streetview_assets.orchestration import asset_checks as checks
from streetview_assets.orchestration import sql
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.automation import conditions as automation
from streetview_assets.orchestration.automation import jobs, schedules, sensors
from streetview_assets.orchestration.automation.freshness_checks import (
    freshness_checks,
    stock_policy,
)
from streetview_assets.orchestration.automation.jobs import (
    AUTOMATION_TAG,
    FETCHED,
    FORCE_TAG,
    ONLY_STALE_TAG,
    RETRY_TAG,
)
from streetview_assets.orchestration.automation.partitions import authority_of, authority_partitions
from streetview_assets.orchestration.automation.source_assets import source_assets, source_deps
from streetview_assets.orchestration.automation.step_retries import let_run_once, tried_again
from streetview_assets.orchestration.lake_io import UP_TO_DATE, LakeIOManager, Unchanged
from streetview_assets.orchestration.progress import begins, is_made
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.runs.dagster_mends import mend_dagster
from streetview_assets.orchestration.runs.instance import interrupted_as_cancelled
from streetview_assets.orchestration.tracking.mlflow_resource import Tracking
from streetview_assets.orchestration.ui.run_tags import authority_name
from streetview_assets.study_state.fingerprint import data_version
from streetview_assets.study_state.lineage import AssetSpec, specs, written_by
from streetview_assets.study_state.open_study import OpenStudy, open_study, study_path
from streetview_assets.tables.contract import Table
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.strict_json import to_json

# Data versions on outputs are in beta in Dagster 1.13; a warning at each of them helps nobody.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


ONLY_DRAWN = {"made": "figures alone, drawn again: nothing else has changed"}
"""Metadata of a materialisation that drew the figures of what was there."""

LIBRARIES = {"embeddings": ("torch",), "clusters": ("scikitlearn",), "models": ("mlflow",)}
"""What the UI shows beside the assets of a stage."""
_log = logging.getLogger(__name__)


def build_definitions(
    study_file: Path | None = None, *, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Build the code location of a study.

    Parameters
    ----------
    study_file
        Default: `$STREETVIEW_STUDY`, else the bundled demo.
    resource_overrides
        Resources to take instead of the real ones.
    """
    mend_dagster()
    path = (study_file or study_path()).expanduser().resolve()
    opened = open_study(path)
    partitions = authority_partitions(opened.authorities)
    stage_assets = [stage_asset(spec, opened, partitions) for spec in opened.assets.values()]
    marts = sql.sql_assets(opened)
    study = StudyResource(study_file=str(path))
    return dg.Definitions(
        assets=[*source_assets(opened), *stage_assets, *marts],
        asset_checks=[
            *checks.asset_checks(opened, partitions),
            *freshness_checks(opened, partitions),
        ],
        jobs=jobs.study_jobs(opened),
        schedules=schedules.study_schedules(opened.authorities),
        sensors=sensors.study_sensors(opened),
        resources={
            "study": study,
            "lake": LakeIOManager(study=study),
            "tracking": Tracking(study=study),
            **(resource_overrides or {}),
        },
        executor=dg.in_process_executor,
    )


def stage_asset(
    spec: AssetSpec, opened: OpenStudy, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """Make the Dagster asset of a function of `assets/`, by its registration.

    Parameters
    ----------
    spec
        Its registration, with all that it reads in this study.
    opened
        The study.
    partitions
        One an authority.
    """
    tables = [TABLES[table] for table in spec.writes]
    return dg.asset(
        name=spec.asset,
        description=_description(spec, tables),
        group_name=spec.stage,
        partitions_def=None if spec.study_wide else partitions,
        deps=[*source_deps(spec, opened.study), *asset_deps(spec, opened)],
        kinds={"python", "parquet", *LIBRARIES.get(spec.stage, ())},
        owners=opened.study.owners,
        # One run an authority: what fails or is killed costs no other. Dagster's own `multi_run(1)`
        # gives its runs a range of partitions, and with it no partition.
        backfill_policy=None,
        code_version=str(spec.code_version),
        io_manager_key="lake",
        pool=spec.pool_of(opened.study),
        automation_condition=_condition(spec),
        freshness_policy=stock_policy(opened, spec.asset),
        metadata={
            "dagster/column_schema": column_schema(tables[0]),
            **{f"columns of {table.name}": column_schema(table) for table in tables[1:]},
        },
    )(_compute(spec))


def asset_deps(spec: AssetSpec, opened: OpenStudy) -> list[dg.AssetDep]:
    """List what an asset reads; every part that is there, where it reads all authorities."""
    everything = dg.AllPartitionMapping()
    return [
        dg.AssetDep(
            dg.AssetKey(asset),
            partition_mapping=everything
            if spec.reads_all and not opened.assets[asset].study_wide
            else None,
        )
        for asset in dict.fromkeys(written_by()[table] for table in spec.reads)
        if asset in opened.assets
    ]


def column_schema(table: Table) -> dg.TableSchema:
    """Show a table's contract in the UI."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                str(column.dtype),
                column.meaning,
                dg.TableColumnConstraints(nullable=column.optional, unique=False),
                {"key": ""} if column.key else {},
            )
            for column in table.columns
        ]
    )


def _compute(spec: AssetSpec) -> Callable[..., dg.Output[Any]]:
    """Wrap a function of `assets/` into what Dagster runs: fingerprint, work, data version."""

    def compute(
        context: dg.AssetExecutionContext, study: StudyResource, tracking: Tracking
    ) -> dg.Output[Any]:
        opened = study.open()
        authority = (
            None if spec.study_wide else authority_of(context.partition_key, opened.authorities)
        )
        tags = context.run.tags
        retry = spec.asset in tags.get(RETRY_TAG, "").split(",")
        origin = opened.input_fingerprint(spec.asset, authority)
        forced = spec.asset in tags.get(FORCE_TAG, "").split(",")
        only_stale = "true" in (tags.get(ONLY_STALE_TAG), tags.get(AUTOMATION_TAG))
        asked_for = forced or retry or not only_stale
        if not asked_for and opened.is_fresh(spec.asset, authority):
            return _unchanged(spec, opened, authority)
        began = time.monotonic()
        begins(spec.asset, authority)
        why = f"{_named(spec.asset, authority)}: {_why(opened, spec, authority, asked_for)}"
        _log.info(why)
        context.log.info(why)
        inputs = to_json(opened.inputs_by_name(spec.asset, authority))
        work = AssetContext(
            opened,
            spec.asset,
            authority,
            context.run.run_id,
            retry=retry,
            anew=forced,
            tracking=tracking,
            log=context.log,
        )
        try:
            let_run_once(context, spec.asset, opened.study)
            with (
                tried_again(context),
                interrupted_as_cancelled(context.instance, context.run.run_id),
            ):
                made = _made(work, spec, context.instance)
        finally:
            work.ledger.put_down()
        counts = ", ".join(f"{frame.height:,} of {table}" for table, frame in made.frames.items())
        _log.info("%s: made, rows: %s", _named(spec.asset, authority), counts or "none")
        is_made(spec.asset, authority)
        return dg.Output(
            (made, made.provenance(origin, inputs, time.monotonic() - began)),
            data_version=dg.DataVersion(_data_version(made)),
            metadata={
                **_row_counts(made.frames),
                **_rounded(made.metadata),
                **_links(work, opened, made.metadata),
            },
        )

    return compute


def _unchanged(spec: AssetSpec, opened: OpenStudy, authority: str | None) -> dg.Output[Any]:
    """Say that what is there is up to date."""
    provenance = opened.provenance(spec.writes[0], authority)
    return dg.Output(
        Unchanged(),
        data_version=dg.DataVersion(opened.data_version(spec.asset, authority) or ""),
        metadata={
            **UP_TO_DATE,
            "dagster/row_count": provenance.row_count if provenance else 0,
        },
    )


def _named(asset: str, authority: str | None) -> str:
    return f"{asset} of {authority or 'the study'}"


def _why(opened: OpenStudy, spec: AssetSpec, authority: str | None, asked_for: bool) -> str:
    """Say why an asset is made."""
    if opened.provenance(spec.writes[0], authority) is None:
        return "not there yet"
    changed = opened.changed_inputs(spec.asset, authority)
    return f"changed: {', '.join(changed)}" if changed else "asked for" if asked_for else "changed"


def _made(work: AssetContext, spec: AssetSpec, instance: dg.DagsterInstance) -> AssetResult:
    """Make an asset; only draw its figures again, where nothing else has changed."""
    asked_for = work.anew or work.retry
    if asked_for or not work.opened.is_but_drawn_otherwise(work.asset, work.authority_code):
        made: AssetResult = spec.make(work)
        return made
    there = {table: work.opened.read(table, work.authority_code) for table in spec.writes}
    provenance = work.opened.provenance(spec.writes[0], work.authority_code)
    assert provenance is not None, "asked above"
    drawn = work.drawn(there) if provenance.applies else {}
    return AssetResult(
        there,
        {**_told_before(work, spec, instance), **drawn, **ONLY_DRAWN},
        note=provenance.note,
        reuse=provenance.reuse,
        applies=provenance.applies,
    )


def _told_before(
    work: AssetContext, spec: AssetSpec, instance: dg.DagsterInstance
) -> dict[str, Any]:
    """Give what the UI showed of an asset when it was made, its figures apart."""
    code = work.authority_code
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(
            dg.AssetKey(spec.asset), asset_partitions=[safe_name(code)] if code else None
        ),
        limit=1,
    ).records
    found = records[0].asset_materialization if records else None
    kept = dict(found.metadata) if found else {}
    return {
        key: value
        for key, value in kept.items()
        if not key.startswith("dagster/") and not _is_of_figure(value)
    }


def _is_of_figure(told: Any) -> bool:
    """Whether what the UI shows is a figure, or says where some are kept."""
    return str(getattr(told, "value", told)).startswith(("![", "figures/"))


def _data_version(made: AssetResult) -> str:
    """Hash what was made, as the files hash it that it is about to be written to."""
    return data_version(
        {
            table: content_of(frame, TABLES[table], made.provenance("").told).fingerprint
            for table, frame in made.frames.items()
        }
    )


def _row_counts(frames: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Count the rows of the first table, whose columns the UI shows, and of each further one."""
    (_, first), *others = frames.items()
    each = {f"rows of {table}": frame.height for table, frame in others}
    return {"dagster/row_count": first.height, **each}


def _links(work: AssetContext, opened: OpenStudy, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Say whose it is, and where its figures and its MLflow run are to be looked at."""
    links: dict[str, Any] = {}
    if work.authority_code and (name := authority_name(opened, work.authority_code)):
        links["authority"] = name
    if specs()[work.asset].drawing is not None and work.study.figures.draw:
        links["figures"] = dg.MetadataValue.path(work.figures)
    run_id = metadata.get("mlflow_run_id")
    if isinstance(run_id, str):  # what was told before has its link already
        links["mlflow_run"] = work.tracking.page_of(run_id)
    return links


def _rounded(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _number(value) if isinstance(value, float) else value
        for key, value in metadata.items()
    }


def _number(value: float) -> float | str:
    """Give four digits; what is no number as text, since the UI's JSON has none for it."""
    return float(f"{value:.4g}") if math.isfinite(value) else str(value)


def _description(spec: AssetSpec, tables: list[Table]) -> str:
    paragraphs = [spec.make.__doc__ or ""]
    paragraphs += [
        f"Table `{table.name}`: {table.meaning} Key: {', '.join(table.key)}." for table in tables
    ]
    return "\n\n".join(paragraphs)


def _condition(spec: AssetSpec) -> dg.AutomationCondition:
    match spec.automated:
        case "weekly":
            return automation.weekly()
        case "eager":
            return automation.when_input_changed(with_sources=spec.asset == FETCHED)
        case "once_made":
            return automation.once_made()
