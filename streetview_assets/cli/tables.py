"""Tables in the terminal: what a run made, the state of a study, the answer to a query."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from streetview_assets.cli.command import PlainConsole
from streetview_assets.orchestration.runs.forecast import BudgetForecast, Forecast
from streetview_assets.orchestration.runs.materialise import RunReport
from streetview_assets.orchestration.runs.status import AssetState
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.verify import Finding
from streetview_assets.tables.contract import STAGES
from streetview_assets.text.visible_text import in_one_line

ROWS_SHOWN = 60
COLUMNS_BESIDE_EACH_OTHER = 8
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
    _show_left_out(opened, console)
    if not report.made and not report.failures:
        why = "no row has failed" if retry else "everything is up to date"
        more = " `streetview run` makes what is missing or out of date." * retry
        console.print(f"Nothing to do: {why}.{more}", soft_wrap=True)
        return
    counts = Counter(asset for asset, _ in report.made)
    summary = ", ".join(
        f"{asset}{f' ×{count}' if count > 1 else ''}" for asset, count in counts.items()
    )
    console.print(f"Made in {report.seconds:.0f} s: {summary or 'nothing'}", soft_wrap=True)
    if counts["deprivation_model"] and (promotion := _model_promotion(opened)):
        console.print(f"Model: {promotion}.", soft_wrap=True)
    for failure in report.failures:
        place = f" of {in_one_line(failure.authority)}" if failure.authority else ""
        told = f"Failed: {failure.asset}{place}: {failure.message}"
        console.print(told, soft_wrap=True, style="red")
    console.print(f"The study's data: {opened.root}", soft_wrap=True)


def _model_promotion(opened: OpenStudy) -> str | None:
    """Ask MLflow, which takes a second to load and is needed by no other command's table."""
    from streetview_assets.orchestration.tracking.mlflow_resource import model_promotion

    return model_promotion(opened) if opened.study.target else None


def _show_left_out(opened: OpenStudy, console: PlainConsole) -> None:
    """Say which of one's own images are left out, whatever else the run did."""
    files = opened.provenance("image_files", None)
    if opened.study.points.origin == "images" and files is not None and files.note:
        console.print(Text(files.note, style="yellow"), soft_wrap=True)


def show_status(states: list[AssetState]) -> None:
    """Show authorities × stages; study-wide assets in a line of their own."""
    console = PlainConsole()
    table = Table(
        "authority",
        *STAGES,
        box=SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        title="rows of the largest table, state, age of the oldest",
        title_justify="left",
    )
    for authority in dict.fromkeys(state.authority for state in states):
        mine = [state for state in states if state.authority == authority]
        cells = [_cell([state for state in mine if state.stage == stage]) for stage in STAGES]
        table.add_row(authority or "(study)", *cells)
    console.print(table)
    for state in states:
        for reason, count in state.failures.items():
            place = state.authority or "study"
            told = in_one_line(f"{state.asset} of {place}: {count:,} failed: {reason}")
            console.print(told, soft_wrap=True)
    for note in dict.fromkeys(
        f"{s.asset} of {s.authority or 'study'}: {s.note}" for s in states if s.note
    ):
        console.print(in_one_line(note), soft_wrap=True, style="dim")


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
        console.print(line, soft_wrap=True, style=style)
    told = ", ".join(f"{count:,} {fault}" for fault, count in sorted(counts.items()))
    console.print(f"Found: {told}." if told else "All is as it was written.")
    return counts["damaged"] + counts["missing"]


def show_frame(frame: pl.DataFrame) -> None:
    """Show the answer to a query; numbers as they are, long answers cut with a word about it."""
    console = PlainConsole()
    if frame.width > COLUMNS_BESIDE_EACH_OTHER:
        for number, row in enumerate(frame.head(ROWS_SHOWN).iter_rows(named=True), start=1):
            table = Table("column", f"row {number}")
            for name, value in row.items():
                table.add_row(name, _value(value))
            console.print(table)
    else:
        table = Table(*frame.columns)
        for values in frame.head(ROWS_SHOWN).iter_rows():
            table.add_row(*(_value(value) for value in values))
        console.print(table)
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
    columns = ("points", "panoramas", "images", "there", "requests", "US$", "GB", "minutes")
    table = Table("authority", *columns)
    for row in (*forecast.loads, forecast.total):
        table.add_row(
            row.authority,
            f"{row.point_count:,}",
            f"{row.panorama_count:,}",
            f"{row.image_count:,}",
            f"{row.there_count:,}",
            f"{row.request_count:,}",
            f"{row.cost_usd:,.2f}",
            f"{row.gigabytes:,.2f}",
            f"{row.minutes:,.1f}",
        )
    console = PlainConsole()
    console.print(table)
    console.print("GB and minutes are estimates: " + forecast.basis, soft_wrap=True)
    if forecast.total.failed_count:
        console.print(
            f"{forecast.total.failed_count:,} images failed before and are not counted: "
            "`streetview retry` asks for them again.",
            soft_wrap=True,
        )
    if forecast.budget:
        for line in _budget_lines(forecast.budget):
            console.print(line, soft_wrap=True)


def _budget_lines(budget: BudgetForecast) -> Iterator[str]:
    free = f", the first {budget.free_per_month:,} a month free" if budget.free_per_month else ""
    yield (
        f"US$ are list prices of {budget.prices_as_of}{free}; {budget.asked_this_month:,} "
        "requests were sent this month."
    )
    if budget.budget_usd is None:
        enough_usd = budget.spent_usd + budget.to_come_usd
        yield (
            f"The study has no budget, and without one nothing is fetched: images.budget_usd: "
            f"{enough_usd:.2f} would be enough."
        )
        return
    left = budget.budget_usd - budget.spent_usd
    outcome = f"{budget.short_usd:,.2f} short" if budget.short_usd else "enough for the rest"
    yield (
        f"Budget {budget.budget_usd:,.2f}, spent {budget.spent_usd:,.2f}, left {left:,.2f}: "
        f"{outcome}."
    )
