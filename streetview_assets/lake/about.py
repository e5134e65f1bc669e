"""The table `about` of the published file: what it was made from, and what to name beside it."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from streetview_assets.study import Study

LICENCES = {
    "google": "Google Street View pictures: Google Maps Platform terms of service, which restrict "
    "storage and passing on; show the attribution beside every picture",
    "mapillary": "Mapillary pictures: CC BY-SA 4.0",
    "folder": "pictures of a folder: as their owner says",
    "synthetic": "synthetic pictures: made by this program, free of rights",
}
OPENSTREETMAP_FILES = (".osm", ".pbf", ".graphml")
OPENSTREETMAP_LICENCE = "roads: © OpenStreetMap contributors, ODbL 1.0"

ABOUT = {
    "study": "name of the study",
    "study_hash": "hash of the study file's values and of the files it names",
    "code_version": "version of the program",
    "build_id": "fingerprint of the tables, marts and settings that it was built from",
    "built_at": "when it was built, UTC",
    "encoder": "slug of the encoder; rows of other encoders stay in the lake",
    "target": "the target that the models predict; null in a study without targets",
    "authorities": "codes of the authorities that are in",
    "area_count": "areas",
    "image_count": "pictures that are there",
    "captured_oldest_on": "first of the month of the oldest picture with a known date",
    "captured_newest_on": "of the newest picture with a known date",
    "attributions": "whom to name beside pictures and what is made of them",
    "licences": "under which licences the inputs are, as far as the program knows them",
    "synthetic": "whether the pictures were drawn by a program, and show no real place",
    "note": "what a reader must know before quoting a number; null where nothing",
}
"""Its columns, with their meanings."""


@dataclass(frozen=True)
class Build:
    """What a build says of itself."""

    study_hash: str
    code_version: str
    build_id: str
    built_at: datetime


def add_about(connection: duckdb.DuckDBPyConnection, study: Study, build: Build) -> None:
    """Make the table `about`, of one row, from the tables and marts beside it."""
    from streetview_assets.figures import SYNTHETIC_NOTE

    connection.execute(
        """
        create table about as
        select
            $study as study,
            $study_hash as study_hash,
            $code_version as code_version,
            $build_id as build_id,
            $built_at::timestamptz as built_at,
            $encoder as encoder,
            $target::varchar as target,
            (select coalesce(list(authority_code order by authority_code), [])
                from authority_coverage) as authorities,
            (select count(*) from areas) as area_count,
            (select count(*) from images where status = 'ok') as image_count,
            (select min(captured_oldest_on) from authority_coverage) as captured_oldest_on,
            (select max(captured_newest_on) from authority_coverage) as captured_newest_on,
            (select coalesce(list(distinct copyright order by copyright), [])
                from panoramas where status = 'ok' and copyright is not null) as attributions,
            $licences::varchar[] as licences,
            $synthetic as synthetic,
            $note::varchar as note
        """,
        {
            "study": study.name,
            "study_hash": build.study_hash,
            "code_version": build.code_version,
            "build_id": build.build_id,
            "built_at": build.built_at,
            "encoder": study.encoder.slug,
            "target": study.target.name if study.target else None,
            "licences": _licences(connection, study),
            "synthetic": study.is_synthetic,
            "note": SYNTHETIC_NOTE if study.is_synthetic else None,
        },
    )


def _licences(connection: duckdb.DuckDBPyConnection, study: Study) -> list[str]:
    providers = connection.execute(
        "select distinct provider from panoramas where status = 'ok' order by provider"
    ).fetchall()
    licences = [LICENCES.get(provider, f"pictures of {provider}") for (provider,) in providers]
    if study.roads is not None and (
        study.roads.source == "overpass"
        or (study.roads.path is not None and study.roads.path.suffix in OPENSTREETMAP_FILES)
    ):
        licences.append(OPENSTREETMAP_LICENCE)
    return licences
