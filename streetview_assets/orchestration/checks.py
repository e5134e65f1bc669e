"""Asset checks: each query of `dbt_like_sql/checks` on the authority that was just made."""

import dagster as dg
import polars as pl

from streetview_assets.lake.check_queries import CheckResult, run_check
from streetview_assets.lake.recipes import RECIPES, WRITTEN_BY
from streetview_assets.lake.sql import Query, read_queries, sql_folder
from streetview_assets.orchestration.resources import StudyResource


def asset_checks(partitions: dg.PartitionsDefinition) -> list[dg.AssetChecksDefinition]:
    """Make an asset check of each query, by authority where its asset is."""
    return [
        _check(query, partitions) for query in read_queries(sql_folder()) if query.kind == "check"
    ]


def _check(query: Query, partitions: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    asset = WRITTEN_BY.get(query.asset)
    national = asset is None or RECIPES[asset].national
    key = dg.AssetKey(asset) if asset else dg.AssetKey(["mart", query.asset])
    severity = getattr(dg.AssetCheckSeverity, query.severity.upper())

    @dg.asset_check(
        asset=key,
        name=query.name,
        description=query.description,
        blocking=query.blocking,
        partitions_def=None if national else partitions,
    )
    def check(context: dg.AssetCheckExecutionContext, study: StudyResource) -> dg.AssetCheckResult:
        opened = study.open()
        authority = None if national else context.partition_key
        found = run_check(opened.lake, query, opened.study, authority=authority)
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=severity,
            description=f"{found.offending_count} offending rows: {query.description}",
            metadata={"offending_rows": found.offending_count, **_first(found)},
        )

    return check


def _first(found: CheckResult) -> dict[str, dg.JsonMetadataValue]:
    if found.passed:
        return {}
    rows = found.sample.cast(pl.String, strict=False).to_dicts()
    return {"first of them": dg.MetadataValue.json(rows)}
