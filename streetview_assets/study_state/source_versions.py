"""The sources of a study: files and folders that its keys name, and the study file itself.

Each has a version by content: the one by which it is decided what is out of date.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from streetview_assets.lake.content import digest
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.fingerprint import version_of_key
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.source_hashes import state_of
from streetview_assets.study_state.study_values import study_value

STUDY_FILE = "study_file"
"""The source of all that keys of the study come to, and that is no file."""


def keys_read(opened: OpenStudy, assets: Iterable[str] | None = None) -> tuple[str, ...]:
    """List the keys of the study that assets declare to read.

    Parameters
    ----------
    opened
        The study.
    assets
        Their names; those that the study does not ask for read nothing. None: all.
    """
    wanted = opened.assets.keys() if assets is None else opened.assets.keys() & set(assets)
    return tuple(sorted({key for asset in wanted for key in opened.assets[asset].keys}))


def source_of(study: Study, key: str) -> str:
    """Name the source that a key is read from.

    Parameters
    ----------
    study
        The study.
    key
        Dotted key; one under `sources` is what is made of several files.
    """
    return key.replace(".", "_") if files_named(study, key) else STUDY_FILE


def files_named(study: Study, key: str) -> tuple[Path, ...]:
    """List the files and folders that a key of a study names.

    Parameters
    ----------
    study
        The study.
    key
        Dotted key, or a whole part.
    """
    value: Any = study
    for part in key.split("."):
        value = getattr(value, part, None)
    return tuple(_paths(value))


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _paths(getattr(value, name))
    elif isinstance(value, dict):
        yield from _paths(tuple(value.values()))
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _paths(one)


def versions_of_keys(opened: OpenStudy, keys: Iterable[str]) -> dict[str, str]:
    """Give the version of what each key comes to now, as `OpenStudy.inputs_by_name` gives it.

    Parameters
    ----------
    opened
        The study. A file whose state is that of the last look is not read again.
    keys
        Dotted keys that assets of the study read.

    Raises
    ------
    StudyError
        Where a file is not readable.
    """
    return {key: version_of_key(opened.sources, key) for key in keys}


def state_of_sources(study: Study) -> str:
    """Digest a study with the states of the files that it names, of which none is read.

    Parameters
    ----------
    study
        The study file, read.

    Raises
    ------
    StudyError
        Where a file is not readable.
    """
    return digest({key: study_value(study, key, state_of) for key in type(study).model_fields})
