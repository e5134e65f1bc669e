"""The sources of a study in the asset graph: files, folders and the study file, with versions.

The version of a source is that of the key that names it, by content, as `status` reckons it. Of
the study file there is one version a key that names no file: an asset follows the keys it reads.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import AssetSpec
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.study_state.source_versions import (
    STUDY_FILE,
    files_named,
    keys_read,
    source_of,
    versions_of_keys,
)

GROUP = PREFIX = "source"
FILE = {"dagster/kind/file": ""}
DATA_VERSION = "dagster/data_version"
"""Dagster's tag of the version that an event tells."""


def source_assets(opened: OpenStudy) -> list[dg.SourceAsset]:
    """Make an observable asset of each source that assets of a study read.

    Parameters
    ----------
    opened
        The study.
    """
    return [
        _source_asset(name, keys, opened)
        for name, keys in _by_source(opened.study, keys_read(opened)).items()
    ]


def source_deps(spec: AssetSpec, study: Study) -> list[dg.AssetDep]:
    """List the sources that an asset reads; of the study file, just its keys.

    Parameters
    ----------
    spec
        The asset, with all that it reads in this study.
    study
        The study.
    """
    return [
        dg.AssetDep(
            _asset_key(name),
            partition_mapping=dg.SpecificPartitionsPartitionMapping(keys)
            if name == STUDY_FILE
            else None,
        )
        for name, keys in _by_source(study, sorted(spec.keys)).items()
    ]


def observe_sources(
    opened: OpenStudy, instance: dg.DagsterInstance, keys: Iterable[str]
) -> list[str]:
    """Tell an instance the versions of sources, where they are not those that it was told last.

    Parameters
    ----------
    opened
        The study, as it is now.
    instance
        Its Dagster instance.
    keys
        Of the study, as assets read them.

    Returns
    -------
    list of str
        The keys that come to something else than they did.

    Raises
    ------
    StudyError
        Where a file is not readable.
    """
    versions = versions_of_keys(opened, keys)
    told = instance.daemon_cursor_storage.get_cursor_values({_told_as(key) for key in versions})
    changed = [key for key, now in versions.items() if told.get(_told_as(key)) != now]
    for key in changed:
        instance.report_runless_asset_event(_observation(opened.study, key, versions[key]))
    if changed:
        now_told = {_told_as(key): versions[key] for key in changed}
        instance.daemon_cursor_storage.set_cursor_values(now_told)
    return changed


def _by_source(study: Study, keys: Iterable[str]) -> dict[str, list[str]]:
    by_source = defaultdict[str, list[str]](list)
    for key in keys:
        by_source[source_of(study, key)].append(key)
    return by_source


def _source_asset(name: str, keys: list[str], opened: OpenStudy) -> dg.SourceAsset:
    study_file = opened.study.path

    def observe() -> dg.DataVersion | dg.DataVersionsByPartition:
        versions = versions_of_keys(open_study(study_file), keys)
        if name == STUDY_FILE:
            return dg.DataVersionsByPartition(versions)
        return dg.DataVersion(versions[keys[0]])

    return dg.observable_source_asset(
        key=_asset_key(name),
        group_name=GROUP,
        description=_description(name, keys),
        metadata=_paths(opened.study, keys) or {"path": dg.MetadataValue.path(str(study_file))},
        tags=FILE,
        partitions_def=dg.StaticPartitionsDefinition(keys) if name == STUDY_FILE else None,
    )(observe)


def _description(name: str, keys: list[str]) -> str:
    if name == STUDY_FILE:
        return (
            "The study file: a partition a key that assets read, with what it comes to. Keys "
            "under `sources` are what is made of several files."
        )
    return f"What `{keys[0]}` of the study file names, by the content of its files."


def _paths(study: Study, keys: list[str]) -> Mapping[str, Any]:
    """Show the files and folders that keys name."""
    paths = [path for key in keys for path in files_named(study, key)]
    return {path.name: dg.MetadataValue.path(str(path)) for path in paths}


def _observation(study: Study, key: str, version: str) -> dg.AssetObservation:
    name = source_of(study, key)
    return dg.AssetObservation(
        _asset_key(name),
        partition=key if name == STUDY_FILE else None,
        metadata=_paths(study, [key]),
        tags={DATA_VERSION: version},
    )


def _asset_key(name: str) -> dg.AssetKey:
    return dg.AssetKey([PREFIX, name])


def _told_as(key: str) -> str:
    """Name the place in the instance where the version of a key is remembered."""
    return f"streetview/{PREFIX}/{key}"
