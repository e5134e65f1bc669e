"""The state of a study: authorities × stages, with rows, failures by reason and age."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from streetview_assets.images.freshness import COLUMNS, ImageryAge, aged_tables, imagery_ages
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import AssetSpec
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES

State = Literal["up to date", "waiting", "out of date", "missing", "not applicable"]
"""`waiting`: up to date with what it reads, of which something is about to be made again."""


@dataclass(frozen=True)
class AssetState:
    """How one asset, or its part of one authority, stands.

    Its `imagery_age` is that of `panoramas` and `images`, where the study says how old they may be.
    """

    asset: str
    stage: str
    authority: str | None
    state: State
    row_count: int
    failures: dict[str, int]
    age: timedelta | None
    note: str
    imagery_age: ImageryAge | None = None


Behind = dict[str, set[str | None]]
"""By table the authorities of which it is about to be made again; None: of the whole study."""


def study_status(opened: OpenStudy) -> list[AssetState]:
    """Look at every asset of every authority; what reads something stale waits for it."""
    opened = opened.at_a_glance()
    states: list[AssetState] = []
    behind: Behind = defaultdict(set)
    for spec in opened.assets.values():
        for authority in (None,) if spec.study_wide else opened.authorities:
            state = _state(opened, spec.asset, authority, _waits(spec, authority, behind))
            if state.state in ("waiting", "out of date", "missing"):
                for table in spec.writes:
                    behind[table].add(authority)
            states.append(state)
    return states


def _waits(spec: AssetSpec, authority: str | None, behind: Behind) -> bool:
    """Whether something that an asset reads is behind; asked of every part of every asset."""
    parts = (behind[table] for table in spec.reads if table in behind)
    return any(spec.reads_every_authority or {None, authority} & part for part in parts)


def _state(opened: OpenStudy, asset: str, authority: str | None, waits: bool) -> AssetState:
    spec = opened.assets[asset]
    provenances = [opened.provenance(table, authority) for table in spec.writes]
    there = [one for one in provenances if one is not None]
    if len(there) < len(provenances):
        failures = _failures(opened, spec.writes, authority)
        return AssetState(asset, spec.stage, authority, "missing", 0, failures, None, "")
    state: State = "up to date" if opened.is_fresh(asset, authority) else "out of date"
    if state == "up to date" and waits:
        state = "waiting"
    if state == "up to date" and not there[0].applies:
        state = "not applicable"
    return AssetState(
        asset,
        spec.stage,
        authority,
        state,
        sum(one.row_count for one in there),
        _failures(opened, spec.writes, authority),
        datetime.now(UTC) - min(one.made_at for one in there),
        there[0].told,
        imagery_age(opened, asset, authority),
    )


def imagery_age(opened: OpenStudy, asset: str, authority: str | None) -> ImageryAge | None:
    """Reckon how old the imagery of an asset's part is, where the study says how old it may be.

    Parameters
    ----------
    opened
        The study.
    asset
        Name of the asset, which is there.
    authority
        Code of the authority; None where the asset is one for the whole study.
    """
    policy = opened.study.freshness
    if policy is None or asset not in aged_tables(policy):
        return None
    rows = opened.lake.read(asset, authority, columns=COLUMNS[asset])
    return next(imagery_ages(asset, rows, policy), None)


def _failures(opened: OpenStudy, tables: tuple[str, ...], authority: str | None) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table in tables:
        if {"status", "error"} <= set(TABLES[table].schema):
            failed = Resumption(opened, table, authority or "").failed()
            counts.update(dict(failed["error"].fill_null("").value_counts().iter_rows()))
    return counts
