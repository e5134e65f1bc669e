"""What tables are made from, as one hash: by it is decided what is out of date.

It covers the version of the code, what the study keys that are read come to, the content of the
source files they name and the fingerprints of the tables that are read; never a timestamp.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streetview_assets.embeddings.zero_shot.label_scores import prompts_of
from streetview_assets.embeddings.zero_shot.prompt_bank import exclusion_reasons
from streetview_assets.lake.content import digest
from streetview_assets.lake.parquet_lake import Lake, provenance_of_whole
from streetview_assets.study_state.lineage import AssetSpec
from streetview_assets.study_state.sources import Sources
from streetview_assets.study_state.study_values import study_value

_SHORT = 12


def input_fingerprint(spec: AssetSpec, sources: Sources, lake: Lake, authority: str | None) -> str:
    """Fingerprint all that an asset, or its part of one authority, is made from now.

    Parameters
    ----------
    spec
        The asset, with what it declares to read.
    sources
        The study's sources: what keys come to, hashes of files.
    lake
        Where the tables lie that it reads.
    authority
        Code of the authority; None where the asset is one for the whole study.
    """
    return digest(
        {
            "asset": spec.asset,
            "code_version": spec.code_version,
            "authority": authority,
            "keys": {key: resolved_value(sources, key) for key in spec.keys},
            "tables": tables_read(spec, lake, sources.study.encoder.slug, authority),
        }
    )


def inputs_by_name(
    spec: AssetSpec, sources: Sources, lake: Lake, authority: str | None
) -> dict[str, str]:
    """Fingerprint each thing that an asset is made from, under the name that a person knows.

    What `input_fingerprint` sums up; by it is said which of them has changed.

    Parameters
    ----------
    spec, sources, lake, authority
        As of `input_fingerprint`.
    """
    tables = tables_read(spec, lake, sources.study.encoder.slug, authority)
    made_from = {
        "the program": spec.code_version,
        **{f"table `{table}`": files for table, files in tables.items()},
    }
    return {
        **{f"key `{key}`": version_of_key(sources, key) for key in spec.keys},
        **{name: digest(value)[:_SHORT] for name, value in made_from.items()},
    }


def version_of_key(sources: Sources, key: str) -> str:
    """Give the version of what a key of the study comes to; of files, by their content.

    Parameters
    ----------
    sources, key
        As of `resolved_value`.
    """
    return digest(resolved_value(sources, key))[:_SHORT]


def tables_read(
    spec: AssetSpec, lake: Lake, encoder: str, authority: str | None
) -> dict[str, dict[str, str]]:
    """Collect the fingerprints of the files that an asset reads, by table and file.

    Parameters
    ----------
    spec
        The asset, with what it declares to read.
    lake
        Where the tables lie.
    encoder
        Slug of the study's encoder.
    authority
        Code of the authority; None where the asset is one for the whole study.
    """
    part = None if spec.reads_every_authority else authority
    return {table: _parts(table, lake, encoder, part) for table in spec.reads}


def _parts(table: str, lake: Lake, encoder: str, authority: str | None) -> dict[str, str]:
    """Collect the fingerprints of a table's files: as they were, of a lake that is seen at once."""
    key = table, encoder, authority
    if lake.seen is not None and key in lake.seen:
        return lake.seen[key]
    found = {
        path.relative_to(lake.root).as_posix(): _fingerprint_of(path)
        for path in lake.files(table, authority, encoder)
    }
    if lake.seen is not None:
        lake.seen[key] = found
    return found


def _fingerprint_of(path: Path) -> str:
    """Give the fingerprint of what a file holds; of a damaged one, what no file has."""
    provenance = provenance_of_whole(path)
    return provenance.fingerprint if provenance else "damaged"


def data_version(fingerprints: Mapping[str, str]) -> str:
    """Give one hash for all that an asset wrote, by table; of one table, its fingerprint."""
    first, *others = fingerprints.values()
    return digest(fingerprints) if others else first


def resolved_value(sources: Sources, key: str) -> Any:
    """Say what a key of the study comes to: the same, left out or given as its default.

    Keys under `sources` are no keys of the study file: they name what is made of several.

    Parameters
    ----------
    sources
        The study's sources.
    key
        Dotted key of the study file.
    """
    study = sources.study
    match key.split("."):
        case ["sources", name]:
            return sources.version(name)
        case ["crs"]:
            return sources.crs() if study.areas or study.roads else study.crs
        case ["targets", "label"]:
            return {target.name: target.label for target in study.targets}
        case ["targets", "domain"]:
            return {target.name: target.of_domain for target in study.targets}
        case ["models", "target"]:
            return study.target and study.target.name
        case ["targets", "measured_on"]:
            return {one.name: one.measured_on for one in study.targets}
        case ["clusters", "sweep"]:
            return study.clusters.numbers
        case ["sample_size", "k"] if study.sample_size:
            return study.sample_size.k_of(study.clusters)
        case ["labels"] if study.labels:
            return prompts_of(study.labels)
    value = study_value(study, key, sources.hashes.of)
    match key:
        case "targets":
            # What people call it, and group it by, is followed alone by what shows that.
            shown = ("label", "domain")
            value = [{n: v for n, v in target.items() if n not in shown} for target in value]
        case "models":
            value["target"] = study.target and study.target.name
        case "ordinal" if study.ordinal:
            value["target"] = study.ordinal.target or (study.target and study.target.name)
        case "exclusions" if study.exclusions and study.exclusions.words is None:
            value["words"] = exclusion_reasons()
        case "areas" if study.areas:
            value["name"] = study.areas.name or study.areas.code
    return value
