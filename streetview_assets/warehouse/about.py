"""The table `about` of the published file: what it was made from, and what to name beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from streetview_assets.images.providers.terms import terms_of
from streetview_assets.points.roads.openstreetmap import LICENCE, is_openstreetmap
from streetview_assets.study.study_file import Study
from streetview_assets.text.strict_json import to_json

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
    "image_count": "images that are there",
    "captured_oldest_on": "first of the month of the oldest image with a known date",
    "captured_newest_on": "of the newest image with a known date",
    "attributions": "whom to name beside images and what is made of them",
    "licences": "under which licences the inputs are, as far as the program knows them",
    "synthetic": "whether the images were drawn by a program, and show no real place",
    "note": "what a reader must know before quoting a number; null where nothing",
    "table_notes": "JSON, by table what its making noted, such as why it has no rows",
}
"""Its columns, with their meanings."""


@dataclass(frozen=True)
class Build:
    """What a build says of itself.

    Attributes
    ----------
    study_hash
        Of the study file's values and of the files it names.
    code_version
        Of this package.
    build_id
        Another for every build.
    built_at
        UTC.
    table_notes
        By table what its making noted, such as why it has no rows.
    """

    study_hash: str
    code_version: str
    build_id: str
    built_at: datetime
    table_notes: Mapping[str, str] = field(default_factory=dict)


def add_about(connection: duckdb.DuckDBPyConnection, study: Study, build: Build) -> None:
    """Make the table `about`, of one row, from the tables and marts beside it.

    Parameters
    ----------
    connection
        The file that is being built, with its tables and marts.
    study
        The study file, read.
    build
        Hash of the study, version of the code, id and time (UTC) of the build.
    """
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
            $attributions::varchar[] as attributions,
            $licences::varchar[] as licences,
            $synthetic as synthetic,
            $note::varchar as note,
            $table_notes::varchar as table_notes
        """,
        {
            "study": study.name,
            "study_hash": build.study_hash,
            "code_version": build.code_version,
            "build_id": build.build_id,
            "built_at": build.built_at,
            "encoder": study.encoder.slug,
            "target": study.target.name if study.target else None,
            "attributions": _attributions(connection, study),
            "licences": _licences(connection, study),
            "synthetic": study.is_synthetic,
            "note": SYNTHETIC_NOTE if study.is_synthetic else None,
            # Of an empty map, DuckDB writes what its version 1.0 cannot read.
            "table_notes": to_json(dict(build.table_notes)),
        },
    )


def _attributions(connection: duckdb.DuckDBPyConnection, study: Study) -> list[str]:
    """List whom to name: what each provider asks for, then whoever an image names."""
    owners = connection.execute(
        """
        select distinct copyright
        from panoramas
        semi join (from images where status = 'ok') as images using (provider, panorama_id)
        where copyright is not null
        order by copyright
        """
    ).fetchall()
    terms = [terms_of(name) for name in _providers(connection)]
    asked = [one.credit for one in terms if one.names_owners]
    beside = [study.satellite.credit] if study.satellite else []
    return [*asked, *beside, *(owner for (owner,) in owners)]


def _licences(connection: duckdb.DuckDBPyConnection, study: Study) -> list[str]:
    """List the licences of what came in; of a provider with a licence an image, those there."""
    found = connection.execute(
        """
        select provider, list(distinct licence order by licence) filter (licence is not null)
        from panoramas where status = 'ok' group by provider
        """
    ).fetchall()
    each = dict(found)
    licences = []
    for name in _providers(connection):
        terms = terms_of(name)
        of_images = each.get(name) if terms.licence_by_image else None
        here = f"; here: {', '.join(of_images)}" if of_images else ""
        licences.append(f"{terms.images}: {terms.licence}{here}")
    of_tags = study.place and study.place.points_of_interest and not study.place.category
    if is_openstreetmap(study.roads) or study.environment or of_tags:
        licences.append(LICENCE)
    if study.satellite and study.satellite.licence:
        licences.append(study.satellite.licence)
    return licences


def _providers(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "select distinct provider from panoramas where status = 'ok' order by provider"
        ).fetchall()
    ]
