"""A protocol: what is trained where and tested where, in one file written before the test.

As clinical trials are registered before they begin (De Angelis et al. 2004, NEJM 351: 1250-1251),
what is to be scored is fixed before it is scored: the data by their fingerprints, the settings, the
seed, the towns, the metrics; and what had been looked at by then. The file can be passed on.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.lake.content import digest
from streetview_assets.metrics import OF_TOWNS
from streetview_assets.text.strict_json import to_json

FORM = 1
"""Of the file; raised when files of an earlier form mean something else."""
SHORT = 12
"""Characters of a hash that name a protocol."""


class Look(BaseModel):
    """Something that told of the score of an authority before the protocol was written.

    Attributes
    ----------
    authority
        Its code.
    what
        The table, or the MLflow run, that tells it.
    at
        When that was made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    authority: str
    what: str
    at: datetime


class Protocol(BaseModel):
    """What a protocol fixes.

    Attributes
    ----------
    name, expected
        What it is called, and what its author expects to come out; both in free words.
    written_at, program
        When, UTC, and by which version.
    study, study_hash
        The study's name, and the hash of its file and of the files that it names; told, and not
        held against another study, whose file may say the same otherwise.
    target, more_is
        What is predicted, and whether more of it is better or worse.
    train, test
        Codes of authorities.
    metrics
        What is reported of the test authorities, and no more.
    settings
        Keys of the study file, by their values: models, pooling, seed and what features ask for.
    folds
        How areas are held out, outside and in tuning.
    encoder
        The row of the table `encoders`.
    inputs
        Fingerprints of content by table and authority; null of what was not there.
    looked_at
        What had told of scores of test authorities; nothing where it was written before all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    expected: str | None = None
    written_at: datetime
    program: str
    study: str
    study_hash: str
    target: str
    more_is: str
    train: tuple[str, ...] = Field(min_length=1)
    test: tuple[str, ...] = Field(min_length=1)
    metrics: tuple[str, ...] = Field(min_length=1)
    settings: dict[str, Any]
    folds: dict[str, Any]
    encoder: dict[str, Any]
    inputs: dict[str, dict[str, str | None]]
    looked_at: tuple[Look, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash of all that it fixes, whatever the layout of its file."""
        return digest(self.model_dump(mode="json"))

    @property
    def short(self) -> str:
        """The first characters of the hash, by which tables name it."""
        return self.sha256[:SHORT]


def check_towns(train: tuple[str, ...], test: tuple[str, ...], metrics: tuple[str, ...]) -> None:
    """Refuse towns that are trained on and tested, and metrics that nothing is known of.

    Parameters
    ----------
    train, test
        Codes of authorities.
    metrics
        Names of what is reported.

    Raises
    ------
    StudyError
    """
    if both := sorted(set(train) & set(test)):
        raise StudyError(f"{', '.join(both)}: trained on and tested; name each in one of the two")
    if unknown := sorted(set(metrics) - set(OF_TOWNS)):
        raise StudyError(
            f"metric {', '.join(unknown)}: not one of {', '.join(OF_TOWNS)}; name some of these"
        )


def write_protocol(path: Path, protocol: Protocol) -> None:
    """Write a protocol where there is none yet: what is fixed is not changed.

    Raises
    ------
    StudyError
        Where there is a file of that name.
    """
    if path.exists():
        raise StudyError(
            f"{path}: is there already, and a protocol is not changed once it is written; name "
            "another file with --output"
        )
    document = {
        "streetview_protocol": FORM,
        "sha256": protocol.sha256,
        "protocol": protocol.model_dump(mode="json"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        aside.write_text(to_json(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_protocol(path: Path) -> Protocol:
    """Read a protocol, and refuse one that is not what was written.

    Raises
    ------
    StudyError
        Where there is none, it is of another form, or it was changed.
    """
    remedy = "`streetview protocol write` writes one."
    with reading(str(path), "a protocol", remedy):
        found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or found.get("streetview_protocol") != FORM:
        raise StudyError(f"{path} is no protocol of form {FORM}. {remedy}")
    try:
        protocol = Protocol.model_validate(found.get("protocol"))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, ("protocol", *fault["loc"])))
        raise StudyError(
            f"{path}: {place}: {fault['msg']}; take the file as it was passed on"
        ) from None
    if protocol.sha256 != found.get("sha256"):
        raise StudyError(
            f"{path} was changed after it was written: its content is not what its sha256 says; "
            "take the file as it was passed on, or write another protocol"
        )
    check_towns(protocol.train, protocol.test, protocol.metrics)
    return protocol
