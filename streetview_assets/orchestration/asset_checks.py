"""Asset checks: the queries of `dbt_like_sql/checks` on what was just made."""

from collections.abc import Iterator
from itertools import groupby

import dagster as dg
import polars as pl

from streetview_assets.orchestration.automation.partitions import authority_of
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.study_state.lineage import specs, written_by
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.warehouse.data_tests import CheckResult, run_checks
from streetview_assets.warehouse.queries import Query, queries_of


def asset_checks(
    opened: OpenStudy, partitions: dg.PartitionsDefinition
) -> list[dg.AssetChecksDefinition]:
    """Make an asset check of each query, by authority where its asset is.

    The checks of one asset are one step: a step costs more than most queries do.
    """
    unasked = {asset for asset in specs() if asset not in opened.assets}
    queries = [
        query for query in queries_of("check") if written_by().get(query.asset) not in unasked
    ]
    return [
        _checks(key, list(of_asset), partitions)
        for key, of_asset in groupby(sorted(queries, key=_asset_key), _asset_key)
    ]


def passes_blocking_checks(opened: OpenStudy, table: str, authority: str | None) -> bool:
    """Whether a table, as it is there now, lets what reads it be made.

    Parameters
    ----------
    opened
        The study.
    table
        Name of the asset whose tables are checked.
    authority
        Code of the authority; None: all of the study.
    """
    checks = [one for one in queries_of("check") if one.asset == table and one.blocking]
    results = run_checks(opened.lake, checks, opened.study, authority=authority)
    return all(result.passed for result in results)


def _asset_key(query: Query) -> dg.AssetKey:
    asset = written_by().get(query.asset)
    return dg.AssetKey(asset) if asset else dg.AssetKey(["mart", query.asset])


def _checks(
    key: dg.AssetKey, queries: list[Query], partitions: dg.PartitionsDefinition
) -> dg.AssetChecksDefinition:
    spec = specs().get(key.to_user_string())
    study_wide = spec is None or spec.study_wide
    checked = [
        dg.AssetCheckSpec(
            query.name,
            asset=key,
            description=query.description,
            blocking=query.blocking,
            partitions_def=None if study_wide else partitions,
        )
        for query in queries
    ]

    @dg.multi_asset_check(
        name=f"{key.to_python_identifier()}_checks", specs=checked, can_subset=True
    )
    def checks(
        context: dg.AssetCheckExecutionContext, study: StudyResource
    ) -> Iterator[dg.AssetCheckResult]:
        opened = study.open()
        authority = None if study_wide else authority_of(context.partition_key, opened.authorities)
        wanted = {check.name for check in context.selected_asset_check_keys}
        chosen = [query for query in queries if query.name in wanted]
        for found in run_checks(opened.lake, chosen, opened.study, authority=authority):
            yield _result(key, found)

    return checks


def _result(key: dg.AssetKey, found: CheckResult) -> dg.AssetCheckResult:
    query = found.check
    offending = counted(found.offending_count, "offending row")
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=query.name,
        passed=found.passed,
        severity=getattr(dg.AssetCheckSeverity, query.severity.upper()),
        description=f"{offending}: {query.description}{_told(found)}",
        metadata={"offending_rows": found.offending_count, **_first(found)},
    )


def _told(found: CheckResult) -> str:
    """Say in a line what is wrong with the first row that offends."""
    if found.passed:
        return ""
    row = found.sample.head(1).cast(pl.String, strict=False).row(0, named=True)
    return " First: " + ", ".join(f"{name} {value}" for name, value in row.items() if value) + "."


def _first(found: CheckResult) -> dict[str, dg.JsonMetadataValue]:
    if found.passed:
        return {}
    rows = found.sample.cast(pl.String, strict=False).to_dicts()
    return {"first of them": dg.MetadataValue.json(rows)}
