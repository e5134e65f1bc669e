"""Marts and the published file of an open study: made from the lake, and when they are behind."""

from datetime import UTC, datetime
from functools import cache
from graphlib import TopologicalSorter
from statistics import mode

from streetview_assets.errors import DamagedError
from streetview_assets.lake.content import digest
from streetview_assets.lake.parquet_lake import Provenance, provenance_of_whole, read_provenance
from streetview_assets.study_state.lineage import specs, written_by
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets.version import version_in_words
from streetview_assets.warehouse.publish import Build, PublishReport, publish
from streetview_assets.warehouse.published_query import DATABASE, query_published
from streetview_assets.warehouse.queries import Query, lake_name, queries_of, run_query, texts_of
from streetview_assets.warehouse.study_relation import study_relation


@cache
def marts() -> tuple[Query, ...]:
    """List the marts, each after those that it reads."""
    named = {query.name: query for query in queries_of("mart")}
    read = {
        name: [other for other in query.reads if other in named] for name, query in named.items()
    }
    return tuple(named[name] for name in TopologicalSorter(read).static_order())


def mart_origin(opened: OpenStudy, query: Query) -> str:
    """Fingerprint what a mart is made from: its SQL, the study, the files of what it reads.

    Parameters
    ----------
    opened
        The study.
    query
        The mart.
    """
    said = study_relation(opened.study).row(0)
    return digest(["mart", query.name, query.sql, said, _versions(opened, query.reads)])


def make_mart(opened: OpenStudy, query: Query) -> Provenance:
    """Run a mart's query over the lake and put its result in place; give its provenance.

    Parameters
    ----------
    opened
        The study.
    query
        The mart.
    """
    origin = mart_origin(opened, query)
    frame = run_query(opened.lake, query, opened.study)
    path = opened.lake.write(lake_name(query.name), frame, Provenance(origin))
    return read_provenance(path)


def stale_marts(opened: OpenStudy) -> tuple[str, ...]:
    """Name the marts that are missing or out of date, in the order in which they are made."""
    stale: list[str] = []
    for query in marts():
        provenance = opened.lake.provenance(lake_name(query.name))
        fresh = provenance is not None and provenance.input_fingerprint == mart_origin(
            opened, query
        )
        if not fresh or set(stale) & set(query.reads):
            stale.append(query.name)
    return tuple(stale)


def publication(opened: OpenStudy) -> str:
    """Fingerprint all that the published file would hold now: its build id."""
    views, marts = texts_of("view"), texts_of("mart")
    queries, tables = [*views.values(), *marts.values()], (*TABLES, *marts)
    spent = opened.ledger.spending().rows()
    contracts = [repr(table) for table in TABLES.values()]
    versions = _versions(opened, tables)
    return digest(["published", queries, contracts, opened.study_hash, versions, spent])


def is_published(opened: OpenStudy) -> bool:
    """Whether the published file holds what it would hold now."""
    if not (opened.root / DATABASE).exists():
        return False
    try:
        found = query_published(opened.root, "select build_id from about")
    except DamagedError:
        return False
    return found["build_id"].to_list() == [publication(opened)]


def publish_study(opened: OpenStudy) -> PublishReport:
    """Build `streetview.duckdb` of a study and swap it in."""
    build = Build(
        study_hash=opened.study_hash,
        code_version=version_in_words(),
        build_id=publication(opened),
        built_at=datetime.now(UTC),
        table_notes=table_notes(opened),
    )
    return publish(opened.lake, opened.study, build)


def table_notes(opened: OpenStudy) -> dict[str, str]:
    """Say of tables why the study does not ask for them, or what their making noted.

    Parameters
    ----------
    opened
        The study.

    Returns
    -------
    dict
        By table; of notes that differ by authority the most frequent.
    """
    told = {}
    for table, asset in written_by().items():
        files = opened.lake.files(table, encoder=opened.encoder)
        made = [provenance.note for path in files if (provenance := provenance_of_whole(path))]
        why = specs()[asset].why_unasked(opened.study)
        notes = [why] if why else sorted(filter(None, made))
        if notes:
            told[table] = mode(notes)
    return told


def _versions(opened: OpenStudy, tables: tuple[str, ...]) -> dict[str, str]:
    files = [
        path
        for table in tables
        for path in opened.lake.files(lake_name(table), encoder=opened.encoder)
    ]
    provenances = {
        path.relative_to(opened.root).as_posix(): provenance_of_whole(path) for path in files
    }
    return {path: one.every_column if one else "damaged" for path, one in provenances.items()}
