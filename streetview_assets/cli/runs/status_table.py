"""The state of a study in the terminal: authorities × stages, then each reason once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from rich.table import Column
from rich.text import Text

from streetview_assets.cli.command import NARROW, PlainConsole, table_of
from streetview_assets.orchestration.runs.status import AssetState
from streetview_assets.tables.stages import STAGES
from streetview_assets.text.counted import counted
from streetview_assets.text.visible_text import in_one_line

MARKS = {
    "up to date": ("✓", "green"),
    "waiting": ("…", "yellow"),
    "out of date": ("↻", "yellow"),
    "missing": ("✗", "red"),
    "not applicable": ("–", "dim"),
}
"""How a state is shown, the better before the worse."""
FAILED = ("!", "red")
COUNTED = {
    "areas": "areas",
    "points": "sample_points",
    "images": "images",
    "embeddings": "image_embeddings",
    "pooling": "area_embeddings",
    "clusters": "cluster_assignments",
    "models": "deprivation_model",
    "perception": "image_perception",
}
"""Whose rows stand in the column of a stage."""
NAMED_AUTHORITIES = 3
WHOLE_HEADS = 84
"""Columns of a terminal in which all heads have room."""
HYPHENATED = {"embeddings": "embed-\ndings", "perception": "percep-\ntion"}
THOUSANDS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def show_status(states: list[AssetState], as_of: date) -> None:
    """Show authorities × stages, what is for the whole study in a line of its own.

    Parameters
    ----------
    states
        How each asset stands.
    as_of
        Today, by which imagery is older than the study wants, or is not.
    """
    console = PlainConsole()
    rows = [_row(authority, list(mine)) for authority, mine in _by_authority(states).items()]
    there = {state.state for state in states}
    marks = [f"{mark} {state}" for state, (mark, _) in MARKS.items() if state in there]
    legend = ", ".join([*marks, *(["! has failures"] if any(s.failures for s in states) else [])])
    codes = Column("authority", no_wrap=True, min_width=max(len(row[0]) for row in rows))
    ages = Column("oldest", no_wrap=True, min_width=6)
    heads = [
        HYPHENATED.get(stage, stage) if console.width < WHOLE_HEADS else stage for stage in STAGES
    ]
    console.print(table_of([codes, *heads, ages], rows, **NARROW | {"padding": 0}))
    told = ", ".join(f"{stage}: {asset}" for stage, asset in COUNTED.items() if stage != asset)
    console.print(f"{legend}. Rows are of {told}.", style="dim")
    for line in (*_reasons(states), *_too_old(states, as_of)):
        console.say(line, indent=2)


def status_as_data(states: Iterable[AssetState]) -> list[dict[str, Any]]:
    """Give each state for a machine; ages in seconds, dates of imagery as ISO text."""
    return [
        asdict(state) | {"age_s": state.age.total_seconds() if state.age else None, "age": None}
        for state in states
    ]


def _by_authority(states: list[AssetState]) -> dict[str | None, list[AssetState]]:
    found = defaultdict(list)
    for state in states:
        found[state.authority].append(state)
    return dict(sorted(found.items(), key=lambda item: (item[0] is None, item[0] or "")))


def _row(authority: str | None, mine: list[AssetState]) -> list[str | Text]:
    cells = [_cell(stage, [state for state in mine if state.stage == stage]) for stage in STAGES]
    ages = [state.age for state in mine if state.age is not None]
    return [authority or "(study)", *cells, age_in_words(max(ages)) if ages else ""]


def _cell(stage: str, states: list[AssetState]) -> Text:
    if not states:
        return Text("")
    applicable = [state for state in states if state.state != "not applicable"]
    worst = max(applicable or states, key=lambda state: list(MARKS).index(state.state)).state
    counted = [state for state in states if state.asset == COUNTED[stage]]
    failed = any(state.failures for state in states)
    mark, style = FAILED if failed else MARKS[worst]
    rows = f" {_short(counted[0].row_count)}" if counted else ""
    return Text(f"{mark}{rows}", style=style)


def _short(count: int) -> str:
    """Write a count in at most six signs."""
    for size, sign in THOUSANDS:
        if count >= 10 * size:
            return f"{count / size:.0f}{sign}"
    return f"{count:,}"


def age_in_words(age: timedelta) -> str:
    """Say how old something is, in minutes, hours or days."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else counted(age.days, "day")


def _reasons(states: list[AssetState]) -> Iterator[str]:
    """Say each reason once, with the authorities that it is of."""
    failed: dict[tuple[str, str], dict[str | None, int]] = defaultdict(dict)
    told: dict[tuple[str, str], dict[str | None, int]] = defaultdict(dict)
    for state in states:
        for reason, count in state.failures.items():
            failed[state.asset, reason][state.authority] = count
        if state.note:
            told[state.asset, state.note][state.authority] = 1
    for (asset, reason), counts in failed.items():
        count = sum(counts.values())
        yield in_one_line(f"! {asset}{whose(counts)}: {count:,} failed: {reason}")
    for (asset, note), counts in told.items():
        yield in_one_line(f"{asset}{whose(counts)}: {note}")


def _too_old(states: list[AssetState], as_of: date) -> Iterator[str]:
    """Say once of what imagery is older than the study wants, and from when it is."""
    found: dict[tuple[str, str], dict[str | None, date | None]] = defaultdict(dict)
    for state in states:
        if (age := state.imagery_age) and age.is_overdue(as_of):
            found[age.table, age.why_overdue][state.authority] = age.dated_on
    for (table, why), dated in found.items():
        days = sorted({day.isoformat() for day in dated.values() if day})
        span = f": {' to '.join(days[:: len(days) - 1 or 1])}" if days else ""
        yield in_one_line(f"! {table}{whose(dated)}: {why}{span}")


def whose(authorities: Iterable[str | None]) -> str:
    """Say of which authorities something is: up to three by code; nothing of the whole study."""
    named = [one for one in authorities if one is not None]
    if len(named) > NAMED_AUTHORITIES:
        return f" of {counted(len(named), 'authority', 'authorities')}"
    return f" of {', '.join(named)}" if named else ""
