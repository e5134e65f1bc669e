"""What a run would make, why (what is missing, or which input has changed), and how long it takes.

Each asset is taken to last as long as it did when it was last made; of an authority in which it
never was, as long as on average in the others. What a run finds finished makes it shorter.
"""

from collections.abc import Iterable, Iterator
from statistics import mean
from typing import cast

from streetview_assets.cli.command import PlainConsole, table_of
from streetview_assets.cli.runs.status_table import whose
from streetview_assets.orchestration.runs.schedule_order import between, waves
from streetview_assets.orchestration.runs.status import AssetState, study_status
from streetview_assets.study_state.lineage import AssetSpec
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.contract import Stage
from streetview_assets.warehouse.marts import is_published, stale_marts


def show_dry_run(
    opened: OpenStudy,
    authorities: Iterable[str] | None,
    until: str | None,
    anew_from: str | None,
) -> None:
    """List what a run would make, in its order, with the reason; nothing is made.

    Parameters
    ----------
    opened
        The study.
    authorities
        Only these; None: all.
    until, anew_from
        The last stage, and the first that is made whatever its state.
    """
    console = PlainConsole()
    rows = list(_rows(opened, set(authorities or opened.authorities), until, anew_from))
    stale = stale_marts(opened) if until is None else []
    if not rows and not stale and (until is not None or is_published(opened)):
        console.say("Nothing to do: everything is up to date.")
        return
    table = [(asset, of, why, duration_in_words(lasts_s)) for asset, of, why, lasts_s in rows]
    console.print(table_of(("asset", "of", "why", "about"), table))
    known = [lasts_s for *_, lasts_s in rows if lasts_s is not None]
    if known:
        rest = f"; {len(rows) - len(known)} were never made" if len(known) < len(rows) else ""
        console.say(
            f"About {duration_in_words(sum(known))} one after the other, by the last times{rest}."
        )
    if until is None:
        console.say("Then the marts and the published database, where what they read has changed.")


def _rows(
    opened: OpenStudy, authorities: set[str], until: str | None, anew_from: str | None
) -> Iterator[tuple[str, str, str, float | None]]:
    states = [
        state
        for state in study_status(opened)
        if state.authority is None or state.authority in authorities
    ]
    stages = between(None, cast("Stage | None", until))
    forced = between(cast("Stage", anew_from), None) if anew_from else set()
    for wave in waves([*opened.assets.values()]):
        for spec in wave:
            if spec.stage not in stages:
                continue
            reasons: dict[str, list[str | None]] = {}
            for state in states:
                if state.asset == spec.asset and (why := _why(opened, state, spec.stage in forced)):
                    reasons.setdefault(why, []).append(state.authority)
            for why, of in reasons.items():
                lasts_s = _lasts_s(opened, spec, of)
                yield spec.asset, whose(of).removeprefix(" of ") or "study", why, lasts_s


def _lasts_s(opened: OpenStudy, spec: AssetSpec, of: list[str | None]) -> float | None:
    """Sum how long an asset took last time, in seconds; None where it was never made."""
    parts = (None,) if spec.study_wide else opened.authorities
    took = {
        part: found.took_s
        for part in parts
        if (found := opened.provenance(spec.writes[0], part)) and found.took_s is not None
    }
    return sum(took.get(part, mean(took.values())) for part in of) if took else None


def duration_in_words(seconds: float | None) -> str:
    """Write a time to wait for in seconds, minutes or hours; nothing where it is not known."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "< 1 s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _why(opened: OpenStudy, state: AssetState, is_forced: bool) -> str:
    if state.state == "missing":
        return "missing"
    if state.state == "out of date":
        changed = opened.changed_inputs(state.asset, state.authority)
        return f"changed: {', '.join(changed)}" if changed else "changed"
    if is_forced:
        return "asked for anew"
    return "if what it reads comes out otherwise" if state.state == "waiting" else ""
