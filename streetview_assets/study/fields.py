"""Kinds of values that several parts of the study file have."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FilePath,
    Tag,
    ValidationInfo,
)

from streetview_assets.files import pickled
from streetview_assets.files.labels import HDF5, labels_beside, tables_in
from streetview_assets.study.errors_explained import UNNAMED

WITHOUT_AREAS = "all"
"""The one partition of a study that has no areas."""


Statistic = Literal["median", "mean", "max", "min"]


def _beside_the_study(value: Any, info: ValidationInfo) -> Any:
    if not (isinstance(value, (str, Path)) and info.context):
        return value
    try:
        path = (Path(info.context["beside"]) / Path(value).expanduser()).resolve()
        path.exists()
    except (OSError, RuntimeError) as error:  # too long, a circle of links, `~` of nobody
        raise ValueError(f"{str(value)[:100]} is no path that can be looked at: {error}") from error
    return path


def _exists(path: Path) -> Path:
    if not path.exists():
        raise ValueError(f"no such file or folder: {path}")
    return path


def _text_code(value: Any) -> Any:
    """Refuse what YAML made of a code: `08`, `1e5`, `NO` and `2019-01-01` all need quotes."""
    if isinstance(value, (int, float, date)):
        kind = {bool: "truth value", date: "date"}.get(type(value), "number")
        raise ValueError(f"YAML read this code as the {kind} {value}; put it in quotes")
    return value


def _is_reached(owner: str) -> str:
    # What Dagster takes for an address; it would say so only when the UI starts.
    if not re.fullmatch(r"team:\S+|[\w.%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", owner, re.ASCII):
        raise ValueError(f"{owner!r} is neither an e-mail address nor a team, as `team:places`")
    return owner


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty")
    return text


def _has_one_gap(template: str) -> str:
    if template.count("{}") != 1:
        raise ValueError("a template holds one `{}`, where the text goes")
    return template


def _month(value: Any) -> Any:
    """Accept `2019-01` as the first of that month."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}", value):
        return f"{value}-01"
    return value


ExistingPath = Annotated[Path, BeforeValidator(_beside_the_study), AfterValidator(_exists)]


ExistingFile = Annotated[FilePath, BeforeValidator(_beside_the_study)]


Code = Annotated[str, BeforeValidator(_text_code), Field(min_length=1)]


Month = Annotated[date, BeforeValidator(_month)]


Prompt = Annotated[str, AfterValidator(_says_something)]


Prompts = Annotated[tuple[Prompt, ...], Field(min_length=1)]


# By tags, a fault is told of the kind of value that was given alone.
Labels = Annotated[
    Annotated[Literal["scene_classes"], Tag(UNNAMED[0])]
    | Annotated[dict[Code, Prompts], Tag(UNNAMED[1])],
    Discriminator(lambda value: UNNAMED[0] if isinstance(value, str) else UNNAMED[1]),
]


Owner = Annotated[str, AfterValidator(_is_reached)]
Template = Annotated[str, AfterValidator(_has_one_gap)]


class Part(BaseModel):
    """A part of the study file: it has the keys that it has, and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
    elif isinstance(value, Path):
        for file in (value, *_labels_of(value)):
            if file.suffix.lower() in pickled.SUFFIXES:
                yield key, file


def _labels_of(path: Path) -> list[Path]:
    """List what would be read as the labels of features: beside a file, inside a folder."""
    if path.is_dir():
        return tables_in(path) if next(path.glob("*.npz"), None) else []
    beside = labels_beside(path) if path.suffix.lower() in HDF5 else None
    return [] if beside is None else [beside]
