"""Tables in the terminal: what a run made, the state of a study, the answer to a query."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.text import Text

from streetview_assets.cli.command import PlainConsole, table_of
from streetview_assets.orchestration.runs.forecast import BudgetForecast, Forecast
from streetview_assets.orchestration.runs.materialise import RunReport
from streetview_assets.orchestration.runs.status import AssetState
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.verify import Finding
from streetview_assets.tables.contract import STAGES
from streetview_assets.text.visible_text import in_one_line

ROWS_SHOWN = 60
COLUMNS_BESIDE_EACH_OTHER = 8
FORECAST = {
    **{f"{what}s": (f"{what}_count", ",") for what in ("point", "panorama", "image")},
    "there": ("there_count", ","),
    "requests": ("request_count", ","),
    "US$": ("cost_usd", ",.2f"),
    "GB": ("gigabytes", ",.2f"),
    "minutes": ("minutes", ",.1f"),
}
"""What is forecast, by the head of its column, and how the number is written."""

STYLES = {
    "up to date": "green",
    "waiting": "yellow",
    "out of date": "yellow",
    "missing": "red",
    "not applicable": "dim",
}


def show_report(opened: OpenStudy, report: RunReport, *, retry: bool = False) -> None:
    """End a run: what was made, what failed and why, where the results are."""
    console = PlainConsole()
    if report.closed_runs:
        console.print(f"Closed {report.closed_runs} run(s) that an earlier command left behind.")
    files = opened.provenance("image_files", None)
    # Which of one's own images are left out is said whatever else the run did.
    if opened.study.points.origin == "images" and files is not None and files.note:
        console.say(files.note, style="yellow")
    if not report.made and not report.failures:
        why = "no row has failed" if retry else "everything is up to date"
        more = " `streetview run` makes what is missing or out of date." * retry
        console.say(f"Nothing to do: {why}.{more}")
        return
    counts = Counter(asset for asset, _ in report.made)
    made = [asset if count == 1 else f"{asset} ×{count}" for asset, count in counts.items()]
    console.say(f"Made in {report.seconds:.0f} s: {', '.join(made) or 'nothing'}")
    if counts["deprivation_model"] and opened.study.target:
        # Here, since MLflow takes a second to load and is needed by no other command's table.
        from streetview_assets.orchestration.tracking.mlflow_resource import model_promotion

        if promotion := model_promotion(opened):
            console.say(f"Model: {promotion}.")
    for failure in report.failures:
        place = f" of {in_one_line(failure.authority)}" if failure.authority else ""
        console.say(f"Failed: {failure.asset}{place}: {failure.message}", style="red")
    console.say(f"The study's data: {opened.root}")


def show_status(states: list[AssetState]) -> None:
    """Show authorities × stages; study-wide assets in a line of their own."""
    console = PlainConsole()
    rows: list[list[str | Text]] = []
    for authority in dict.fromkeys(state.authority for state in states):
        mine = [state for state in states if state.authority == authority]
        cells = [_cell([state for state in mine if state.stage == stage]) for stage in STAGES]
        rows.append([authority or "(study)", *cells])
    title = "rows of the largest table, state, age of the oldest"
    narrow = {"box": SIMPLE_HEAD, "padding": 0, "pad_edge": False}
    console.print(table_of(["authority", *STAGES], rows, title=title, **narrow))
    named = [(f"{state.asset} of {state.authority or 'study'}", state) for state in states]
    for name, state in named:
        for reason, count in state.failures.items():
            console.say(in_one_line(f"{name}: {count:,} failed: {reason}"))
    for note in dict.fromkeys(f"{name}: {state.note}" for name, state in named if state.note):
        console.say(in_one_line(note), style="dim")


def _cell(states: list[AssetState]) -> Text:
    if not states:
        return Text("")
    applicable = [state for state in states if state.state != "not applicable"]
    worst = max(applicable or states, key=lambda state: list(STYLES).index(state.state))
    failed = sum(sum(state.failures.values()) for state in states)
    ages = [state.age for state in states if state.age is not None]
    lines = [f"{max(state.row_count for state in states):,}", worst.state]
    if failed:
        lines.append(f"{failed:,} failed")
    if ages:
        lines.append(_age(max(ages)))
    return Text("\n".join(lines), style=STYLES[worst.state])


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{age.days} days"


def show_findings(findings: Iterable[Finding]) -> int:
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
    if frame.width > COLUMNS_BESIDE_EACH_OTHER:
        for number, row in enumerate(rows, start=1):
            heads = ("column", f"row {number}")
            console.print(table_of(heads, zip(frame.columns, row, strict=True)))
    else:
        console.print(table_of(frame.columns, rows))
    rest = frame.height - ROWS_SHOWN
    if rest > 0:
        console.print(f"… and {rest:,} more rows; `streetview export` writes them all.")


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return "" if value is None else str(value)


def show_forecast(forecast: Forecast) -> None:
    """Show what fetching would take, by authority and in all, and whether the budget holds."""
    rows = [
        [row.authority, *(format(getattr(row, name), form) for name, form in FORECAST.values())]
        for row in (*forecast.loads, forecast.total)
    ]
    console = PlainConsole()
    console.print(table_of(["authority", *FORECAST], rows))
    console.say("GB and minutes are estimates: " + forecast.basis)
    if forecast.total.failed_count:
        console.say(
            f"{forecast.total.failed_count:,} images failed before and are not counted: "
            "`streetview retry` asks for them again."
        )
    if forecast.budget:
        console.say(*_budget_lines(forecast.budget))


def _budget_lines(budget: BudgetForecast) -> Iterator[str]:
    free = f", the first {budget.free_per_month:,} a month free" if budget.free_per_month else ""
    yield (
        f"US$ are list prices of {budget.prices_as_of}{free}; {budget.asked_this_month:,} "
        "requests were sent this month."
    )
    if budget.budget_usd is None:
        enough = f"images.budget_usd: {budget.spent_usd + budget.to_come_usd:.2f} would be enough"
        yield f"The study has no budget, and without one nothing is fetched: {enough}."
        return
    left = budget.budget_usd - budget.spent_usd
    outcome = f"{budget.short_usd:,.2f} short" if budget.short_usd else "enough for the rest"
    told = f"Budget {budget.budget_usd:,.2f}, spent {budget.spent_usd:,.2f}, left {left:,.2f}"
    yield f"{told}: {outcome}."
