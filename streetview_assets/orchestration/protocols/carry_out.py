"""Carrying a protocol out: held against the study as it is, scored, recorded, kept in MLflow."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from streetview_assets.errors import StudyError
from streetview_assets.models.results.rows import Row
from streetview_assets.models.towns.protocol_file import Protocol
from streetview_assets.models.towns.protocol_records import CarriedOut, keep_record, told_looks
from streetview_assets.models.towns.train_and_test import NEXT_TOWN, train_and_test
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.orchestration.model_inputs import area_dataset, model_tables, study_scoring
from streetview_assets.orchestration.protocols.compose import (
    OWN,
    as_fixed,
    context,
    encoder_of,
    inputs_of,
    settings_of,
)
from streetview_assets.orchestration.protocols.looks import looks
from streetview_assets.orchestration.tracking.mlflow_resource import TrackedRun
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.version import version_in_words

ANYTHING = "anything"
ENCODER = "encoder"


@dataclass(frozen=True)
class Difference:
    """Something that is not as a protocol has it.

    Attributes
    ----------
    name
        A table, a key of the study file, or `encoder`: by this it is let pass.
    told
        In words.
    """

    name: str
    told: str


def differences(opened: OpenStudy, protocol: Protocol) -> list[Difference]:
    """Hold a study against what a protocol fixes.

    What was not there of a tested authority when the protocol was written may be there now.

    Parameters
    ----------
    opened
        The study, with the protocol's settings (`compose.as_fixed`).
    protocol
        What was fixed.
    """
    found = []
    now = settings_of(opened)
    for key, value in protocol.settings.items():
        if key not in OWN and now.get(key) != value:
            found.append(Difference(key, f"key {key}: {now.get(key)!r} in place of {value!r}"))
    if encoder_of(opened) != protocol.encoder:
        other = encoder_of(opened).get("encoder", "none")
        fixed = protocol.encoder.get("encoder", "none")
        found.append(Difference(ENCODER, f"encoder: {other} in place of {fixed}, or other weights"))
    there = inputs_of(opened, [*protocol.train, *protocol.test])
    for table, fixed_by in protocol.inputs.items():
        differing = [
            code
            for code, fingerprint in fixed_by.items()
            if there.get(table, {}).get(code) != fingerprint
            and not (fingerprint is None and code in protocol.test)
        ]
        if differing:
            found.append(Difference(table, f"table {table} of {', '.join(differing)}"))
    return found


def carry_out(
    opened: OpenStudy, protocol: Protocol, *, despite: Collection[str] = ()
) -> tuple[CarriedOut, Path]:
    """Train and test as a protocol says, and keep what came of it.

    Parameters
    ----------
    opened
        The study, made up to its pooled vectors.
    protocol
        What was fixed.
    despite
        Names of differences that are let pass; `anything`: all.

    Returns
    -------
    tuple
        What came of it, and the file of the record.

    Raises
    ------
    StudyError
        Where the study is not as the protocol has it, and that was not let pass.
    StreetviewError
        Where there is nothing to learn from, or to test on.
    """
    fixed = as_fixed(opened, protocol)
    found = differences(fixed, protocol)
    refused = [one for one in found if ANYTHING not in despite and one.name not in despite]
    if refused:
        raise StudyError(_refusal(opened, refused))
    run_at, looked = datetime.now(UTC), tuple(looks(opened, protocol.test))
    work = context(fixed)
    data = area_dataset(work, model_tables(work))
    rows = train_and_test(
        data, study_scoring(work), protocol.train, protocol.test, protocol.metrics
    )
    differs = tuple(one.name for one in found)
    done = CarriedOut(protocol, run_at, rows, looked, differs, None)
    kept = CarriedOut(protocol, run_at, rows, looked, differs, work.tracking.keep(_tracked(done)))
    return kept, keep_record(opened.root, kept)


def _refusal(opened: OpenStudy, refused: list[Difference]) -> str:
    names = " ".join(f"--despite {one.name}" for one in refused)
    return (
        f"{opened.study.path} is not as the protocol has it: "
        f"{'; '.join(one.told for one in refused)}. Make it so, or let it pass, which is recorded: "
        f"{names}"
    )


def _tracked(done: CarriedOut) -> TrackedRun:
    protocol = done.protocol
    return TrackedRun(
        f"protocol {protocol.name}"[:200],
        {
            "asset": "protocol",
            "protocol": protocol.sha256,
            "is_preregistered": str(done.is_preregistered),
            "looked_at": told_looks(done.looks_before)[:4_000],
            "differs": ", ".join(done.differs),
        },
        {
            "train": ", ".join(protocol.train)[:500],
            "test": ", ".join(protocol.test)[:500],
            "program": version_in_words(),
        },
        {_metric(row): row["value"] for row in done.rows if _is_told(row)},
        files={"protocol.json": protocol.model_dump_json(indent=2).encode()},
    )


def _is_told(row: Row) -> bool:
    return row["value"] is not None and (row["model"] == TUNED or row["group_name"] == NEXT_TOWN)


def _metric(row: Row) -> str:
    """Name a score as MLflow may: by letters, digits and a few signs."""
    parts = (row["group_name"], row["model"], row["metric"])
    return ".".join("".join(c if c.isalnum() else "_" for c in part) for part in parts)
