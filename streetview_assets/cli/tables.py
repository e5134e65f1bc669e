"""Tables in the terminal: what fetching would take, what is damaged, the answer to a query."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import polars as pl
from rich.table import Column

from streetview_assets.cli.command import NARROW, PlainConsole, table_of
from streetview_assets.text.counted import counted
from streetview_assets.text.visible_text import in_one_line

if TYPE_CHECKING:
    from streetview_assets.orchestration.runs.forecast import BudgetForecast, Forecast
    from streetview_assets.study_state.verify import Finding

ROWS_SHOWN = 60
COLUMNS_BESIDE_EACH_OTHER = 8
WIDEST = 10_000
FORECAST = {
    **{f"{what}s": (f"{what}_count", ",") for what in ("point", "panorama", "image")},
    "there": ("there_count", ","),
    "requests": ("request_count", ","),
    "US$": ("cost_usd", ",.2f"),
    "GB": ("gigabytes", ",.2f"),
    "minutes": ("minutes", ",.1f"),
}
"""What is forecast, by the head of its column, and how the number is written."""


def show_findings(findings: "Iterable[Finding]") -> int:
    """Show what is not as it should be, a line each; give how many are more than unread."""
    console, counts = PlainConsole(), Counter[str]()
    for finding in findings:
        counts[finding.fault] += 1
        style = "yellow" if finding.fault == "orphan" else "red"
        line = in_one_line(f"{finding.fault.ljust(8)} {finding.path}: {finding.what}")
        console.say(line, style=style)
    told = ", ".join(f"{count:,} {fault}" for fault, count in sorted(counts.items()))
    console.print(f"Found: {told}." if told else "All is as it was written.")
    return counts["damaged"] + counts["missing"]


def show_frame(frame: pl.DataFrame) -> None:
    """Show the answer to a query; numbers as they are, long answers cut with a word about it."""
    console = PlainConsole()
    rows = [[_value(value) for value in row] for row in frame.head(ROWS_SHOWN).iter_rows()]
    table = table_of(frame.columns, rows)
    anywhere = console.options.update(max_width=WIDEST)
    is_wide = console.measure(table, options=anywhere).maximum > console.width
    if is_wide and frame.width > COLUMNS_BESIDE_EACH_OTHER:
        for number, row in enumerate(rows, start=1):
            heads = ("column", f"row {number}")
            console.print(table_of(heads, zip(frame.columns, row, strict=True)))
    else:
        console.print(table)
    rest = frame.height - ROWS_SHOWN
    if rest > 0:
        console.print(f"… and {counted(rest, 'more row')}; `streetview export` writes them all.")


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bytes):
        return f"({counted(len(value), 'byte')})"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return "" if value is None else str(value)


def show_forecast(forecast: "Forecast") -> None:
    """Show what fetching would take, by authority and in all, and whether the budget holds."""
    rows = [
        [row.authority, *(format(getattr(row, name), form) for name, form in FORECAST.values())]
        for row in (*forecast.loads, forecast.total)
    ]
    console = PlainConsole()
    codes = Column("authority", no_wrap=True)
    console.print(table_of([codes, *FORECAST], rows, **NARROW))
    console.say("GB and minutes are estimates: " + forecast.basis)
    if forecast.total.failed_count:
        console.say(
            f"Not counted: {counted(forecast.total.failed_count, 'image')} that failed before; "
            "`streetview retry` asks for them again."
        )
    if forecast.budget:
        console.say(*_budget_lines(forecast.budget))


def _budget_lines(budget: "BudgetForecast") -> Iterator[str]:
    free = f", the first {budget.free_per_month:,} a month free" if budget.free_per_month else ""
    yield (
        f"US$ are list prices of {budget.prices_as_of}{free}; "
        f"{counted(budget.asked_this_month, 'request was', 'requests were')} sent this month."
    )
    if budget.budget_usd is None:
        enough = f"images.budget_usd: {budget.spent_usd + budget.to_come_usd:.2f} would be enough"
        yield f"The study has no budget, and without one nothing is fetched: {enough}."
        return
    left = budget.budget_usd - budget.spent_usd
    outcome = f"{budget.short_usd:,.2f} short" if budget.short_usd else "enough for the rest"
    told = f"Budget {budget.budget_usd:,.2f}, spent {budget.spent_usd:,.2f}, left {left:,.2f}"
    yield f"{told}: {outcome}."
