"""What a run would make, and why: what is missing, or which input has changed."""

from collections.abc import Iterable, Iterator
from typing import cast

from streetview_assets.cli.command import PlainConsole, table_of
from streetview_assets.cli.runs.status_table import whose
from streetview_assets.orchestration.runs.schedule_order import between, waves
from streetview_assets.orchestration.runs.status import AssetState, study_status
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.contract import Stage
from streetview_assets.warehouse.marts import is_published, stale_marts

BEHIND = ("missing", "out of date", "waiting")


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
    console.print(table_of(("asset", "of", "why"), rows))
    if until is None:
        console.say("Then the marts and the published database, where what they read has changed.")


def _rows(
    opened: OpenStudy, authorities: set[str], until: str | None, anew_from: str | None
) -> Iterator[tuple[str, str, str]]:
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
                yield spec.asset, whose(of).removeprefix(" of ") or "study", why


def _why(opened: OpenStudy, state: AssetState, is_forced: bool) -> str:
    if state.state == "missing":
        return "missing"
    if state.state == "out of date":
        changed = opened.changed_inputs(state.asset, state.authority)
        return f"changed: {', '.join(changed)}" if changed else "changed"
    if is_forced:
        return "asked for anew"
    return "if what it reads comes out otherwise" if state.state == "waiting" else ""
