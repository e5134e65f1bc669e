"""What came of protocols: a sealed file for each time that one was carried out, never overwritten.

The lake's tables follow what they are made from; what was registered and scored stays as it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.lake.sealed_json import read_json, write_json
from streetview_assets.models.towns.protocol_file import Look, Protocol
from streetview_assets.tables.registry import TABLES

Row = dict[str, Any]
TABLE = "protocol_scores"
FOLDER = "protocols"


@dataclass(frozen=True)
class CarriedOut:
    """One time that a protocol was carried out.

    Attributes
    ----------
    protocol
        What was fixed.
    run_at
        When, UTC.
    rows
        Scores, as `train_and_test` gives them.
    looks
        What told of scores of test authorities in this study when it was carried out.
    differs
        Names of what is not as the protocol has it, and was let pass.
    mlflow_run_id
        The run that keeps it.
    """

    protocol: Protocol
    run_at: datetime
    rows: Sequence[Row]
    looks: Sequence[Look] = ()
    differs: Sequence[str] = ()
    mlflow_run_id: str | None = None

    @property
    def looks_before(self) -> list[Look]:
        """What told of scores before the protocol was written, by its own word or by this study."""
        earlier = [look for look in self.looks if look.at < self.protocol.written_at]
        return [*self.protocol.looked_at, *(one for one in earlier if one not in self._told)]

    @property
    def _told(self) -> set[Look]:
        return set(self.protocol.looked_at)

    @property
    def is_preregistered(self) -> bool:
        """Whether it was written before any score of a test authority, as far as is known."""
        return not self.looks_before


def keep_record(root: Path, done: CarriedOut) -> Path:
    """Keep what came of a protocol, and give the file.

    Parameters
    ----------
    root
        The study's folder of data.
    done
        What came of it.
    """
    path = root / FOLDER / f"{done.protocol.short}-{done.run_at:%Y%m%dT%H%M%S%f}.json"
    table = TABLES[TABLE]
    about = {
        "protocol": done.protocol.short,
        "run_at": done.run_at.isoformat(),
        "name": done.protocol.name,
        "written_at": done.protocol.written_at.isoformat(),
        "is_preregistered": done.is_preregistered,
        "known_before": told_looks(done.looks_before) or None,
        "differs": ", ".join(done.differs) or None,
        "mlflow_run_id": done.mlflow_run_id,
    }
    rows = [{name: (row | about).get(name) for name in table.schema} for row in done.rows]
    write_json(path, {"protocol": done.protocol.model_dump(mode="json"), "rows": rows})
    return path


def told_looks(looks: Sequence[Look]) -> str:
    """Say in a line what told of scores: authority by authority."""
    by: dict[str, list[str]] = {}
    for look in looks:
        by.setdefault(look.authority, []).append(f"{look.what} of {look.at:%Y-%m-%d}")
    return "; ".join(f"{code}: {', '.join(sorted(set(what)))}" for code, what in sorted(by.items()))


def records(root: Path) -> Iterator[dict[str, Any]]:
    """Read what was kept, in the order of their files; a damaged one is told and passed over."""
    for path in sorted((root / FOLDER).glob("*.json")):
        if (found := read_json(path)) is not None:
            yield found


def protocol_scores(root: Path) -> pl.DataFrame:
    """Give the table `protocol_scores` of all that was kept.

    Parameters
    ----------
    root
        The study's folder of data.
    """
    table = TABLES[TABLE]
    rows = [
        row | {name: _moment(row[name]) for name in ("run_at", "written_at")}
        for found in records(root)
        for row in found["rows"]
    ]
    return table.frame([{name: row.get(name) for name in table.schema} for row in rows])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
