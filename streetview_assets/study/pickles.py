"""Files of a study that are pickles, which are read only where it says `trust: true`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from streetview_assets.files import pickled
from streetview_assets.files.labels import HDF5, labels_beside


def refuse_pickles(study: BaseModel, *, is_trusted: bool) -> None:
    """Refuse a study that names a pickle without saying that it trusts those it names.

    Parameters
    ----------
    study
        The study file, or a part of it.
    is_trusted
        Whether it says so.

    Raises
    ------
    ValueError
        With the key, the file and the ways out.
    """
    for key, path in () if is_trusted else _pickles(study):
        raise ValueError(
            f"{key}: {path.name} is a pickle, which can run code when it is read. If you know who "
            "made it, say `trust: true` in the study file: data frames alone are then unpickled, "
            f"in a process of their own. Or: {pickled.REMEDY}"
        )


def _pickles(value: Any, key: str = "") -> Iterator[tuple[str, Path]]:
    """Yield every file that is a pickle with its key, labels beside features among them."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _pickles(getattr(value, name), f"{key}.{name}".lstrip("."))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _pickles(item, f"{key}[{number}]")
    elif isinstance(value, Path) and not value.is_dir():
        labels = None if value.suffix.lower() not in HDF5 else labels_beside(value)
        for file in (value, labels):
            if file is not None and file.suffix.lower() in pickled.SUFFIXES:
                yield key, file
