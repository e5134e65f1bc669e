"""Marts and the published database: assets whose dependencies are read from their SQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import polars as pl

from streetview_assets.orchestration.automation import conditions as automation
from streetview_assets.orchestration.progress import begins, is_made, tell
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.runs.instance import interrupted_as_cancelled
from streetview_assets.study_state.lineage import written_by
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.warehouse.column_lineage import column_lineage
from streetview_assets.warehouse.marts import make_mart, marts, publication, publish_study
from streetview_assets.warehouse.outside_the_lake import OUTSIDE
from streetview_assets.warehouse.queries import Query, lake_name
from streetview_assets.warehouse.study_relation import study_relation

PUBLISHED, EXPLORER = "published_database", "explorer"
GROUP = "marts"


def sql_assets(opened: OpenStudy) -> list[dg.AssetsDefinition]:
    """Make an asset of each mart, the published database that they end in, and the explorer."""
    made = [*(_mart(query, opened) for query in marts()), _published(opened)]
    return [*made, _explorer(opened)] if opened.study.explorer else made


def _mart(query: Query, built: OpenStudy) -> dg.AssetsDefinition:
    @dg.asset(
        key=["mart", query.name],
        description=query.description,
        group_name=GROUP,
        owners=built.study.owners,
        kinds={"sql", "duckdb", "parquet"},
        deps=_deps(query.reads, built),
        automation_condition=automation.publish_when_idle(),
        metadata={
            "dagster/column_schema": _column_schema(query, {}, {}),
            "sql": dg.MetadataValue.md(f"```sql\n{query.sql}\n```"),
        },
    )
    def mart(context: dg.AssetExecutionContext, study: StudyResource) -> dg.MaterializeResult:
        with _making(f"mart/{query.name}", context, study) as opened:
            provenance = make_mart(opened, query)
        written = opened.lake.path(lake_name(query.name))
        types = pl.scan_parquet(written, glob=False).collect_schema()
        made_of = _made_of(query, opened)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(provenance.fingerprint),
            metadata={
                "dagster/row_count": provenance.row_count,
                "dagster/column_schema": _column_schema(query, types, made_of),
                "dagster/column_lineage": _lineage(made_of),
                **_who(opened),
            },
        )

    return mart


@contextmanager
def _making(
    asset: str, context: dg.AssetExecutionContext, study: StudyResource
) -> Iterator[OpenStudy]:
    """Open the study for what is made of all that it asks for now, and tell of its making."""
    opened = study.open()
    begins(asset, None)
    with interrupted_as_cancelled(context.instance, context.run.run_id):
        opened.drop_unasked()
        yield opened
    is_made(asset, None)


def _column_schema(
    query: Query,
    types: Mapping[str, pl.DataType],
    made_of: Mapping[str, Sequence[tuple[str, str]]],
) -> dg.TableSchema:
    """Show the columns of a mart; types and origins are known when it has been made.

    Dagster's own UI draws no lineage of columns: each says in words what it is made of.
    """
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, str(types.get(name, "")), meaning + _from(made_of.get(name, ())))
            for name, meaning in query.columns.items()
        ]
    )


def _from(columns: Sequence[tuple[str, str]]) -> str:
    named = ", ".join(f"`{table}.{name}`" for table, name in columns)
    return f"; from {named}" if named else ""


def _made_of(query: Query, opened: OpenStudy) -> dict[str, list[tuple[str, str]]]:
    """Say of which columns of tables and marts each column of a mart is made."""
    found = column_lineage(query, marts(), study_relation(opened.study).columns)
    return {
        column: [(table, name) for table, name in columns if table not in OUTSIDE]
        for column, columns in found.items()
    }


def _lineage(made_of: Mapping[str, Sequence[tuple[str, str]]]) -> dg.TableColumnLineage:
    """Name the asset that writes each of the tables."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(_writer(table), name) for table, name in columns]
            for column, columns in made_of.items()
        }
    )


def _published(built: OpenStudy) -> dg.AssetsDefinition:

    @dg.asset(
        name=PUBLISHED,
        description="`streetview.duckdb`: what analysts open. Every table and mart, with comments; "
        "built aside and swapped in, so that whoever has the old one open is not disturbed.",
        group_name=GROUP,
        owners=built.study.owners,
        kinds={"duckdb"},
        deps=[*sorted(built.assets), *(dg.AssetKey(["mart", query.name]) for query in marts())],
        automation_condition=automation.publish_when_idle(),
    )
    def published_database(
        context: dg.AssetExecutionContext, study: StudyResource
    ) -> dg.MaterializeResult:
        with _making(PUBLISHED, context, study) as opened:
            report = publish_study(opened)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(publication(opened)),
            metadata={
                "path": dg.MetadataValue.path(report.path),
                "size_mb": report.size_bytes / 1e6,
                "rows": dict(report.row_counts),
                **_who(opened),
            },
        )

    return published_database


def _explorer(built: OpenStudy) -> dg.AssetsDefinition:
    @dg.asset(
        name=EXPLORER,
        description="The page of all images as a folder, for any web server: the layout and the "
        "map side by side, with thumbnails where the provider's terms let them be passed on.",
        group_name=GROUP,
        owners=built.study.owners,
        kinds={"javascript"},
        deps=[PUBLISHED],
        automation_condition=automation.publish_when_idle(),
    )
    def explorer(context: dg.AssetExecutionContext, study: StudyResource) -> dg.MaterializeResult:
        from streetview_assets.explorer.static_folder import write_static

        with _making(EXPLORER, context, study) as opened:
            page = write_static(
                opened, on_progress=lambda done, total: tell(EXPLORER, None, done, total)
            )
        return dg.MaterializeResult(
            data_version=dg.DataVersion(publication(opened)),
            metadata={"page": dg.MetadataValue.path(page), **_who(opened)},
        )

    return explorer


def _deps(tables: tuple[str, ...], built: OpenStudy) -> list[dg.AssetKey]:
    writers = [_writer(table) for table in tables]
    there = {*map(dg.AssetKey, built.assets), *(_writer(mart.name) for mart in marts())}
    return [key for key in dict.fromkeys(writers) if key in there]


def _writer(table: str) -> dg.AssetKey:
    """Give the key of the asset that writes a table or mart."""
    return dg.AssetKey.from_user_string(written_by().get(table, f"mart/{table}"))


def _who(opened: OpenStudy) -> dict[str, Any]:
    begun = ("areas", "sample_points")
    there = [
        code
        for code in opened.authorities
        if any(opened.lake.files(table, code) for table in begun)
    ]
    return {"authorities that were in": ", ".join(there) or "none"}
